#pragma once

#include "pool/base/bytes.h"
#include "pool/base/types.h"

namespace pool {

/// False for the first block of a difficulty period and of a reward period: its nBits or its
/// subsidy are not those of the block before, so that only a node's template tells them. False
/// always where nBits depends on the header's time (testnet4).
bool target_and_reward_stay(Chain chain, Height height);

/// A block more than 20 minutes after the one before has the least difficulty (testnet4).
bool has_minimum_difficulty_blocks(Chain chain);

/// The output script that commits to the witness of a block without transactions (BIP 141).
Bytes empty_block_commitment();

}  // namespace pool
