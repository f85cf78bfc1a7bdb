#include "pool/app/recent_times.h"

#include <limits>

namespace pool {

TimesSum TimesSum::of(const Histogram& histogram)
{
    TimesSum sum;
    for (std::size_t at = 0; at < sum.counts.size(); ++at) {
        sum.counts[at] = histogram.in_bucket(at);
    }
    sum.seconds = histogram.sum_seconds();
    return sum;
}

void TimesSum::add(const TimesSum& more)
{
    for (std::size_t at = 0; at < counts.size(); ++at) counts[at] += more.counts[at];
    seconds += more.seconds;
}

rpc::StoreTimes RecentTimes::lately(const TimesSum& now) const
{
    rpc::StoreTimes times;
    std::array<std::uint64_t, Histogram::bounds.size() + 1> counts{};
    for (std::size_t at = 0; at < counts.size(); ++at) {
        counts[at] = now.counts[at] - before_.counts[at];
        times.answers += counts[at];
    }
    if (times.answers == 0) return times;
    times.mean_s = (now.seconds - before_.seconds) / static_cast<double>(times.answers);
    times.p99_s = std::numeric_limits<double>::infinity();
    std::uint64_t up_to = 0;
    for (std::size_t at = 0; at < Histogram::bounds.size(); ++at) {
        up_to += counts[at];
        if (up_to * 100 < times.answers * 99) continue;
        times.p99_s = Histogram::bounds[at];
        break;
    }
    return times;
}

}  // namespace pool
