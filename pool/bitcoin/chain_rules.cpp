#include "pool/bitcoin/chain_rules.h"

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
