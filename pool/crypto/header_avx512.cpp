// Compiled with AVX-512, which the rest of the program must not need: no function of another
// header may be instantiated here.
#include <immintrin.h>

#include "pool/crypto/header_sliced.h"

namespace pool {
namespace {

struct Avx512Lane {
    using V = __m512i;
    static constexpr std::size_t width = 16;

    [[gnu::always_inline]] static V all(std::uint32_t x)
    {
        return _mm512_set1_epi32(static_cast<int>(x));
    }
    [[gnu::always_inline]] static V add(V a, V b) { return _mm512_add_epi32(a, b); }
    template <int bits>
    [[gnu::always_inline]] static V rotr(V x)
    {
        return _mm512_ror_epi32(x, bits);
    }
    template <int bits>
    [[gnu::always_inline]] static V shr(V x)
    {
        return _mm512_srli_epi32(x, bits);
    }
    // The truth tables of three operands, read as bytes.
    [[gnu::always_inline]] static V xor_3(V a, V b, V c)
    {
        return _mm512_ternarylogic_epi32(a, b, c, 0x96);
    }
    [[gnu::always_inline]] static V choose(V e, V f, V g)
    {
        return _mm512_ternarylogic_epi32(e, f, g, 0xca);
    }
    [[gnu::always_inline]] static V majority(V a, V b, V c)
    {
        return _mm512_ternarylogic_epi32(a, b, c, 0xe8);
    }
    [[gnu::always_inline]] static V select(std::uint32_t live, V next, V old)
    {
        return _mm512_mask_mov_epi32(old, static_cast<__mmask16>(live), next);
    }

    // Rows of 16 words to columns, in four rounds of shuffles.
    [[gnu::always_inline]] static void transpose(V* r)
    {
        V t[16];
        for (int i = 0; i < 16; i += 4) {
            const V a = _mm512_unpacklo_epi32(r[i], r[i + 1]);
            const V b = _mm512_unpackhi_epi32(r[i], r[i + 1]);
            const V c = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
            const V d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
            t[i] = _mm512_unpacklo_epi64(a, c);
            t[i + 1] = _mm512_unpackhi_epi64(a, c);
            t[i + 2] = _mm512_unpacklo_epi64(b, d);
            t[i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        for (int i = 0; i < 4; ++i) {
            const V a = _mm512_shuffle_i32x4(t[i], t[i + 4], 0x88);
            const V b = _mm512_shuffle_i32x4(t[i + 8], t[i + 12], 0x88);
            const V c = _mm512_shuffle_i32x4(t[i], t[i + 4], 0xdd);
            const V d = _mm512_shuffle_i32x4(t[i + 8], t[i + 12], 0xdd);
            r[i] = _mm512_shuffle_i32x4(a, b, 0x88);
            r[i + 8] = _mm512_shuffle_i32x4(a, b, 0xdd);
            r[i + 4] = _mm512_shuffle_i32x4(c, d, 0x88);
            r[i + 12] = _mm512_shuffle_i32x4(c, d, 0xdd);
        }
    }
    [[gnu::always_inline]] static void load_16(const std::uint32_t* const* rows, V* out)
    {
        for (int i = 0; i < 16; ++i) out[i] = _mm512_loadu_si512(rows[i]);
        transpose(out);
    }
    // Rows of 8 words: two of them a vector, lane i below lane i + 8.
    [[gnu::always_inline]] static void load_8(const std::uint32_t* const* rows, V* out)
    {
        V t[8];
        for (int i = 0; i < 8; ++i) {
            const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[i]));
            const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[i + 8]));
            t[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
        }
        // In each 128-bit part: four words of lanes i, i + 1, i + 2, i + 3.
        for (int i = 0; i < 8; i += 4) {
            const V a = _mm512_unpacklo_epi32(t[i], t[i + 1]);
            const V b = _mm512_unpackhi_epi32(t[i], t[i + 1]);
            const V c = _mm512_unpacklo_epi32(t[i + 2], t[i + 3]);
            const V d = _mm512_unpackhi_epi32(t[i + 2], t[i + 3]);
            t[i] = _mm512_unpacklo_epi64(a, c);
            t[i + 1] = _mm512_unpackhi_epi64(a, c);
            t[i + 2] = _mm512_unpacklo_epi64(b, d);
            t[i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        // Parts of t[j]: (0..3 word j), (0..3 word j + 4), (8..11 word j), (8..11 word j + 4).
        const V low = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
        const V high = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
        for (int j = 0; j < 4; ++j) {
            out[j] = _mm512_permutex2var_epi64(t[j], low, t[j + 4]);
            out[j + 4] = _mm512_permutex2var_epi64(t[j], high, t[j + 4]);
        }
    }
    [[gnu::always_inline]] static void store_8(const V* in, Words8* out, std::size_t count)
    {
        V t[16];
        for (int i = 0; i < 8; ++i) t[i] = in[i];
        for (int i = 8; i < 16; ++i) t[i] = _mm512_setzero_si512();
        transpose(t);
        for (std::size_t i = 0; i < count; ++i) {
            _mm256_store_si256(reinterpret_cast<__m256i*>(out[i].word),
                               _mm512_castsi512_si256(t[i]));
        }
    }
    [[gnu::always_inline]] static void leave() { _mm256_zeroupper(); }
};

using Engine = lanes::Sliced<Avx512Lane>;

void roots(const RootTask* tasks, std::size_t count, Words8* out)
{
    lanes::roots<Engine>(tasks, count, out);
}

void headers(const HeaderTask* tasks, std::size_t count, Words8* out)
{
    lanes::headers<Engine>(tasks, count, out);
}

}  // namespace

extern const HeaderKernel avx512_kernel{"avx512", Engine::lanes, roots, headers};

}  // namespace pool
