#pragma once

#include <cstdint>
#include <string_view>

#include "payouts/ledger.h"
#include "pool/base/types.h"
#include "pool/node/node.h"

/// The life of a found block (charter, decision 19): what the chain says, what the books hold, and
/// which entry comes next. Pure.
namespace payouts {

/// What the books hold of a block.
enum class BlockBooks : std::uint8_t {
    nothing,  ///< never credited, or reversed
    accrued,  ///< credited, not yet to be spent
    matured,  ///< credits are available: only people may undo them
};

struct BlockView {
    BlockState state = BlockState::submitted;
    BlockBooks books = BlockBooks::nothing;
    std::uint64_t found_slot = 0;
    pool::Sighting sighting;  ///< the last one that said something
};

struct BlockRules {
    unsigned maturity_extra = 0;
    unsigned orphan_depth = 6;
};

enum class BlockStep : std::uint8_t {
    none,
    accrue,   ///< write the credits
    mature,   ///< make them available
    reverse,  ///< take them back; the next accrual is a new epoch
};

struct BlockPlan {
    BlockStep step = BlockStep::none;
    BlockState state = BlockState::submitted;  ///< after the step
    bool alarm = false;  ///< a matured block has left the chain: see carry_out
};

/// sealed_through: all slots up to here are sealed. A block is credited once the slot before its
/// own is: from then on its window can't change any more.
BlockPlan plan(const BlockView& block, std::uint64_t sealed_through, const BlockRules& rules);

}  // namespace payouts
