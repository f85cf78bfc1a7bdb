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

/// Nothing, when that was before 1970.
std::optional<UnixMillis> before(UnixMillis now, std::chrono::milliseconds by)
{
    const auto ms = static_cast<std::uint64_t>(by.count());
    if (now.value <= ms) return {};
    return UnixMillis{now.value - ms};
}

}  // namespace

std::optional<std::uint64_t> sealable_through(std::span<const UnixMillis> watermarks,
                                              UnixMillis now, const Waiting& waiting,
                                              const SealRules& rules)
{
    std::optional<std::uint64_t> through;
    if (!watermarks.empty()) {
        through = ended_before(*std::min_element(watermarks.begin(), watermarks.end()));
    }
    std::optional<UnixMillis> by_age = before(now, rules.lag);
    // Under load there is always one on its way.
    const bool old = waiting.pending_since && by_age && *waiting.pending_since < *by_age;
    if (waiting.drained && !old) {
        if (const auto& held = waiting.unbooked_since; by_age && held) {
            const UnixMillis longest = before(now, rules.journal_lag).value_or(UnixMillis{});
            by_age = std::min(*by_age, std::max(*held, longest));
        }
        const auto by_lag = by_age ? ended_before(*by_age) : std::nullopt;
        if (by_lag && (!through || *through < *by_lag)) through = by_lag;
    }
    // A producer whose clock is ahead must not close minutes that others still mine in.
    const auto by_clock = ended_before(now);
    return through && by_clock ? std::min(through, by_clock) : std::nullopt;
}

UnixMillis Sealing::follow(pool::Now now)
{
    const UnixMillis wall = clock_.time(now, {});
    clock_.follow(now);
    return wall;
}

pool::Result<std::optional<std::uint64_t>> Sealing::due(
    std::span<const UnixMillis> watermarks, pool::Now now, const Waiting& waiting,
    std::uint64_t sealed, const std::function<pool::Result<UnixMillis>()>& database)
{
    const UnixMillis wall = follow(now);
    const auto news = [&](UnixMillis at) {
        const auto through = sealable_through(watermarks, at, waiting, rules_);
        return through && *through > sealed ? through : std::nullopt;
    };
    if (!news(wall)) return std::nullopt;
    const auto truth = database();
    if (!truth) return pool::fail(truth.error());
    return news(std::min(wall, *truth));
}

Booking book_into(std::uint64_t slot, std::uint64_t sealed_through)
{
    if (slot > sealed_through) return {slot, false};
    return {sealed_through + 1, true};
}

}  // namespace payouts
