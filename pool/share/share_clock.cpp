#include "pool/share/share_clock.h"

#include <algorithm>
#include <cstdint>

namespace pool {
namespace {

constexpr std::uint64_t ahead_ms =
    static_cast<std::uint64_t>(std::chrono::milliseconds{ShareClock::ahead_max}.count());

}  // namespace

UnixMillis ShareClock::estimate(Now now) const
{
    if (!anchor_) return now.wall;
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - anchor_->steady);
    return {anchor_->wall.value +
            static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0))};
}

bool ShareClock::runs_ahead(Now now, UnixMillis last) const
{
    return now.wall.value > std::max(estimate(now), last).value + ahead_ms;
}

UnixMillis ShareClock::time(Now now, UnixMillis last) const
{
    return std::max(runs_ahead(now, last) ? estimate(now) : now.wall, last);
}

// A clock that was set back is not followed: when it is put right again that is no jump ahead.
void ShareClock::follow(Now now)
{
    const UnixMillis expected = estimate(now);
    const std::uint64_t off =
        std::max(expected, now.wall).value - std::min(expected, now.wall).value;
    if (off <= ahead_ms) anchor_ = now;
}

}  // namespace pool
