#include "payouts/window_size.h"

#include <algorithm>

#include "pool/base/result.h"

namespace payouts {

using pool::U128;

U128 window_size(U128 begun, std::span<const WindowStep> steps, U128 score_before)
{
    // The last change: its N, how far the window reached then, and the score before it.
    U128 size = begun;
    U128 reach = 0;
    U128 at = 0;
    bool changed = false;
    const auto size_at = [&](U128 score) {
        pool::check(score >= at, "slots are asked in order");
        return changed ? std::min(size, reach + (score - at)) : size;
    };
    for (const WindowStep& step : steps) {
        reach = std::min(size_at(step.score_before), step.score_before);
        size = step.size;
        at = step.score_before;
        changed = true;
    }
    return size_at(score_before);
}

}  // namespace payouts
