#include "pool/bitcoin/message_signature.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "pool/base/base64.h"
#include "pool/bitcoin/transaction.h"
#include "pool/crypto/hash160.h"
#include "pool/crypto/sha256.h"
#include "pool/crypto/signature.h"

namespace pool {
namespace {

constexpr std::uint8_t op_0 = 0x00;
constexpr std::uint8_t op_1 = 0x51;
constexpr std::uint8_t op_return = 0x6a;
constexpr std::uint8_t op_dup = 0x76;
constexpr std::uint8_t op_hash160 = 0xa9;
constexpr std::uint8_t sighash_all = 0x01;
constexpr std::size_t hash160_bytes = 20;
constexpr std::size_t x_only_bytes = 32;
constexpr std::size_t schnorr_bytes = 64;
constexpr std::size_t compact_bytes = 65;  // a header and the signature
constexpr std::size_t compressed_key_bytes = 33;
constexpr std::size_t signature_text_max = 256;  // a signature and a key are 148

enum class Kind : std::uint8_t { other, key_hash, script_hash, witness_key_hash, taproot };

// parse_address has judged the rest of the script: its length and first bytes tell.
Kind kind_of(ByteSpan script)
{
    if (script.size() == hash160_bytes + 5 && script[0] == op_dup) return Kind::key_hash;
    if (script.size() == hash160_bytes + 3 && script[0] == op_hash160) return Kind::script_hash;
    if (script.size() == hash160_bytes + 2 && script[0] == op_0) return Kind::witness_key_hash;
    if (script.size() == x_only_bytes + 2 && script[0] == op_1) return Kind::taproot;
    return Kind::other;
}

tl::unexpected<Error> wrong(std::string detail)
{
    return fail(Error::Code::invalid, std::move(detail));
}

tl::unexpected<Error> not_by_this_key()
{
    return wrong("the signature is not one of this address over exactly this message");
}

Transaction to_spend(ByteSpan script, std::string_view message)
{
    Transaction tx;
    tx.version = 0;
    TxInput input;
    input.previous_index = 0xffffffff;
    input.sequence = 0;
    const Digest hash = tagged_hash("BIP0322-signed-message", as_bytes(message));
    ByteWriter pushes;
    pushes.u8(op_0);
    pushes.u8(static_cast<std::uint8_t>(hash.size()));
    pushes.raw(hash);
    input.script = pushes.take();
    tx.inputs.push_back(std::move(input));
    tx.outputs.push_back({Sats{0}, Script(script.begin(), script.end())});
    return tx;
}

// The pieces of to_sign, as both kinds of signature hash commit to them.
Bytes spent_outpoint(ByteSpan script, std::string_view message)
{
    ByteWriter out;
    out.raw(bip322_spent_id(script, message));
    out.u32(0);
    return out.take();
}

Bytes signed_output()
{
    ByteWriter out;
    out.u64(0);
    out.compact_size(1);
    out.u8(op_return);
    return out.take();
}

Bytes zero_sequence() { return Bytes(4, 0); }

// BIP 143, of the only input, SIGHASH_ALL.
Digest witness_v0_hash(ByteSpan script, std::string_view message, ByteSpan key_hash)
{
    const Bytes outpoint = spent_outpoint(script, message);
    ByteWriter out;
    out.u32(0);  // version
    out.raw(sha256d(outpoint));
    out.raw(sha256d(zero_sequence()));
    out.raw(outpoint);
    // The script that is signed for a key's hash is P2PKH's.
    const std::array<std::uint8_t, 4> head{25, op_dup, op_hash160, hash160_bytes};
    const std::array<std::uint8_t, 2> tail{0x88, 0xac};
    out.raw(head);
    out.raw(key_hash);
    out.raw(tail);
    out.u64(0);  // amount
    out.raw(zero_sequence());
    out.raw(sha256d(signed_output()));
    out.u32(0);  // lock time
    out.u32(sighash_all);
    return sha256d(out.bytes());
}

// BIP 341, key path, of the only input. hash_type: 0 (default, which is "all") or SIGHASH_ALL.
Digest taproot_hash(ByteSpan script, std::string_view message, std::uint8_t hash_type)
{
    ByteWriter spent_script;
    spent_script.compact_size(script.size());
    spent_script.raw(script);
    ByteWriter out;
    out.u8(0);  // epoch
    out.u8(hash_type);
    out.u32(0);  // version
    out.u32(0);  // lock time
    out.raw(sha256(spent_outpoint(script, message)));
    out.raw(sha256(Bytes(8, 0)));  // amounts
    out.raw(sha256(spent_script.bytes()));
    out.raw(sha256(zero_sequence()));
    out.raw(sha256(signed_output()));
    out.u8(0);   // key path, no annex
    out.u32(0);  // input 0
    return tagged_hash("TapSighash", out.bytes());
}

Result<std::vector<Bytes>> read_witness(ByteSpan bytes)
{
    ByteReader in{bytes};
    std::vector<Bytes> stack;
    const std::uint64_t count = in.compact_size();
    if (count > 2) return wrong("the signature is not in BIP 322's simple form for this address");
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t size = in.compact_size();
        if (size > in.left()) return wrong("the signature is cut short");
        const ByteSpan item = in.raw(size);
        stack.emplace_back(item.begin(), item.end());
    }
    if (!in.ok() || in.left() > 0) return wrong("the signature has a wrong length");
    return stack;
}

Result<void> verify_legacy(ByteSpan key_hash, std::string_view message, ByteSpan signature)
{
    constexpr std::uint8_t header_first = 27;
    constexpr std::uint8_t header_compressed = 31;
    constexpr std::uint8_t header_end = 35;
    if (signature.size() != compact_bytes || signature[0] < header_first ||
        signature[0] >= header_end) {
        return wrong("a signature of this address has 65 bytes, in base64");
    }
    const unsigned header = signature[0] - header_first;
    const auto key =
        recover_key(signature.subspan(1), header & 3U,
                    signature[0] >= header_compressed ? KeyForm::compressed : KeyForm::uncompressed,
                    legacy_message_hash(message));
    if (!key) return not_by_this_key();
    const auto hash = hash160(*key);
    if (!std::equal(hash.begin(), hash.end(), key_hash.begin(), key_hash.end())) {
        return not_by_this_key();
    }
    return {};
}

Result<void> verify_witness_key(ByteSpan script, std::string_view message,
                                const std::vector<Bytes>& stack)
{
    if (stack.size() != 2 || stack[0].empty() || stack[0].back() != sighash_all ||
        stack[1].size() != compressed_key_bytes) {
        return wrong("the signature is not in BIP 322's simple form for this address");
    }
    const auto key_hash = hash160(stack[1]);
    ByteWriter program;
    program.u8(op_0);
    program.u8(hash160_bytes);
    program.raw(key_hash);
    const bool wrapped = kind_of(script) == Kind::script_hash;
    const auto wrapper = hash160(program.bytes());
    const ByteSpan expected = script.subspan(2, hash160_bytes);
    const ByteSpan found = wrapped ? ByteSpan{wrapper} : ByteSpan{key_hash};
    if (!std::equal(found.begin(), found.end(), expected.begin(), expected.end())) {
        if (!wrapped) return not_by_this_key();
        return fail(Error::Code::refused,
                    "the signature is not one of this address; if it wraps anything but P2WPKH, "
                    "two approvals take the place of a signature");
    }
    const ByteSpan der = ByteSpan{stack[0]}.first(stack[0].size() - 1);
    if (!verify_ecdsa(stack[1], der, witness_v0_hash(script, message, key_hash))) {
        return not_by_this_key();
    }
    return {};
}

Result<void> verify_taproot(ByteSpan script, std::string_view message,
                            const std::vector<Bytes>& stack)
{
    const bool usual = stack.size() == 1 && stack[0].size() == schnorr_bytes;
    const bool typed =
        stack.size() == 1 && stack[0].size() == schnorr_bytes + 1 && stack[0].back() == sighash_all;
    if (!usual && !typed) {
        return wrong("the signature is not in BIP 322's simple form for this address's key path");
    }
    const Digest hash = taproot_hash(script, message, usual ? 0 : sighash_all);
    if (!verify_schnorr(script.subspan(2), ByteSpan{stack[0]}.first(schnorr_bytes), hash)) {
        return not_by_this_key();
    }
    return {};
}

}  // namespace

MessageFormat message_format(ByteSpan script)
{
    switch (kind_of(script)) {
        case Kind::key_hash:
            return MessageFormat::legacy;
        case Kind::script_hash:
        case Kind::witness_key_hash:
        case Kind::taproot:
            return MessageFormat::bip322;
        case Kind::other:
            return MessageFormat::none;
    }
    return MessageFormat::none;
}

Result<void> verify_message(ByteSpan script, std::string_view message, std::string_view signature)
{
    const Kind kind = kind_of(script);
    if (kind == Kind::other) {
        return fail(Error::Code::refused,
                    "no signature can be checked for this kind of address; two approvals take its "
                    "place");
    }
    if (signature.size() > signature_text_max) return wrong("the signature is too long");
    const auto bytes = from_base64(signature);
    if (!bytes || bytes->empty()) return wrong("the signature is not base64");
    if (kind == Kind::key_hash) {
        return verify_legacy(script.subspan(3, hash160_bytes), message, *bytes);
    }
    const auto stack = read_witness(*bytes);
    if (!stack) return fail(stack.error());
    return kind == Kind::taproot ? verify_taproot(script, message, *stack)
                                 : verify_witness_key(script, message, *stack);
}

Digest legacy_message_hash(std::string_view message)
{
    constexpr std::string_view magic = "Bitcoin Signed Message:\n";
    ByteWriter out;
    out.compact_size(magic.size());
    out.raw(as_bytes(magic));
    out.compact_size(message.size());
    out.raw(as_bytes(message));
    return sha256d(out.bytes());
}

Digest bip322_spent_id(ByteSpan script, std::string_view message)
{
    return txid_of(to_spend(script, message)).bytes;
}

}  // namespace pool
