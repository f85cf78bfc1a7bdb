#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pool/base/histogram.h"
#include "rpc/operator_info.h"

namespace pool {

/// What a histogram, or several together, had counted at one moment. A plain value.
struct TimesSum {
    std::array<std::uint64_t, Histogram::bounds.size() + 1> counts{};
    double seconds = 0;

    static TimesSum of(const Histogram& histogram);
    void add(const TimesSum& more);
};

/// How long things have taken lately: what was counted since the turn before the last one. One
/// thread.
class RecentTimes {
public:
    /// now: as it is counted at each turn; never less than before.
    void turn(const TimesSum& now)
    {
        before_ = last_;
        last_ = now;
    }
    rpc::StoreTimes lately(const TimesSum& now) const;

private:
    TimesSum before_;
    TimesSum last_;
};

}  // namespace pool
