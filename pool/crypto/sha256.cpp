#include "pool/crypto/sha256.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "pool/base/result.h"
#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

constexpr std::size_t block_bytes = 64;
constexpr Sha256Kernel scalar_kernel{"scalar", sha256_transform_scalar};
constexpr Sha256Kernel shani_kernel{"sha-ni", sha256_transform_shani};

const Sha256Kernel& kernel()
{
    static const Sha256Kernel chosen = sha256_has_shani() ? shani_kernel : scalar_kernel;
    return chosen;
}

void write_be32(std::uint8_t* at, std::uint32_t value)
{
    at[0] = static_cast<std::uint8_t>(value >> 24);
    at[1] = static_cast<std::uint8_t>(value >> 16);
    at[2] = static_cast<std::uint8_t>(value >> 8);
    at[3] = static_cast<std::uint8_t>(value);
}

void write_be64(std::uint8_t* at, std::uint64_t value)
{
    write_be32(at, static_cast<std::uint32_t>(value >> 32));
    write_be32(at + 4, static_cast<std::uint32_t>(value));
}

Digest to_digest(const Sha256State& state)
{
    Digest out{};
    for (std::size_t i = 0; i < state.size(); ++i) write_be32(out.data() + 4 * i, state[i]);
    return out;
}

// A message of a fixed length with its padding in place: no bookkeeping where it is known.
template <std::size_t Length>
struct PaddedMessage {
    static constexpr std::size_t blocks = (Length + 9 + block_bytes - 1) / block_bytes;
    std::array<std::uint8_t, blocks * block_bytes> bytes{};

    PaddedMessage()
    {
        bytes[Length] = 0x80;
        write_be64(bytes.data() + bytes.size() - 8, Length * 8);
    }
    void put(std::size_t at, ByteSpan part)
    {
        std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    Digest digest() const
    {
        Sha256State state = sha256_start;
        kernel().transform(state, bytes.data(), blocks);
        return to_digest(state);
    }
};

Digest digest_of_digest(const Digest& inner)
{
    PaddedMessage<32> message;
    message.put(0, inner);
    return message.digest();
}

// The digests of FIPS 180-4's examples "abc" and "abcdbcde…nopq": one block, and two.
constexpr std::string_view one_block_text = "abc";
constexpr Digest one_block_digest{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                  0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                  0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
constexpr std::string_view two_block_text =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr Digest two_block_digest{0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
                                  0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
                                  0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};

Digest digest_with(const Sha256Kernel& with, std::string_view text)
{
    std::array<std::uint8_t, 2 * block_bytes> message{};
    check(text.size() <= message.size() - 9, "the known texts are short");
    const std::size_t blocks = (text.size() + 9 + block_bytes - 1) / block_bytes;
    std::memcpy(message.data(), text.data(), text.size());
    message[text.size()] = 0x80;
    write_be64(message.data() + blocks * block_bytes - 8, text.size() * 8);
    Sha256State state = sha256_start;
    with.transform(state, message.data(), blocks);
    return to_digest(state);
}

bool passes(const Sha256Kernel& with)
{
    return digest_with(with, one_block_text) == one_block_digest &&
           digest_with(with, two_block_text) == two_block_digest;
}

}  // namespace

Sha256::Sha256() : state_(sha256_start) {}

Sha256& Sha256::update(ByteSpan bytes)
{
    const std::size_t held = length_ % block_bytes;
    length_ += bytes.size();
    if (held > 0) {
        const std::size_t taken = std::min(bytes.size(), block_bytes - held);
        std::copy_n(bytes.begin(), taken, block_.begin() + static_cast<std::ptrdiff_t>(held));
        bytes = bytes.subspan(taken);
        if (held + taken < block_bytes) return *this;
        kernel().transform(state_, block_.data(), 1);
    }
    const std::size_t whole = bytes.size() / block_bytes;
    if (whole > 0) kernel().transform(state_, bytes.data(), whole);
    const ByteSpan rest = bytes.subspan(whole * block_bytes);
    std::copy(rest.begin(), rest.end(), block_.begin());
    return *this;
}

Digest Sha256::finish()
{
    std::array<std::uint8_t, 2 * block_bytes> tail{};
    const std::size_t held = length_ % block_bytes;
    const std::size_t blocks = held + 9 <= block_bytes ? 1 : 2;
    std::copy_n(block_.begin(), held, tail.begin());
    tail[held] = 0x80;
    write_be64(tail.data() + blocks * block_bytes - 8, length_ * 8);
    kernel().transform(state_, tail.data(), blocks);
    return to_digest(state_);
}

Digest sha256(ByteSpan bytes) { return Sha256{}.update(bytes).finish(); }

Digest sha256d(ByteSpan bytes) { return digest_of_digest(sha256(bytes)); }

Digest sha256d_pair(const Digest& left, const Digest& right)
{
    PaddedMessage<64> message;
    message.put(0, left);
    message.put(32, right);
    return digest_of_digest(message.digest());
}

Digest tagged_hash(std::string_view tag, ByteSpan bytes)
{
    const Digest tag_digest = sha256(as_bytes(tag));
    return Sha256{}.update(tag_digest).update(tag_digest).update(bytes).finish();
}

std::string_view sha256_kernel() { return kernel().name; }

bool sha256_self_test()
{
    return passes(scalar_kernel) && (!sha256_has_shani() || passes(shani_kernel));
}

}  // namespace pool
