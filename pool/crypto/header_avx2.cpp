// Compiled with AVX2, which the rest of the program must not need: no function of another header
// may be instantiated here.
#include <immintrin.h>

#include "pool/crypto/header_sliced.h"

namespace pool {
namespace {

struct Avx2Lane {
    using V = __m256i;
    static constexpr std::size_t width = 8;

    [[gnu::always_inline]] static V all(std::uint32_t x)
    {
        return _mm256_set1_epi32(static_cast<int>(x));
    }
    [[gnu::always_inline]] static V add(V a, V b) { return _mm256_add_epi32(a, b); }
    template <int bits>
    [[gnu::always_inline]] static V rotr(V x)
    {
        return _mm256_or_si256(_mm256_srli_epi32(x, bits), _mm256_slli_epi32(x, 32 - bits));
    }
    template <int bits>
    [[gnu::always_inline]] static V shr(V x)
    {
        return _mm256_srli_epi32(x, bits);
    }
    [[gnu::always_inline]] static V xor_3(V a, V b, V c)
    {
        return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
    }
    [[gnu::always_inline]] static V choose(V e, V f, V g)
    {
        return _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)));
    }
    [[gnu::always_inline]] static V majority(V a, V b, V c)
    {
        return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
    }
    [[gnu::always_inline]] static V select(std::uint32_t live, V next, V old)
    {
        const V bits = _mm256_set_epi32(128, 64, 32, 16, 8, 4, 2, 1);
        const V on = _mm256_cmpeq_epi32(_mm256_and_si256(all(live), bits), bits);
        return _mm256_blendv_epi8(old, next, on);
    }

    // Eight rows of eight words to columns.
    [[gnu::always_inline]] static void transpose(V* r)
    {
        V t[8];
        for (int i = 0; i < 8; i += 4) {
            const V a = _mm256_unpacklo_epi32(r[i], r[i + 1]);
            const V b = _mm256_unpackhi_epi32(r[i], r[i + 1]);
            const V c = _mm256_unpacklo_epi32(r[i + 2], r[i + 3]);
            const V d = _mm256_unpackhi_epi32(r[i + 2], r[i + 3]);
            t[i] = _mm256_unpacklo_epi64(a, c);
            t[i + 1] = _mm256_unpackhi_epi64(a, c);
            t[i + 2] = _mm256_unpacklo_epi64(b, d);
            t[i + 3] = _mm256_unpackhi_epi64(b, d);
        }
        for (int i = 0; i < 4; ++i) {
            r[i] = _mm256_permute2x128_si256(t[i], t[i + 4], 0x20);
            r[i + 4] = _mm256_permute2x128_si256(t[i], t[i + 4], 0x31);
        }
    }
    [[gnu::always_inline]] static void load_8(const std::uint32_t* const* rows, V* out)
    {
        for (int i = 0; i < 8; ++i) {
            out[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[i]));
        }
        transpose(out);
    }
    [[gnu::always_inline]] static void load_16(const std::uint32_t* const* rows, V* out)
    {
        load_8(rows, out);
        for (int i = 0; i < 8; ++i) {
            out[8 + i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[i] + 8));
        }
        transpose(out + 8);
    }
    [[gnu::always_inline]] static void store_8(const V* in, Words8* out, std::size_t count)
    {
        V t[8];
        for (int i = 0; i < 8; ++i) t[i] = in[i];
        transpose(t);
        for (std::size_t i = 0; i < count; ++i) {
            _mm256_store_si256(reinterpret_cast<__m256i*>(out[i].word), t[i]);
        }
    }
    [[gnu::always_inline]] static void leave() { _mm256_zeroupper(); }
};

using Engine = lanes::Sliced<Avx2Lane>;

void roots(const RootTask* tasks, std::size_t count, Words8* out)
{
    lanes::roots<Engine>(tasks, count, out);
}

void headers(const HeaderTask* tasks, std::size_t count, Words8* out)
{
    lanes::headers<Engine>(tasks, count, out);
}

}  // namespace

extern const HeaderKernel avx2_kernel{"avx2", Engine::lanes, roots, headers};

}  // namespace pool
