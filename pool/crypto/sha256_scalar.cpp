#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

constexpr std::uint32_t read_be32(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
}

constexpr std::uint32_t big_sigma_0(std::uint32_t x)
{
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
constexpr std::uint32_t big_sigma_1(std::uint32_t x)
{
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}
constexpr std::uint32_t small_sigma_0(std::uint32_t x)
{
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3;
}
constexpr std::uint32_t small_sigma_1(std::uint32_t x)
{
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10;
}

void transform_block(Sha256State& state, const std::uint8_t* block)
{
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) w[i] = read_be32(block + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
        w[i] = small_sigma_1(w[i - 2]) + w[i - 7] + small_sigma_0(w[i - 15]) + w[i - 16];
    }

    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t choice = g ^ (e & (f ^ g));
        const std::uint32_t majority = (a & b) | (c & (a | b));
        const std::uint32_t first = h + big_sigma_1(e) + choice + sha256_round_constants[i] + w[i];
        const std::uint32_t second = big_sigma_0(a) + majority;
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const Sha256State result{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i) state[i] += result[i];
}

}  // namespace

void sha256_transform_scalar(Sha256State& state, const std::uint8_t* blocks, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) transform_block(state, blocks + 64 * i);
}

}  // namespace pool
