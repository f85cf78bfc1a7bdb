// Compiled with -msha and without AVX, whatever the rest is built with: these instructions have no
// VEX form, and each costs three times as much while the upper halves of the vector registers are
// dirty. No function of another header may be instantiated here.
#include <immintrin.h>

#include "pool/crypto/header_lanes.h"

namespace pool {
namespace {

[[gnu::always_inline]] inline __m128i load(const std::uint32_t* at)
{
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

/// `n` messages in step: while one waits for its two rounds, another has its own.
template <std::size_t n>
struct ShaNi {
    static constexpr std::size_t lanes = n;

    // The instructions want the state as (A B E F) and (C D G H), highest word first.
    struct State {
        __m128i abef[n];
        __m128i cdgh[n];
    };
    struct Block {
        __m128i w[4][n];
    };
    struct Half {
        __m128i w[2][n];
    };

    [[gnu::always_inline]] static State load_state(const std::uint32_t* const* rows)
    {
        State out;
        for (std::size_t i = 0; i < n; ++i) {
            const __m128i cdab = _mm_shuffle_epi32(load(rows[i]), 0xb1);
            const __m128i efgh = _mm_shuffle_epi32(load(rows[i] + 4), 0x1b);
            out.abef[i] = _mm_alignr_epi8(cdab, efgh, 8);
            out.cdgh[i] = _mm_blend_epi16(efgh, cdab, 0xf0);
        }
        return out;
    }
    [[gnu::always_inline]] static State start()
    {
        const std::uint32_t* rows[n];
        for (const std::uint32_t*& row : rows) row = pool::lanes::start_words.word;
        return load_state(rows);
    }
    [[gnu::always_inline]] static Block load_block(const std::uint32_t* const* rows)
    {
        Block out;
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < 4; ++j) out.w[j][i] = load(rows[i] + 4 * j);
        }
        return out;
    }
    [[gnu::always_inline]] static Half load_half(const std::uint32_t* const* rows)
    {
        Half out;
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < 2; ++j) out.w[j][i] = load(rows[i] + 4 * j);
        }
        return out;
    }
    // The state's words in their order.
    [[gnu::always_inline]] static Half words(const State& state)
    {
        Half out;
        for (std::size_t i = 0; i < n; ++i) {
            const __m128i feba = _mm_shuffle_epi32(state.abef[i], 0x1b);
            const __m128i dchg = _mm_shuffle_epi32(state.cdgh[i], 0xb1);
            out.w[0][i] = _mm_blend_epi16(feba, dchg, 0xf0);
            out.w[1][i] = _mm_alignr_epi8(dchg, feba, 8);
        }
        return out;
    }
    [[gnu::always_inline]] static void store(const State& state, Words8* out, std::size_t count)
    {
        const Half in = words(state);
        for (std::size_t i = 0; i < count; ++i) {
            _mm_store_si128(reinterpret_cast<__m128i*>(out[i].word), in.w[0][i]);
            _mm_store_si128(reinterpret_cast<__m128i*>(out[i].word + 4), in.w[1][i]);
        }
    }
    [[gnu::always_inline]] static void leave() {}

    [[gnu::always_inline]] static void update(State& state, const State& next, std::uint32_t live)
    {
        for (std::size_t i = 0; i < n; ++i) {
            if ((live >> i & 1) == 0) continue;
            state.abef[i] = next.abef[i];
            state.cdgh[i] = next.cdgh[i];
        }
    }

    [[gnu::always_inline]] static State compress(const State& before, const Block& block)
    {
        State s = before;
        Block w = block;
        for (int round = 0; round < 48; round += 16) {
            four_rounds(s, w.w[0], round);
            expand(w.w[0], w.w[1], w.w[2], w.w[3]);
            four_rounds(s, w.w[1], round + 4);
            expand(w.w[1], w.w[2], w.w[3], w.w[0]);
            four_rounds(s, w.w[2], round + 8);
            expand(w.w[2], w.w[3], w.w[0], w.w[1]);
            four_rounds(s, w.w[3], round + 12);
            expand(w.w[3], w.w[0], w.w[1], w.w[2]);
        }
        for (int j = 0; j < 4; ++j) four_rounds(s, w.w[j], 48 + 4 * j);
        return sum(s, before);
    }

    [[gnu::always_inline]] static State digest(const State& inner)
    {
        const Half in = words(inner);
        Block w;
        for (std::size_t i = 0; i < n; ++i) {
            w.w[0][i] = in.w[0][i];
            w.w[1][i] = in.w[1][i];
            w.w[2][i] = _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000));
            w.w[3][i] = _mm_set_epi32(256, 0, 0, 0);
        }
        return compress(start(), w);
    }

    [[gnu::always_inline]] static State parent(const State& left, const Half& right)
    {
        const Half in = words(left);
        Block w;
        for (std::size_t i = 0; i < n; ++i) {
            w.w[0][i] = in.w[0][i];
            w.w[1][i] = in.w[1][i];
            w.w[2][i] = right.w[0][i];
            w.w[3][i] = right.w[1][i];
        }
        return digest(padded(compress(start(), w)));
    }

private:
    [[gnu::always_inline]] static void two_and_two(State& s, std::size_t i, __m128i sum)
    {
        s.cdgh[i] = _mm_sha256rnds2_epu32(s.cdgh[i], s.abef[i], sum);
        s.abef[i] = _mm_sha256rnds2_epu32(s.abef[i], s.cdgh[i], _mm_shuffle_epi32(sum, 0x0e));
        // Holds the streams in step: g++ would write one after the other, too far apart for the
        // processor to overlap them.
        asm volatile("" : "+x"(s.abef[i]));
    }
    [[gnu::always_inline]] static void four_rounds(State& s, const __m128i* w, int round)
    {
        const __m128i k = load(pool::lanes::round_constants + round);
        for (std::size_t i = 0; i < n; ++i) two_and_two(s, i, _mm_add_epi32(w[i], k));
    }
    // The next four words of the schedule from the sixteen before them, oldest in w0.
    [[gnu::always_inline]] static void expand(__m128i* w0, const __m128i* w1, const __m128i* w2,
                                              const __m128i* w3)
    {
        for (std::size_t i = 0; i < n; ++i) {
            const __m128i seven_back = _mm_alignr_epi8(w3[i], w2[i], 4);
            w0[i] = _mm_sha256msg2_epu32(
                _mm_add_epi32(_mm_sha256msg1_epu32(w0[i], w1[i]), seven_back), w3[i]);
        }
    }
    // The second block of a 64-byte message: nothing is to be expanded.
    [[gnu::always_inline]] static State padded(const State& before)
    {
        State s = before;
        for (int round = 0; round < 64; round += 4) {
            const __m128i kw = load(pool::lanes::padding_64.word + round);
            for (std::size_t i = 0; i < n; ++i) two_and_two(s, i, kw);
        }
        return sum(s, before);
    }
    [[gnu::always_inline]] static State sum(State s, const State& before)
    {
        for (std::size_t i = 0; i < n; ++i) {
            s.abef[i] = _mm_add_epi32(s.abef[i], before.abef[i]);
            s.cdgh[i] = _mm_add_epi32(s.cdgh[i], before.cdgh[i]);
        }
        return s;
    }
};

template <std::size_t n>
void roots(const RootTask* tasks, std::size_t count, Words8* out)
{
    pool::lanes::roots<ShaNi<n>>(tasks, count, out);
}

template <std::size_t n>
void headers(const HeaderTask* tasks, std::size_t count, Words8* out)
{
    pool::lanes::headers<ShaNi<n>>(tasks, count, out);
}

}  // namespace

extern const HeaderKernel shani_kernel{"sha-ni", 1, roots<1>, headers<1>};
extern const HeaderKernel shani2_kernel{"sha-ni-x2", 2, roots<2>, headers<2>};

}  // namespace pool
