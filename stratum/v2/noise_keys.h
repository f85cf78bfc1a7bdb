#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

struct secp256k1_context_struct;

namespace stratum::v2 {

/// The x coordinate of a point: how BIP 340 and the certificate write a public key.
using XOnlyKey = std::array<std::uint8_t, 32>;
/// A public key in ElligatorSwift's encoding (BIP 324): not to be told from random bytes.
using EllSwiftKey = std::array<std::uint8_t, 64>;
using Signature = std::array<std::uint8_t, 64>;

/// 32 secret bytes, wiped when they go.
struct SecretKey {
    std::array<std::uint8_t, 32> bytes{};

    SecretKey() = default;
    explicit SecretKey(const std::array<std::uint8_t, 32>& from) : bytes(from) {}
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey();
};

/// A secret key with its encoded public half.
struct EllSwiftPair {
    SecretKey secret;
    EllSwiftKey encoded{};
};

enum class Role : std::uint8_t { initiator, responder };

/// The curve's operations, over one libsecp256k1 context that is blinded at random. One for each
/// loop: const calls only, from one thread at a time.
class Curve {
public:
    Curve();
    ~Curve();
    Curve(const Curve&) = delete;
    Curve& operator=(const Curve&) = delete;

    /// A pair from the system's random source.
    EllSwiftPair make_pair() const;
    /// The pair of a known secret. random: 32 bytes that choose among the encodings, or none.
    /// Nothing when the secret is zero or not below the group's order.
    std::optional<EllSwiftPair> pair_of(
        const SecretKey& secret, const std::optional<std::array<std::uint8_t, 32>>& random) const;
    /// BIP 324's shared secret. secret: of a pair (checked).
    pool::Digest shared_secret(const EllSwiftKey& initiator, const EllSwiftKey& responder,
                               const SecretKey& secret, Role role) const;
    XOnlyKey x_only(const EllSwiftKey& encoded) const;
    std::optional<XOnlyKey> x_only(const SecretKey& secret) const;
    /// BIP 340. random: 32 bytes, or none. Nothing for a secret that is none.
    std::optional<Signature> sign(const pool::Digest& message, const SecretKey& secret,
                                  const std::optional<std::array<std::uint8_t, 32>>& random) const;
    bool verify(const pool::Digest& message, const Signature& signature, const XOnlyKey& key) const;

private:
    secp256k1_context_struct* context_;
};

/// Bytes of the system's random source. Ends the process when there is none.
void fill_random(std::span<std::uint8_t> out);

/// base58check of an authority's public key, as it stands in a pool's URL ("9…").
std::string encode_authority(const XOnlyKey& key);
std::optional<XOnlyKey> decode_authority(std::string_view text);
/// base58check of a secret key, as the reference implementation writes it.
std::string encode_secret(const SecretKey& key);
std::optional<SecretKey> decode_secret(std::string_view text);

inline constexpr std::size_t certificate_bytes = 74;

/// What an authority says of a server's static key (SIGNATURE_NOISE_MESSAGE).
struct Certificate {
    std::uint16_t version = 0;
    pool::UnixTime valid_from;
    pool::UnixTime not_valid_after;
    Signature signature{};

    std::array<std::uint8_t, certificate_bytes> to_bytes() const;
    static Certificate from_bytes(std::span<const std::uint8_t, certificate_bytes> bytes);
};

/// Nothing for an authority secret that is none.
/// random: 32 bytes for BIP 340, or none (then the same input gives the same signature).
std::optional<Certificate> sign_certificate(
    const Curve& curve, const SecretKey& authority, const XOnlyKey& server_key,
    pool::UnixTime valid_from, pool::UnixTime not_valid_after,
    const std::optional<std::array<std::uint8_t, 32>>& random);

/// True when `authority` signed it for `server_key`; its times are not looked at.
bool is_signed(const Curve& curve, const Certificate& certificate, const XOnlyKey& server_key,
               const XOnlyKey& authority);

/// What a pool needs to answer handshakes: its static key and who vouches for it. Immutable;
/// loops share it and are given a new one on rotation.
struct Identity {
    EllSwiftPair key;
    Certificate certificate;
    XOnlyKey authority{};
};

/// The identity as a file (base58 words, a line each), to be made where the authority's secret is
/// and installed where the pool is. Holds the static secret: readable by its owner only.
std::string write_identity(const Identity& identity);
/// Errors: invalid, with a sentence: no such file format, a certificate that its authority did
/// not sign for its key.
pool::Result<Identity> read_identity(const Curve& curve, std::string_view text);

}  // namespace stratum::v2
