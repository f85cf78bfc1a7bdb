#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "pool/crypto/header_lanes.h"

namespace pool::lanes {

/// SHA-256 with word j of every lane in vector j: the digest of one hash is the message of the
/// next without a byte moved. `Lane` says what a vector is and how one computes with it.
template <typename Lane>
struct Sliced {
    using V = typename Lane::V;
    static constexpr std::size_t lanes = Lane::width;

    struct State {
        V w[8];
    };
    struct Block {
        V w[16];
    };

    [[gnu::always_inline]] static State start()
    {
        State out;
        for (int i = 0; i < 8; ++i) out.w[i] = Lane::all(start_words.word[i]);
        return out;
    }
    [[gnu::always_inline]] static State load_state(const std::uint32_t* const* rows)
    {
        State out;
        Lane::load_8(rows, out.w);
        return out;
    }
    [[gnu::always_inline]] static State load_half(const std::uint32_t* const* rows)
    {
        return load_state(rows);
    }
    [[gnu::always_inline]] static Block load_block(const std::uint32_t* const* rows)
    {
        Block out;
        Lane::load_16(rows, out.w);
        return out;
    }
    [[gnu::always_inline]] static void store(const State& state, Words8* out, std::size_t count)
    {
        Lane::store_8(state.w, out, count);
    }
    [[gnu::always_inline]] static void leave() { Lane::leave(); }

    /// Takes over the lanes of `next` that are set in `live`.
    [[gnu::always_inline]] static void update(State& state, const State& next, std::uint32_t live)
    {
        constexpr auto all = static_cast<std::uint32_t>((std::uint64_t{1} << lanes) - 1);
        if (live == all) {
            state = next;
            return;
        }
        for (int i = 0; i < 8; ++i) state.w[i] = Lane::select(live, next.w[i], state.w[i]);
    }

    /// One block of a message.
    [[gnu::noinline]] static State compress(const State& before, const Block& block)
    {
        State s = before;
        Block w = block;
        sixteen_given(s, w, round_constants, std::make_index_sequence<16>{});
        for (int round = 16; round < 64; round += 16) {
            sixteen(s, w, round_constants + round, std::make_index_sequence<16>{});
        }
        add(s, before);
        return s;
    }

    /// SHA-256 of a digest. Half of the message is known, which shortens the first expansion.
    [[gnu::noinline]] static State digest(const State& inner)
    {
        State s = start();
        Block w;
        for (int i = 0; i < 8; ++i) w.w[i] = inner.w[i];
        w.w[8] = Lane::all(0x80000000);
        for (int i = 9; i < 15; ++i) w.w[i] = Lane::all(0);
        w.w[15] = Lane::all(256);
        sixteen_given(s, w, round_constants, std::make_index_sequence<16>{});
        expand_digest(w.w);
        sixteen_given(s, w, round_constants + 16, std::make_index_sequence<16>{});
        for (int round = 32; round < 64; round += 16) {
            sixteen(s, w, round_constants + round, std::make_index_sequence<16>{});
        }
        add(s, start());
        return s;
    }

    /// SHA-256 twice of two digests side by side.
    [[gnu::always_inline]] static State parent(const State& left, const State& right)
    {
        Block w;
        for (int i = 0; i < 8; ++i) w.w[i] = left.w[i];
        for (int i = 0; i < 8; ++i) w.w[8 + i] = right.w[i];
        return digest(padded(compress(start(), w)));
    }

private:
    [[gnu::always_inline]] static V big_0(V x)
    {
        return Lane::xor_3(Lane::template rotr<2>(x), Lane::template rotr<13>(x),
                           Lane::template rotr<22>(x));
    }
    [[gnu::always_inline]] static V big_1(V x)
    {
        return Lane::xor_3(Lane::template rotr<6>(x), Lane::template rotr<11>(x),
                           Lane::template rotr<25>(x));
    }
    [[gnu::always_inline]] static V small_0(V x)
    {
        return Lane::xor_3(Lane::template rotr<7>(x), Lane::template rotr<18>(x),
                           Lane::template shr<3>(x));
    }
    [[gnu::always_inline]] static V small_1(V x)
    {
        return Lane::xor_3(Lane::template rotr<17>(x), Lane::template rotr<19>(x),
                           Lane::template shr<10>(x));
    }
    [[gnu::always_inline]] static V sum(V a, V b, V c) { return Lane::add(Lane::add(a, b), c); }

    [[gnu::always_inline]] static void add(State& to, const State& what)
    {
        for (int i = 0; i < 8; ++i) to.w[i] = Lane::add(to.w[i], what.w[i]);
    }

    // The letters of FIPS 180-4 move one place a round; here they stay and their names move.
    template <std::size_t I>
    [[gnu::always_inline]] static void round(State& s, V word_and_constant)
    {
        const V& a = s.w[(0 - I) & 7];
        const V& b = s.w[(1 - I) & 7];
        const V& c = s.w[(2 - I) & 7];
        V& d = s.w[(3 - I) & 7];
        const V& e = s.w[(4 - I) & 7];
        const V& f = s.w[(5 - I) & 7];
        const V& g = s.w[(6 - I) & 7];
        V& h = s.w[(7 - I) & 7];
        // Whatever does not wait for e is added up beside: the way from e to e is what takes long.
        const V early = Lane::add(h, word_and_constant);
        const V late = Lane::add(big_1(e), Lane::choose(e, f, g));
        d = Lane::add(Lane::add(d, early), late);
        h = Lane::add(Lane::add(early, late), Lane::add(big_0(a), Lane::majority(a, b, c)));
    }

    template <std::size_t... I>
    [[gnu::always_inline]] static void sixteen_given(State& s, const Block& w,
                                                     const std::uint32_t* k,
                                                     std::index_sequence<I...>)
    {
        (round<I>(s, Lane::add(w.w[I], Lane::all(k[I]))), ...);
    }

    template <std::size_t I>
    [[gnu::always_inline]] static void expand(V* w)
    {
        w[I] = Lane::add(sum(w[I], small_1(w[(I + 14) % 16]), w[(I + 9) % 16]),
                         small_0(w[(I + 1) % 16]));
    }

    template <std::size_t... I>
    [[gnu::always_inline]] static void sixteen(State& s, Block& w, const std::uint32_t* k,
                                               std::index_sequence<I...>)
    {
        ((expand<I>(w.w), round<I>(s, Lane::add(w.w[I], Lane::all(k[I])))), ...);
    }

    // Words 16 to 31 when 9 to 14 are zero.
    [[gnu::always_inline]] static void expand_digest(V* w)
    {
        constexpr std::uint32_t w8 = 0x80000000;
        constexpr std::uint32_t w15 = 256;
        constexpr std::uint32_t small_0_of_w8 = rotated(w8, 7) ^ rotated(w8, 18) ^ w8 >> 3;
        constexpr std::uint32_t small_0_of_w15 = rotated(w15, 7) ^ rotated(w15, 18) ^ w15 >> 3;
        constexpr std::uint32_t small_1_of_w15 = rotated(w15, 17) ^ rotated(w15, 19) ^ w15 >> 10;
        w[0] = Lane::add(w[0], small_0(w[1]));
        w[1] = sum(w[1], small_0(w[2]), Lane::all(small_1_of_w15));
        w[2] = sum(w[2], small_0(w[3]), small_1(w[0]));
        w[3] = sum(w[3], small_0(w[4]), small_1(w[1]));
        w[4] = sum(w[4], small_0(w[5]), small_1(w[2]));
        w[5] = sum(w[5], small_0(w[6]), small_1(w[3]));
        w[6] = Lane::add(sum(w[6], small_0(w[7]), small_1(w[4])), Lane::all(w15));
        w[7] = Lane::add(sum(w[7], small_1(w[5]), w[0]), Lane::all(small_0_of_w8));
        w[8] = sum(small_1(w[6]), w[1], Lane::all(w8));
        w[9] = Lane::add(small_1(w[7]), w[2]);
        w[10] = Lane::add(small_1(w[8]), w[3]);
        w[11] = Lane::add(small_1(w[9]), w[4]);
        w[12] = Lane::add(small_1(w[10]), w[5]);
        w[13] = Lane::add(small_1(w[11]), w[6]);
        w[14] = sum(small_1(w[12]), w[7], Lane::all(small_0_of_w15));
        w[15] = Lane::add(sum(small_1(w[13]), w[8], small_0(w[0])), Lane::all(w15));
    }

    template <std::size_t... I>
    [[gnu::always_inline]] static void sixteen_constant(State& s, const std::uint32_t* kw,
                                                        std::index_sequence<I...>)
    {
        (round<I>(s, Lane::all(kw[I])), ...);
    }

    // The second block of a 64-byte message: its words are known, and nothing is to be expanded.
    [[gnu::noinline]] static State padded(const State& before)
    {
        State s = before;
        for (int round = 0; round < 64; round += 16) {
            sixteen_constant(s, padding_64.word + round, std::make_index_sequence<16>{});
        }
        add(s, before);
        return s;
    }
};

}  // namespace pool::lanes
