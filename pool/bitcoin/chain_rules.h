#pragma once

#include <optional>

#include "pool/base/bytes.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

namespace pool {

/// False for the first block of a difficulty period and of a reward period: its nBits or its
/// subsidy are not those of the block before, so that only a node's template tells them. False
/// always where nBits depends on the header's time (testnet4).
bool target_and_reward_stay(Chain chain, Height height);

/// What a block pays besides its fees.
Sats subsidy_of(Chain chain, Height height);

/// A block more than 20 minutes after the one before has the least difficulty (testnet4).
bool has_minimum_difficulty_blocks(Chain chain);

/// The blocks `first` ..= `next` - 1 have one difficulty, but for testnet4's minimum.
struct Period {
    Height first;
    Height next;  ///< the first one of another difficulty
};
/// The one of `tip`. Nothing where the difficulty never changes (regtest).
std::optional<Period> period_of(Chain chain, Height tip);

/// By which part the difficulty rises at the period's end, if blocks come on as they have since its
/// first one, at `began`: 0.03 is three hundredths more. Within the rule's own bounds, -0.75 ..= 3.
/// An estimate, for people. Nothing while there is one block, or `now` is not after `began`.
std::optional<double> difficulty_change(const Period& period, Height tip, UnixTime began,
                                        UnixMillis now);

/// The output script that commits to the witness of a block without transactions (BIP 141).
Bytes empty_block_commitment();

}  // namespace pool
