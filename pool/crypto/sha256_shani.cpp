// Compiled with -msha -msse4.1 and without AVX, whatever the rest is built with: these instructions
// have no VEX form, and each costs three times as much while the upper halves of the vector
// registers are dirty.
#include <array>
#include <cstddef>
#include <cstdint>

#include "pool/base/result.h"
#include "pool/crypto/cpu.h"
#include "pool/crypto/sha256_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pool {

#if defined(__x86_64__)
namespace {

__m128i load(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }

// The instructions want the state as (A B E F) and (C D G H), highest word first.
struct Halves {
    __m128i abef;
    __m128i cdgh;
};

Halves to_halves(const Sha256State& state)
{
    const __m128i cdab = _mm_shuffle_epi32(load(state.data()), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(load(state.data() + 4), 0x1b);
    return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

void from_halves(Sha256State& state, const Halves& halves)
{
    const __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xb1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Four rounds with the message words `w` (lowest first).
inline void four_rounds(Halves& s, __m128i w, std::size_t round)
{
    const __m128i sum = _mm_add_epi32(w, load(&sha256_round_constants[round]));
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

// The next four words of the schedule from the sixteen before them, oldest in w0.
inline __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    const __m128i seven_back = _mm_alignr_epi8(w3, w2, 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), seven_back), w3);
}

}  // namespace

void sha256_transform_shani(Sha256State& state, const std::uint8_t* blocks, std::size_t count)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    Halves now = to_halves(state);
    for (std::size_t i = 0; i < count; ++i, blocks += 64) {
        const Halves before = now;
        __m128i w0 = _mm_shuffle_epi8(load(blocks), big_endian);
        __m128i w1 = _mm_shuffle_epi8(load(blocks + 16), big_endian);
        __m128i w2 = _mm_shuffle_epi8(load(blocks + 32), big_endian);
        __m128i w3 = _mm_shuffle_epi8(load(blocks + 48), big_endian);
        for (std::size_t round = 0; round < 48; round += 16) {
            four_rounds(now, w0, round);
            w0 = next_words(w0, w1, w2, w3);
            four_rounds(now, w1, round + 4);
            w1 = next_words(w1, w2, w3, w0);
            four_rounds(now, w2, round + 8);
            w2 = next_words(w2, w3, w0, w1);
            four_rounds(now, w3, round + 12);
            w3 = next_words(w3, w0, w1, w2);
        }
        four_rounds(now, w0, 48);
        four_rounds(now, w1, 52);
        four_rounds(now, w2, 56);
        four_rounds(now, w3, 60);
        now.abef = _mm_add_epi32(now.abef, before.abef);
        now.cdgh = _mm_add_epi32(now.cdgh, before.cdgh);
    }
    from_halves(state, now);
}

bool sha256_has_shani()
{
    static const bool has = cpu_features().sha_ni;
    return has;
}

#else

void sha256_transform_shani(Sha256State& /*state*/, const std::uint8_t* /*blocks*/,
                            std::size_t /*count*/)
{
    check(false, "sha256_has_shani() is false here");
}

bool sha256_has_shani() { return false; }

#endif

}  // namespace pool
