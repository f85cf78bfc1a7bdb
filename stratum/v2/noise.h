#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "stratum/v2/noise_keys.h"

/// Noise_NX_Secp256k1+EllSwift_ChaChaPoly_SHA256, the handshake of Stratum v2: two messages, after
/// which both sides hold a key for each direction. Bytes in, bytes out.
namespace stratum::v2 {

inline constexpr std::size_t act1_bytes = 64;
inline constexpr std::size_t act2_bytes = 234;
inline constexpr std::size_t tag_bytes = 16;

/// One direction of an encrypted connection: a key and the count of what it has sealed or opened.
class Cipher {
public:
    Cipher() = default;
    explicit Cipher(const pool::Digest& key) : key_(key) {}
    ~Cipher();
    Cipher(const Cipher&) = default;
    Cipher& operator=(const Cipher&) = default;

    /// Appends `plain` sealed, and its tag, to `out`.
    void seal(pool::ByteSpan plain, pool::ByteSpan associated, std::string& out);
    /// Opens in place: the first sealed.size() - tag_bytes bytes become the plain text. False when
    /// it was not sealed by the other side at this very place, or is too short for a tag: close.
    [[nodiscard]] bool open(std::span<std::uint8_t> sealed, pool::ByteSpan associated);

    /// No more may be sealed under this key (2^64 - 1 messages): never reached in practice.
    bool exhausted() const { return count_ == ~std::uint64_t{0}; }
    /// What was sealed or opened so far.
    std::uint64_t count() const { return count_; }
    const pool::Digest& key() const { return key_; }
    /// Takes the next nonce for somebody who seals or opens in this cipher's stead; there must be
    /// one (checked). Returns it.
    std::uint64_t use_nonce();
    /// For tests of the end of the world.
    void set_count(std::uint64_t count) { count_ = count; }

private:
    pool::Digest key_{};
    std::uint64_t count_ = 0;
};

struct Ciphers {
    Cipher send;
    Cipher receive;
};

struct HandshakeReply {
    std::array<std::uint8_t, act2_bytes> act2{};
    Ciphers ciphers;
};

/// The pool's side, whole: act 1 is any 64 bytes. ephemeral: fresh, never used twice.
HandshakeReply respond(const Curve& curve, const Identity& identity, const EllSwiftPair& ephemeral,
                       std::span<const std::uint8_t, act1_bytes> act1);

/// The miner's side. One for each connection.
class Initiator {
public:
    Initiator(const Curve& curve, const EllSwiftPair& ephemeral);
    const EllSwiftKey& act1() const { return ephemeral_.encoded; }

    struct Wish {
        std::optional<XOnlyKey> authority;  ///< whom to trust; nothing: anybody
        pool::UnixTime now;  ///< the certificate must hold now, give or take `leeway`
        std::uint32_t leeway_seconds = 10;
    };
    /// Errors: refused, when the other side is not who it should be or speaks no Noise.
    pool::Result<Ciphers> finish(std::span<const std::uint8_t, act2_bytes> act2, const Wish& wish);

private:
    const Curve& curve_;
    EllSwiftPair ephemeral_;
};

}  // namespace stratum::v2
