#include "pool/crypto/scan.h"

#include <algorithm>
#include <array>

#include "pool/base/hash.h"
#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

constexpr std::size_t block_bytes = 64;
using Block = std::array<std::uint8_t, block_bytes>;

void write_be32(std::uint8_t* at, std::uint32_t value)
{
    at[0] = static_cast<std::uint8_t>(value >> 24);
    at[1] = static_cast<std::uint8_t>(value >> 16);
    at[2] = static_cast<std::uint8_t>(value >> 8);
    at[3] = static_cast<std::uint8_t>(value);
}

// A last block with its padding: 0x80 behind `used` bytes, the message's length in bits at the end.
Block padded(std::size_t used, std::uint32_t message_bytes)
{
    Block block{};
    block[used] = 0x80;
    write_be32(block.data() + block_bytes - 4, message_bytes * 8);
    return block;
}

std::uint32_t bytes_reversed(std::uint32_t word)
{
    return word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24;
}

Uint256 as_number(const Sha256State& state)
{
    Digest digest{};
    for (std::size_t i = 0; i < state.size(); ++i) write_be32(digest.data() + 4 * i, state[i]);
    return Uint256::from_le_bytes(digest);
}

}  // namespace

std::optional<std::uint32_t> scan_nonces(
    std::span<const std::uint8_t, header_bytes_before_nonce> header, std::uint32_t first,
    std::uint64_t count, const Uint256& target)
{
    const Sha256Transform transform =
        sha256_has_shani() ? sha256_transform_shani : sha256_transform_scalar;
    Sha256State midstate = sha256_start;
    transform(midstate, header.data(), 1);

    constexpr std::size_t rest = header_bytes_before_nonce - block_bytes;
    Block tail = padded(rest + 4, header_bytes_before_nonce + 4);
    std::copy_n(header.data() + block_bytes, rest, tail.begin());
    Block outer = padded(sizeof(Digest), sizeof(Digest));

    // The highest word alone refuses all but one hash in 2^32 / (its value + 1).
    const auto highest = static_cast<std::uint32_t>(target.limb[3] >> 32);
    const std::uint64_t end = std::min(first + count, std::uint64_t{1} << 32);
    for (std::uint64_t nonce = first; nonce < end; ++nonce) {
        write_be32(tail.data() + rest, bytes_reversed(static_cast<std::uint32_t>(nonce)));
        Sha256State inner = midstate;
        transform(inner, tail.data(), 1);
        for (std::size_t i = 0; i < inner.size(); ++i) write_be32(outer.data() + 4 * i, inner[i]);
        Sha256State hash = sha256_start;
        transform(hash, outer.data(), 1);
        if (bytes_reversed(hash[7]) > highest) continue;
        if (as_number(hash) <= target) return static_cast<std::uint32_t>(nonce);
    }
    return std::nullopt;
}

}  // namespace pool
