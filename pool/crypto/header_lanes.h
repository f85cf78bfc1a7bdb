#pragma once

#include <cstddef>
#include <cstdint>

#include "pool/crypto/header_kernels.h"
#include "pool/crypto/sha256_kernels.h"

// The road from an extranonce to a header's hash, for any engine that hashes some lanes side by
// side. Each kernel's translation unit instantiates it with an engine of its own, in an anonymous
// namespace: no code of one instruction set may be linked into another's place.
namespace pool::lanes {

inline constexpr const std::uint32_t* round_constants = sha256_round_constants.data();

constexpr std::uint32_t rotated(std::uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

/// Round constants plus the expanded words of a block that is the same for every message.
struct ConstantBlock {
    alignas(64) std::uint32_t word[64];
};

/// The padding behind a message of 64 bytes.
constexpr ConstantBlock padding_of_64_bytes()
{
    ConstantBlock out{};
    std::uint32_t w[64]{};
    w[0] = 0x80000000;
    w[15] = 512;
    for (int i = 16; i < 64; ++i) {
        const std::uint32_t near = w[i - 2];
        const std::uint32_t far = w[i - 15];
        w[i] = w[i - 16] + w[i - 7] + (rotated(near, 17) ^ rotated(near, 19) ^ near >> 10) +
               (rotated(far, 7) ^ rotated(far, 18) ^ far >> 3);
    }
    for (int i = 0; i < 64; ++i) out.word[i] = w[i] + round_constants[i];
    return out;
}
inline constexpr ConstantBlock padding_64 = padding_of_64_bytes();

inline constexpr Words8 start_words{{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                     0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};

/// The first two blocks behind the midstate with the extranonce in its place.
struct alignas(64) Opening {
    std::uint32_t word[32];
};

template <typename Engine>
[[gnu::always_inline]] inline void fill(Opening& opening, const RootTask& task)
{
    const PlanWords& plan = *task.plan;
    const std::uint32_t words = plan.blocks > 1 ? 32 : 16;
    for (std::uint32_t i = 0; i < words; ++i) opening.word[i] = plan.coinbase[i];
    for (std::uint32_t i = 0; i < plan.hole_bytes; ++i) {
        const std::uint32_t at = plan.hole + i;
        // The plan has zeros here.
        opening.word[at / 4] |= std::uint32_t{task.extranonce[i]} << (24 - 8 * (at % 4));
    }
}

/// Roots of `count` tasks. Lanes without one repeat the first; lanes that are done keep what they
/// have while longer ones go on.
template <typename Engine>
[[gnu::always_inline]] inline void roots(const RootTask* tasks, std::size_t count, Words8* out)
{
    constexpr std::size_t lanes = Engine::lanes;
    Opening openings[lanes];
    const PlanWords* plans[lanes];
    const std::uint32_t* rows[lanes];
    std::uint32_t blocks = 0;
    std::uint32_t branches = 0;
    for (std::size_t i = 0; i < lanes; ++i) {
        const RootTask& task = tasks[i < count ? i : 0];
        plans[i] = task.plan;
        if (i < count) fill<Engine>(openings[i], task);
        rows[i] = plans[i]->midstate.word;
        blocks = blocks < plans[i]->blocks ? plans[i]->blocks : blocks;
        branches = branches < plans[i]->branches ? plans[i]->branches : branches;
    }
    typename Engine::State state = Engine::load_state(rows);
    for (std::uint32_t block = 0; block < blocks; ++block) {
        std::uint32_t live = 0;
        for (std::size_t i = 0; i < lanes; ++i) {
            const bool on = block < plans[i]->blocks;
            live |= std::uint32_t{on} << i;
            const std::uint32_t at = 16 * (on ? block : plans[i]->blocks - 1);
            rows[i] = at < 32 ? openings[i < count ? i : 0].word + at : plans[i]->coinbase + at;
        }
        Engine::update(state, Engine::compress(state, Engine::load_block(rows)), live);
    }
    state = Engine::digest(state);
    for (std::uint32_t node = 0; node < branches; ++node) {
        std::uint32_t live = 0;
        for (std::size_t i = 0; i < lanes; ++i) {
            const bool on = node < plans[i]->branches;
            live |= std::uint32_t{on} << i;
            rows[i] = on ? plans[i]->branch + 8 * node : plans[i]->midstate.word;
        }
        Engine::update(state, Engine::parent(state, Engine::load_half(rows)), live);
    }
    Engine::store(state, out, count);
    Engine::leave();
}

/// Hashes of `count` headers.
template <typename Engine>
[[gnu::always_inline]] inline void headers(const HeaderTask* tasks, std::size_t count, Words8* out)
{
    constexpr std::size_t lanes = Engine::lanes;
    Opening texts[lanes];
    const std::uint32_t* rows[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
        rows[i] = texts[i < count ? i : 0].word;
        if (i >= count) continue;
        const HeaderTask& task = tasks[i];
        std::uint32_t* const text = texts[i].word;
        text[0] = __builtin_bswap32(task.version);
        for (int j = 0; j < 8; ++j) text[1 + j] = task.plan->previous.word[j];
        for (int j = 0; j < 8; ++j) text[9 + j] = task.root->word[j];
        text[17] = __builtin_bswap32(task.time);
        text[18] = __builtin_bswap32(task.plan->bits);
        text[19] = __builtin_bswap32(task.nonce);
        text[20] = 0x80000000;
        for (int j = 21; j < 31; ++j) text[j] = 0;
        text[31] = 640;
    }
    typename Engine::State state = Engine::compress(Engine::start(), Engine::load_block(rows));
    for (const std::uint32_t*& row : rows) row += 16;
    state = Engine::compress(state, Engine::load_block(rows));
    Engine::store(Engine::digest(state), out, count);
    Engine::leave();
}

}  // namespace pool::lanes
