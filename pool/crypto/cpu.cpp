#include "pool/crypto/cpu.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pool {

#if defined(__x86_64__)
namespace {

struct Leaf {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
};

Leaf leaf(unsigned number)
{
    Leaf out;
    if (__get_cpuid_count(number, 0, &out.a, &out.b, &out.c, &out.d) == 0) return {};
    return out;
}

// Which register sets the operating system saves: XGETBV of XCR0.
std::uint64_t saved_registers()
{
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
}

}  // namespace

CpuFeatures cpu_features()
{
    constexpr unsigned ssse3_and_sse41 = 1U << 9 | 1U << 19;
    constexpr unsigned osxsave = 1U << 27;
    constexpr unsigned avx2 = 1U << 5;
    constexpr unsigned sha = 1U << 29;
    constexpr unsigned avx512_f_bw_vl = 1U << 16 | 1U << 30 | 1U << 31;
    constexpr std::uint64_t sse_and_ymm = 0x6;
    constexpr std::uint64_t and_zmm = 0xe6;

    const Leaf first = leaf(1);
    const Leaf seventh = leaf(7);
    const std::uint64_t saved = (first.c & osxsave) != 0 ? saved_registers() : 0;
    CpuFeatures out;
    out.sha_ni = (first.c & ssse3_and_sse41) == ssse3_and_sse41 && (seventh.b & sha) != 0;
    out.avx2 = (saved & sse_and_ymm) == sse_and_ymm && (seventh.b & avx2) != 0;
    out.avx512 = (saved & and_zmm) == and_zmm && (seventh.b & avx512_f_bw_vl) == avx512_f_bw_vl;
    return out;
}

#else

CpuFeatures cpu_features() { return {}; }

#endif

}  // namespace pool
