#pragma once

#include <chrono>
#include <optional>

#include "pool/base/time.h"

namespace pool {

/// The wall clock for records and slots, checked by the monotonic one: a clock that is set far
/// ahead would put shares into minutes that are sealed only when it is that late in truth. Set
/// back, it is believed: records then wait at their last time (Producer). Pure.
class ShareClock {
public:
    static constexpr std::chrono::minutes ahead_max{10};

    /// The wall clock's time; or, when that is more than ahead_max beyond both `last` and what the
    /// monotonic clock makes of the readings before, the latter. Never before `last`.
    UnixMillis time(Now now, UnixMillis last) const;
    /// Is the wall clock refused?
    bool runs_ahead(Now now, UnixMillis last) const;
    /// To be told of each reading that was used. The first one is believed.
    void follow(Now now);

private:
    /// What the wall clock should say now.
    UnixMillis estimate(Now now) const;
    std::optional<Now> anchor_;  // the last reading of both that was believed
};

}  // namespace pool
