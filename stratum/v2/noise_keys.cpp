#include "stratum/v2/noise_keys.h"

#include <algorithm>
#include <map>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <secp256k1.h>
#include <secp256k1_ellswift.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>

#include "pool/bitcoin/base58.h"
#include "pool/crypto/sha256.h"

namespace stratum::v2 {
namespace {

// Two bytes in front of a public key: version 1, little-endian.
constexpr std::array<std::uint8_t, 2> authority_version{1, 0};

template <typename Optional>
const unsigned char* data_of(const Optional& random)
{
    return random ? random->data() : nullptr;
}

pool::Digest certificate_hash(const Certificate& certificate, const XOnlyKey& server_key)
{
    const auto bytes = certificate.to_bytes();
    pool::Sha256 hash;
    hash.update(std::span{bytes}.first(bytes.size() - certificate.signature.size()));
    hash.update(server_key);
    return hash.finish();
}

}  // namespace

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

void fill_random(std::span<std::uint8_t> out)
{
    pool::check(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1,
                "the system has a random source");
}

Curve::Curve() : context_(secp256k1_context_create(SECP256K1_CONTEXT_NONE))
{
    // Chooses libsodium's kernels for this processor; the ciphers of noise.h use them.
    pool::check(sodium_init() >= 0, "libsodium starts anywhere");
    std::array<std::uint8_t, 32> seed{};
    fill_random(seed);
    pool::check(secp256k1_context_randomize(context_, seed.data()) == 1, "any seed blinds");
}

Curve::~Curve() { secp256k1_context_destroy(context_); }

EllSwiftPair Curve::make_pair() const
{
    while (true) {  // once, but for a chance of 2^-128
        SecretKey secret;
        std::array<std::uint8_t, 32> random{};
        fill_random(secret.bytes);
        fill_random(random);
        if (auto pair = pair_of(secret, random)) return *pair;
    }
}

std::optional<EllSwiftPair> Curve::pair_of(
    const SecretKey& secret, const std::optional<std::array<std::uint8_t, 32>>& random) const
{
    EllSwiftPair pair{secret, {}};
    const int made = secp256k1_ellswift_create(context_, pair.encoded.data(), secret.bytes.data(),
                                               data_of(random));
    if (made != 1) return std::nullopt;
    return pair;
}

pool::Digest Curve::shared_secret(const EllSwiftKey& initiator, const EllSwiftKey& responder,
                                  const SecretKey& secret, Role role) const
{
    pool::Digest out{};
    const int made = secp256k1_ellswift_xdh(
        context_, out.data(), initiator.data(), responder.data(), secret.bytes.data(),
        role == Role::responder ? 1 : 0, secp256k1_ellswift_xdh_hash_function_bip324, nullptr);
    pool::check(made == 1, "the secret of a pair is good, and any 64 bytes are a point");
    return out;
}

XOnlyKey Curve::x_only(const EllSwiftKey& encoded) const
{
    secp256k1_pubkey point;
    secp256k1_xonly_pubkey x;
    XOnlyKey out{};
    // Any 64 bytes are a point, and any point has an x.
    const bool done = secp256k1_ellswift_decode(context_, &point, encoded.data()) == 1 &&
                      secp256k1_xonly_pubkey_from_pubkey(context_, &x, nullptr, &point) == 1 &&
                      secp256k1_xonly_pubkey_serialize(context_, out.data(), &x) == 1;
    pool::check(done, "ElligatorSwift decodes everything");
    return out;
}

std::optional<XOnlyKey> Curve::x_only(const SecretKey& secret) const
{
    secp256k1_keypair pair;
    if (secp256k1_keypair_create(context_, &pair, secret.bytes.data()) != 1) return std::nullopt;
    secp256k1_xonly_pubkey x;
    XOnlyKey out{};
    const bool done = secp256k1_keypair_xonly_pub(context_, &x, nullptr, &pair) == 1 &&
                      secp256k1_xonly_pubkey_serialize(context_, out.data(), &x) == 1;
    OPENSSL_cleanse(&pair, sizeof pair);
    pool::check(done, "a key pair has a public half");
    return out;
}

std::optional<Signature> Curve::sign(
    const pool::Digest& message, const SecretKey& secret,
    const std::optional<std::array<std::uint8_t, 32>>& random) const
{
    secp256k1_keypair pair;
    if (secp256k1_keypair_create(context_, &pair, secret.bytes.data()) != 1) return std::nullopt;
    Signature out{};
    const int made =
        secp256k1_schnorrsig_sign32(context_, out.data(), message.data(), &pair, data_of(random));
    OPENSSL_cleanse(&pair, sizeof pair);
    if (made != 1) return std::nullopt;
    return out;
}

bool Curve::verify(const pool::Digest& message, const Signature& signature,
                   const XOnlyKey& key) const
{
    secp256k1_xonly_pubkey x;
    if (secp256k1_xonly_pubkey_parse(context_, &x, key.data()) != 1) return false;
    return secp256k1_schnorrsig_verify(context_, signature.data(), message.data(), message.size(),
                                       &x) == 1;
}

std::string encode_authority(const XOnlyKey& key)
{
    pool::Bytes bytes{authority_version.begin(), authority_version.end()};
    bytes.insert(bytes.end(), key.begin(), key.end());
    return pool::base58check_encode(bytes);
}

std::optional<XOnlyKey> decode_authority(std::string_view text)
{
    const auto bytes = pool::base58check_decode(text);
    XOnlyKey key{};
    if (!bytes || bytes->size() != authority_version.size() + key.size()) return std::nullopt;
    if (!std::equal(authority_version.begin(), authority_version.end(), bytes->begin())) {
        return std::nullopt;
    }
    std::copy(bytes->begin() + authority_version.size(), bytes->end(), key.begin());
    return key;
}

std::string encode_secret(const SecretKey& key) { return pool::base58check_encode(key.bytes); }

std::optional<SecretKey> decode_secret(std::string_view text)
{
    auto bytes = pool::base58check_decode(text);
    SecretKey key;
    if (!bytes || bytes->size() != key.bytes.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
    OPENSSL_cleanse(bytes->data(), bytes->size());
    return key;
}

std::array<std::uint8_t, certificate_bytes> Certificate::to_bytes() const
{
    pool::ByteWriter writer;
    writer.u16(version);
    writer.u32(valid_from.seconds);
    writer.u32(not_valid_after.seconds);
    writer.raw(signature);
    std::array<std::uint8_t, certificate_bytes> out{};
    std::copy(writer.bytes().begin(), writer.bytes().end(), out.begin());
    return out;
}

Certificate Certificate::from_bytes(std::span<const std::uint8_t, certificate_bytes> bytes)
{
    pool::ByteReader reader{bytes};
    Certificate certificate;
    certificate.version = reader.u16();
    certificate.valid_from = {reader.u32()};
    certificate.not_valid_after = {reader.u32()};
    const pool::ByteSpan signature = reader.raw(certificate.signature.size());
    std::copy(signature.begin(), signature.end(), certificate.signature.begin());
    return certificate;
}

std::optional<Certificate> sign_certificate(
    const Curve& curve, const SecretKey& authority, const XOnlyKey& server_key,
    pool::UnixTime valid_from, pool::UnixTime not_valid_after,
    const std::optional<std::array<std::uint8_t, 32>>& random)
{
    Certificate certificate{.version = 0,
                            .valid_from = valid_from,
                            .not_valid_after = not_valid_after,
                            .signature = {}};
    const auto signature = curve.sign(certificate_hash(certificate, server_key), authority, random);
    if (!signature) return std::nullopt;
    certificate.signature = *signature;
    return certificate;
}

bool is_signed(const Curve& curve, const Certificate& certificate, const XOnlyKey& server_key,
               const XOnlyKey& authority)
{
    return curve.verify(certificate_hash(certificate, server_key), certificate.signature,
                        authority);
}

namespace {

constexpr std::string_view identity_title = "zubr-v2-identity 1";

std::map<std::string, std::string, std::less<>> words_of(std::string_view text)
{
    std::map<std::string, std::string, std::less<>> words;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto gap = line.find(' ');
        if (line.starts_with('#') || gap == std::string_view::npos) continue;
        words.emplace(line.substr(0, gap), line.substr(gap + 1));
    }
    return words;
}

tl::unexpected<pool::Error> no_identity(std::string why)
{
    return pool::fail(pool::Error::Code::invalid, std::move(why));
}

}  // namespace

std::string write_identity(const Identity& identity)
{
    std::string out{identity_title};
    out +=
        "\n# The pool's static key and its certificate. Keep it as secret as the pool's money.\n";
    out += "authority " + encode_authority(identity.authority) + "\n";
    out += "static_secret " + encode_secret(identity.key.secret) + "\n";
    out += "static_public " + pool::to_hex(identity.key.encoded) + "\n";
    out += "certificate " + pool::to_hex(identity.certificate.to_bytes()) + "\n";
    return out;
}

pool::Result<Identity> read_identity(const Curve& curve, std::string_view text)
{
    if (!text.starts_with(identity_title)) return no_identity("not made by `zubrd keygen`");
    const auto words = words_of(text);
    const auto word = [&words](std::string_view name) {
        const auto found = words.find(name);
        return found == words.end() ? std::string{} : found->second;
    };
    const auto authority = decode_authority(word("authority"));
    const auto secret = decode_secret(word("static_secret"));
    EllSwiftKey encoded{};
    std::array<std::uint8_t, certificate_bytes> certificate{};
    if (!authority || !secret || !pool::hex_into(word("static_public"), encoded) ||
        !pool::hex_into(word("certificate"), certificate)) {
        return no_identity("a line is missing or damaged");
    }
    const auto server_key = curve.x_only(*secret);
    if (!server_key || *server_key != curve.x_only(encoded)) {
        return no_identity("the static public key is not that of the static secret");
    }
    Identity identity{{*secret, encoded}, Certificate::from_bytes(certificate), *authority};
    if (!is_signed(curve, identity.certificate, *server_key, *authority)) {
        return no_identity("the authority did not sign this certificate for this key");
    }
    return identity;
}

}  // namespace stratum::v2
