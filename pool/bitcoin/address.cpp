#include "pool/bitcoin/address.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/base58.h"
#include "pool/bitcoin/bech32.h"
#include "pool/bitcoin/transaction.h"

namespace pool {
namespace {

constexpr std::uint8_t op_0 = 0x00;
constexpr std::uint8_t op_1 = 0x51;
constexpr std::uint8_t op_dup = 0x76;
constexpr std::uint8_t op_equal = 0x87;
constexpr std::uint8_t op_equalverify = 0x88;
constexpr std::uint8_t op_hash160 = 0xa9;
constexpr std::uint8_t op_checksig = 0xac;
constexpr std::size_t hash160_bytes = 20;
constexpr std::size_t hash256_bytes = 32;

struct ChainPrefixes {
    Chain chain;
    std::string_view name;
    std::string_view spoken;  // in a sentence
    std::uint8_t key_hash;
    std::uint8_t script_hash;
    std::string_view segwit;
};

constexpr std::array<ChainPrefixes, 4> all_chains{{
    {Chain::main, "main", "mainnet", 0x00, 0x05, "bc"},
    {Chain::testnet4, "testnet4", "testnet4", 0x6f, 0xc4, "tb"},
    {Chain::signet, "signet", "signet", 0x6f, 0xc4, "tb"},
    {Chain::regtest, "regtest", "regtest", 0x6f, 0xc4, "bcrt"},
}};

const ChainPrefixes& prefixes_of(Chain chain)
{
    const auto found = std::find_if(all_chains.begin(), all_chains.end(),
                                    [chain](const auto& row) { return row.chain == chain; });
    check(found != all_chains.end(), "every chain has a row");
    return *found;
}

tl::unexpected<Error> invalid(std::string detail)
{
    return fail(Error::Code::invalid, std::move(detail));
}

// "an address of testnet4 or signet": every chain whose row satisfies `is_of`.
template <typename Test>
tl::unexpected<Error> other_chain(Chain ours, Test is_of)
{
    std::string names;
    for (const ChainPrefixes& row : all_chains) {
        if (!is_of(row)) continue;
        if (!names.empty()) names += " or ";
        names += row.spoken;
    }
    if (names.empty()) return invalid("this is no Bitcoin address: unknown prefix");
    return fail(Error::Code::refused, "this is an address of " + names + "; this pool works on " +
                                          std::string(prefixes_of(ours).spoken));
}

// A ByteWriter, because g++ 12 sees an overflow in inserting into a vector of two known bytes.
Script key_hash_script(ByteSpan hash)
{
    ByteWriter out;
    out.u8(op_dup);
    out.u8(op_hash160);
    out.u8(static_cast<std::uint8_t>(hash.size()));
    out.raw(hash);
    out.u8(op_equalverify);
    out.u8(op_checksig);
    return out.take();
}

Script script_hash_script(ByteSpan hash)
{
    ByteWriter out;
    out.u8(op_hash160);
    out.u8(static_cast<std::uint8_t>(hash.size()));
    out.raw(hash);
    out.u8(op_equal);
    return out.take();
}

Script witness_script(const WitnessProgram& witness)
{
    ByteWriter out;
    out.u8(static_cast<std::uint8_t>(witness.version == 0 ? op_0 : op_1 + witness.version - 1));
    out.u8(static_cast<std::uint8_t>(witness.program.size()));
    out.raw(witness.program);
    return out.take();
}

// Judged by its start, so that a mistyped segwit address is told its checksum is wrong.
bool looks_like_segwit(std::string_view text)
{
    const std::string_view head = text.substr(0, text.find('1'));
    if (head.size() == text.size()) return false;
    return std::any_of(all_chains.begin(), all_chains.end(), [head](const auto& row) {
        return std::equal(head.begin(), head.end(), row.segwit.begin(), row.segwit.end(),
                          [](char a, char b) { return (a | 0x20) == b; });
    });
}

Result<Address> parse_segwit(std::string_view text, Chain chain)
{
    const std::optional<WitnessProgram> witness = segwit_decode(text);
    if (!witness) {
        return invalid(
            "this address is mistyped: its checksum, length or mix of upper and lower case is "
            "wrong");
    }
    if (witness->prefix != prefixes_of(chain).segwit) {
        return other_chain(chain,
                           [&witness](const auto& row) { return row.segwit == witness->prefix; });
    }
    const bool is_taproot = witness->version == 1 && witness->program.size() == hash256_bytes;
    if (witness->version != 0 && !is_taproot) {
        return invalid("this pool cannot pay to addresses of witness version " +
                       std::to_string(witness->version) + " and this length");
    }
    // A program has one text in lower case: to encode it again would give what was read.
    std::string canonical{text};
    for (char& c : canonical) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return Address{std::move(canonical), witness_script(*witness)};
}

Result<Address> parse_base58(std::string_view text, Chain chain)
{
    const std::optional<Bytes> bytes = base58check_decode(text);
    if (!bytes || bytes->size() != 1 + hash160_bytes) {
        return invalid("this is no Bitcoin address, or it is mistyped: its checksum is wrong");
    }
    const std::uint8_t version = bytes->front();
    const ByteSpan hash = ByteSpan{*bytes}.subspan(1);
    const ChainPrefixes& ours = prefixes_of(chain);
    if (version == ours.key_hash) return Address{std::string(text), key_hash_script(hash)};
    if (version == ours.script_hash) return Address{std::string(text), script_hash_script(hash)};
    return other_chain(chain, [version](const auto& row) {
        return version == row.key_hash || version == row.script_hash;
    });
}

Address base58_address(std::uint8_t version, ByteSpan hash, ByteSpan script)
{
    ByteWriter bytes;
    bytes.u8(version);
    bytes.raw(hash);
    return {base58check_encode(bytes.bytes()), Script(script.begin(), script.end())};
}

}  // namespace

Result<Address> parse_address(std::string_view text, Chain chain)
{
    if (text.empty()) return invalid("a payout address is missing");
    return looks_like_segwit(text) ? parse_segwit(text, chain) : parse_base58(text, chain);
}

Result<Address> address_of_script(ByteSpan script, Chain chain)
{
    const ChainPrefixes& ours = prefixes_of(chain);
    const auto is = [script](const Script& standard) {
        return std::equal(script.begin(), script.end(), standard.begin(), standard.end());
    };

    if (script.size() == hash160_bytes + 5) {
        const ByteSpan hash = script.subspan(3, hash160_bytes);
        if (is(key_hash_script(hash))) return base58_address(ours.key_hash, hash, script);
    }
    if (script.size() == hash160_bytes + 3) {
        const ByteSpan hash = script.subspan(2, hash160_bytes);
        if (is(script_hash_script(hash))) return base58_address(ours.script_hash, hash, script);
    }
    if (script.size() == hash160_bytes + 2 || script.size() == hash256_bytes + 2) {
        const std::uint8_t version = script[0] == op_1 ? 1 : 0;
        WitnessProgram witness{std::string(ours.segwit), version,
                               Bytes(script.begin() + 2, script.end())};
        const bool known = version == 0 || witness.program.size() == hash256_bytes;
        if (known && is(witness_script(witness))) {
            return Address{segwit_encode(witness), Script(script.begin(), script.end())};
        }
    }
    return invalid("no address stands for this script");
}

std::string_view to_string(Chain chain) { return prefixes_of(chain).name; }

Result<Chain> parse_chain(std::string_view text)
{
    for (const ChainPrefixes& row : all_chains) {
        if (row.name == text) return row.chain;
    }
    return invalid("unknown chain \"" + std::string(text) +
                   "\": it is main, testnet4, signet or regtest");
}

}  // namespace pool
