#include "pool/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace pool {
namespace {

#if !defined(__SSE4_2__)
constexpr std::array<std::uint32_t, 256> table_of_bytes()
{
    constexpr std::uint32_t polynomial = 0x82f63b78;  // bits reversed
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? polynomial : 0);
        table[byte] = rest;
    }
    return table;
}
constexpr std::array<std::uint32_t, 256> table = table_of_bytes();
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes)
{
    std::uint32_t crc = 0xffffffff;
#if defined(__SSE4_2__)
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        crc = static_cast<std::uint32_t>(_mm_crc32_u64(crc, word));
        bytes = bytes.subspan(8);
    }
    for (const std::uint8_t byte : bytes) crc = _mm_crc32_u8(crc, byte);
#else
    for (const std::uint8_t byte : bytes) crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
#endif
    return ~crc;
}

}  // namespace pool
