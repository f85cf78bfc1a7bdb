#include "pool/bitcoin/chain_rules.h"

#include <algorithm>
#include <cstdint>

#include "pool/base/hash.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::uint32_t blocks_a_period = 2016;

std::uint32_t blocks_a_halving(Chain chain) { return chain == Chain::regtest ? 150 : 210'000; }

}  // namespace

bool has_minimum_difficulty_blocks(Chain chain) { return chain == Chain::testnet4; }

bool target_and_reward_stay(Chain chain, Height height)
{
    if (has_minimum_difficulty_blocks(chain)) return false;
    return height.value % blocks_a_period != 0 && height.value % blocks_a_halving(chain) != 0;
}

Sats subsidy_of(Chain chain, Height height)
{
    constexpr std::int64_t begun = 5'000'000'000;
    const std::uint32_t halvings = height.value / blocks_a_halving(chain);
    return halvings < 64 ? Sats{begun >> halvings} : Sats{0};
}

std::optional<Period> period_of(Chain chain, Height tip)
{
    if (chain == Chain::regtest) return std::nullopt;
    const std::uint32_t first = tip.value / blocks_a_period * blocks_a_period;
    return Period{Height{first}, Height{first + blocks_a_period}};
}

std::optional<double> difficulty_change(const Period& period, Height tip, UnixTime began,
                                        UnixMillis now)
{
    constexpr double seconds_a_block = 600;
    constexpr double most = 4;  // by validation's own rule, either way
    const double passed = static_cast<double>(now.value) / 1000 - began.seconds;
    if (tip <= period.first || passed <= 0) return std::nullopt;
    const double blocks = tip.value - period.first.value;
    return std::clamp(blocks * seconds_a_block / passed, 1 / most, most) - 1;
}

Bytes empty_block_commitment()
{
    // The witness root of a lone coinbase is zero (its wtxid counts as zero), and so is the
    // reserved value: sha256d of 64 zero bytes, e2f61c3f…8cf9.
    const Digest commitment = sha256d_pair(Digest{}, Digest{});
    Bytes script{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    script.insert(script.end(), commitment.begin(), commitment.end());
    return script;
}

}  // namespace pool
