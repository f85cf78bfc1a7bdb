#include "stratum/v2/noise.h"

#include <algorithm>
#include <string_view>

#include <openssl/crypto.h>
#include <sodium.h>

#include "pool/crypto/hmac.h"
#include "pool/crypto/sha256.h"

namespace stratum::v2 {
namespace {

constexpr std::string_view protocol_name = "Noise_NX_Secp256k1+EllSwift_ChaChaPoly_SHA256";

struct TwoKeys {
    pool::Digest first;
    pool::Digest second;
};

TwoKeys hkdf(const pool::Digest& chaining, pool::ByteSpan material)
{
    const pool::Digest temporary = pool::hmac_sha256(chaining, material);
    constexpr std::array<std::uint8_t, 1> one{1};
    const pool::Digest first = pool::hmac_sha256(temporary, one);
    std::array<std::uint8_t, 33> second{};
    std::copy(first.begin(), first.end(), second.begin());
    second.back() = 2;
    return {first, pool::hmac_sha256(temporary, second)};
}

// What Noise calls the symmetric state: everything said so far, and the key that follows from it.
class Transcript {
public:
    Transcript()
        : chaining_(pool::sha256(pool::as_bytes(protocol_name))), hash_(pool::sha256(chaining_))
    {
    }

    void mix_hash(pool::ByteSpan bytes)
    {
        hash_ = pool::Sha256{}.update(hash_).update(bytes).finish();
    }
    void mix_key(const pool::Digest& secret)
    {
        const TwoKeys keys = hkdf(chaining_, secret);
        chaining_ = keys.first;
        cipher_ = Cipher{keys.second};
    }
    void seal(pool::ByteSpan plain, std::string& out)
    {
        const std::size_t from = out.size();
        cipher_.seal(plain, hash_, out);
        mix_hash(pool::as_bytes(std::string_view{out}.substr(from)));
    }
    bool open(std::span<std::uint8_t> sealed)
    {
        const pool::Bytes copy{sealed.begin(), sealed.end()};
        if (!cipher_.open(sealed, hash_)) return false;
        mix_hash(copy);
        return true;
    }
    TwoKeys split() const { return hkdf(chaining_, {}); }

private:
    pool::Digest chaining_;
    pool::Digest hash_;
    Cipher cipher_;
};

std::array<std::uint8_t, 12> nonce_of(std::uint64_t count)
{
    std::array<std::uint8_t, 12> out{};
    for (std::size_t i = 0; i < 8; ++i) {
        out[4 + i] = static_cast<std::uint8_t>(count >> (8 * i));
    }
    return out;
}

Transcript begun(const EllSwiftKey& act1)
{
    Transcript transcript;
    transcript.mix_hash(act1);
    transcript.mix_hash({});  // act 1 carries an empty payload, and that is hashed, too
    return transcript;
}

}  // namespace

Cipher::~Cipher() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::uint64_t Cipher::use_nonce()
{
    pool::check(!exhausted(), "whoever seals asks first");
    return count_++;
}

void Cipher::seal(pool::ByteSpan plain, pool::ByteSpan associated, std::string& out)
{
    const std::size_t from = out.size();
    out.resize(from + plain.size() + tag_bytes);
    const auto n = nonce_of(use_nonce());
    crypto_aead_chacha20poly1305_ietf_encrypt(
        reinterpret_cast<unsigned char*>(out.data()) + from, nullptr, plain.data(), plain.size(),
        associated.data(), associated.size(), nullptr, n.data(), key_.data());
}

bool Cipher::open(std::span<std::uint8_t> sealed, pool::ByteSpan associated)
{
    if (sealed.size() < tag_bytes || exhausted()) return false;
    const auto n = nonce_of(use_nonce());
    return crypto_aead_chacha20poly1305_ietf_decrypt(sealed.data(), nullptr, nullptr, sealed.data(),
                                                     sealed.size(), associated.data(),
                                                     associated.size(), n.data(), key_.data()) == 0;
}

HandshakeReply respond(const Curve& curve, const Identity& identity, const EllSwiftPair& ephemeral,
                       std::span<const std::uint8_t, act1_bytes> act1)
{
    EllSwiftKey theirs{};
    std::copy(act1.begin(), act1.end(), theirs.begin());
    const auto ee =
        curve.shared_secret(theirs, ephemeral.encoded, ephemeral.secret, Role::responder);
    const auto es =
        curve.shared_secret(theirs, identity.key.encoded, identity.key.secret, Role::responder);

    Transcript transcript = begun(theirs);
    transcript.mix_hash(ephemeral.encoded);
    std::string act2{ephemeral.encoded.begin(), ephemeral.encoded.end()};
    act2.reserve(act2_bytes);
    transcript.mix_key(ee);
    transcript.seal(identity.key.encoded, act2);
    transcript.mix_key(es);
    transcript.seal(identity.certificate.to_bytes(), act2);

    HandshakeReply reply;
    pool::check(act2.size() == act2_bytes, "64 + 80 + 90");
    std::copy(act2.begin(), act2.end(), reply.act2.begin());
    const TwoKeys keys = transcript.split();
    reply.ciphers = {.send = Cipher{keys.second}, .receive = Cipher{keys.first}};
    return reply;
}

Initiator::Initiator(const Curve& curve, const EllSwiftPair& ephemeral)
    : curve_(curve), ephemeral_(ephemeral)
{
}

pool::Result<Ciphers> Initiator::finish(std::span<const std::uint8_t, act2_bytes> act2,
                                        const Wish& wish)
{
    const auto refuse = [](const char* why) { return pool::fail(pool::Error::Code::refused, why); };
    std::array<std::uint8_t, act2_bytes> bytes{};
    std::copy(act2.begin(), act2.end(), bytes.begin());
    EllSwiftKey theirs{};
    std::copy_n(bytes.begin(), theirs.size(), theirs.begin());
    const std::span sealed_key = std::span{bytes}.subspan(theirs.size(), 64 + tag_bytes);
    const std::span sealed_certificate = std::span{bytes}.last(certificate_bytes + tag_bytes);

    Transcript transcript = begun(ephemeral_.encoded);
    transcript.mix_hash(theirs);
    const auto ee =
        curve_.shared_secret(ephemeral_.encoded, theirs, ephemeral_.secret, Role::initiator);
    transcript.mix_key(ee);
    if (!transcript.open(sealed_key)) return refuse("The server does not speak Stratum v2");

    EllSwiftKey server_key{};
    std::copy_n(sealed_key.begin(), server_key.size(), server_key.begin());
    const auto es =
        curve_.shared_secret(ephemeral_.encoded, server_key, ephemeral_.secret, Role::initiator);
    transcript.mix_key(es);
    if (!transcript.open(sealed_certificate)) return refuse("The server's certificate is damaged");

    const auto certificate =
        Certificate::from_bytes(std::span{bytes}.subspan<144, certificate_bytes>());
    if (wish.authority) {
        const bool ours =
            is_signed(curve_, certificate, curve_.x_only(server_key), *wish.authority);
        if (!ours) return refuse("The server's certificate is not of the authority we trust");
        const std::uint64_t now = wish.now.seconds;
        const std::uint64_t leeway = wish.leeway_seconds;
        if (now + leeway < certificate.valid_from.seconds ||
            now > certificate.not_valid_after.seconds + leeway) {
            return refuse("The server's certificate is not valid today; look at both clocks");
        }
    }
    const TwoKeys keys = transcript.split();
    return Ciphers{.send = Cipher{keys.first}, .receive = Cipher{keys.second}};
}

}  // namespace stratum::v2
