#pragma once

#include <span>

#include "pool/base/uint256.h"

/// How large the window is while N changes (docs/money.md). Pure.
namespace payouts {

/// An announced change of N.
struct WindowStep {
    pool::U128 size = 0;          ///< N from the change's slot on
    pool::U128 score_before = 0;  ///< of all slots before that one, the seed included
};

/// The window of a block before whose slot lies `score_before`, in units of 10^-18.
///
/// begun: N before the first change. steps: the changes up to the block's slot, in order.
/// A smaller N holds at once. A larger one is grown into: the window's old end stays where it was
/// in the change's slot until N has been scored since, so that no share that has fallen out of the
/// window comes back. 0 when there is no history yet.
pool::U128 window_size(pool::U128 begun, std::span<const WindowStep> steps,
                       pool::U128 score_before);

}  // namespace payouts
