#include "stratum/v2/noise_run.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <sodium.h>

#include "pool/base/result.h"

namespace stratum::v2 {
namespace {

using Tag = std::array<std::uint8_t, tag_bytes>;

constexpr std::size_t block_bytes = 64;  // of ChaCha20
constexpr std::size_t poly_block_bytes = 16;

// Tried before its first use, as every kernel of ours is.
bool streams_are_right()
{
    if (!pool::has_fast_keystreams()) return false;
    pool::Digest key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(17 * i + 3);
    constexpr std::uint64_t first = 0xffff'fffe;  // the count goes on beyond 32 bits
    std::array<pool::Keystream, 6> streams{};     // four, and two
    pool::keystreams(key, first, streams);
    for (std::size_t i = 0; i < streams.size(); ++i) {
        std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> nonce{};
        for (std::size_t j = 0; j < 8; ++j) {
            nonce[4 + j] = static_cast<std::uint8_t>((first + i) >> (8 * j));
        }
        pool::Keystream right{};
        crypto_stream_chacha20_ietf(right.data(), right.size(), nonce.data(), key.data());
        if (right != streams[i]) return false;
    }
    return true;
}

// RFC 8439, 2.8: the text, filled up, then the lengths of what is associated (nothing) and of it.
Tag tag_of(const pool::Keystream& stream, pool::ByteSpan sealed)
{
    std::array<std::uint8_t, block_bytes + poly_block_bytes> text{};
    std::copy(sealed.begin(), sealed.end(), text.begin());
    const std::size_t filled =
        (sealed.size() + poly_block_bytes - 1) / poly_block_bytes * poly_block_bytes;
    text[filled + 8] = static_cast<std::uint8_t>(sealed.size());
    Tag tag{};
    crypto_onetimeauth_poly1305(tag.data(), text.data(), filled + poly_block_bytes, stream.data());
    return tag;
}

void apply(const pool::Keystream& stream, std::span<std::uint8_t> text)
{
    std::transform(text.begin(), text.end(), stream.begin() + block_bytes, text.begin(),
                   [](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(a ^ b); });
}

}  // namespace

CipherRun::~CipherRun() { OPENSSL_cleanse(streams_.data(), made_ * sizeof streams_[0]); }

// Null for what is left to libsodium.
const pool::Keystream* CipherRun::stream_for(std::size_t text_bytes)
{
    static const bool fast = streams_are_right();
    if (expected_ > 0) --expected_;
    if (!fast || text_bytes > block_bytes) return nullptr;
    const std::uint64_t nonce = cipher_.count();
    if (nonce - first_ >= made_) {
        first_ = nonce;
        made_ = expected_ > 1 ? streams_.size() : 2;
        pool::keystreams(cipher_.key(), first_, std::span{streams_}.first(made_));
    }
    return &streams_[nonce - first_];
}

void CipherRun::seal(pool::ByteSpan plain, std::string& out)
{
    const pool::Keystream* const stream = stream_for(plain.size());
    if (stream == nullptr) return cipher_.seal(plain, {}, out);
    cipher_.use_nonce();
    const std::size_t from = out.size();
    out.append(plain.begin(), plain.end());
    const std::span text{reinterpret_cast<std::uint8_t*>(out.data()) + from, plain.size()};
    apply(*stream, text);
    const Tag tag = tag_of(*stream, text);
    out.append(tag.begin(), tag.end());
}

bool CipherRun::open(std::span<std::uint8_t> sealed)
{
    if (sealed.size() < tag_bytes || cipher_.exhausted()) return false;
    const std::span text = sealed.first(sealed.size() - tag_bytes);
    const pool::Keystream* const stream = stream_for(text.size());
    if (stream == nullptr) return cipher_.open(sealed, {});
    cipher_.use_nonce();
    const Tag tag = tag_of(*stream, text);
    if (CRYPTO_memcmp(tag.data(), sealed.last(tag_bytes).data(), tag_bytes) != 0) return false;
    apply(*stream, text);
    return true;
}

}  // namespace stratum::v2
