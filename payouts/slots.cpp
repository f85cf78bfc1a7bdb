#include "payouts/slots.h"

#include <algorithm>

#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::UnixMillis;

/// The newest slot that ended at or before `at`.
std::optional<std::uint64_t> ended_before(UnixMillis at)
{
    const std::uint64_t current = pool::slot_of(at);
    if (current == 0) return {};
    return current - 1;
}

}  // namespace

std::optional<std::uint64_t> sealable_through(std::span<const UnixMillis> watermarks,
                                              UnixMillis now, bool drained, const SealRules& rules)
{
    std::optional<std::uint64_t> through;
    if (!watermarks.empty()) {
        through = ended_before(*std::min_element(watermarks.begin(), watermarks.end()));
    }
    const auto lag = static_cast<std::uint64_t>(std::chrono::milliseconds{rules.lag}.count());
    if (drained && now.value > lag) {
        const auto by_lag = ended_before(UnixMillis{now.value - lag});
        if (by_lag && (!through || *through < *by_lag)) through = by_lag;
    }
    // A producer whose clock is ahead must not close minutes that others still mine in.
    const auto by_clock = ended_before(now);
    return through && by_clock ? std::min(through, by_clock) : std::nullopt;
}

Booking book_into(std::uint64_t slot, std::uint64_t sealed_through)
{
    if (slot > sealed_through) return {slot, false};
    return {sealed_through + 1, true};
}

}  // namespace payouts
