#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "pool/base/time.h"

/// What tells an honest peer from one that burns our time, of whichever protocol.
namespace stratum {

/// How long a peer may be silent that needs `interval` for a share on average, for all that it
/// mines: a slow device at the lowest difficulty may need hours, and says nothing meanwhile.
/// `least` where nothing tells how fast it is: who has to connect again has lost no work by it.
inline std::chrono::nanoseconds patience(std::optional<std::chrono::duration<double>> interval,
                                         std::chrono::nanoseconds least)
{
    constexpr double intervals = 20;
    constexpr std::chrono::duration<double> most = std::chrono::hours{24 * 7};
    if (!interval) return least;
    return std::max(least, std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::min(intervals * *interval, most)));
}

/// A line's worth of bytes, where lines are counted: twice a submit. Who sends longer ones pays for
/// as many as they are worth, for padding is read, too.
inline constexpr double bytes_worth_a_line = 256;

/// A token bucket: so many a second in the long run, `burst` at once. Begins full.
class Pace {
public:
    /// One more, or `count`. False: too fast. per_second 0: no limit.
    bool take(double per_second, double burst, pool::SteadyTime now, double count = 1)
    {
        return per_second <= 0 || lacking(per_second, burst, now, count) <= 0;
    }
    /// Takes as many of `count` as there are; gives how many there were not. per_second > 0.
    double lacking(double per_second, double burst, pool::SteadyTime now, double count)
    {
        const std::chrono::duration<double> since = now - refilled_;
        const bool fresh = refilled_ == pool::SteadyTime{};
        tokens_ = (fresh ? burst : std::min(tokens_ + since.count() * per_second, burst)) - count;
        refilled_ = now;
        return -std::min(std::exchange(tokens_, std::max(tokens_, 0.0)), 0.0);
    }
    /// How many could be taken now, bursts aside.
    double left(double per_second, pool::SteadyTime now) const
    {
        const std::chrono::duration<double> since = now - refilled_;
        return tokens_ + since.count() * per_second;
    }
    /// Nothing was taken for so long.
    bool rested(std::chrono::seconds time, pool::SteadyTime now) const
    {
        return now - refilled_ >= time;
    }

private:
    double tokens_ = 0;
    pool::SteadyTime refilled_;
};

/// Firmware that has gone wrong and whoever burns our hashes look alike: many bad submits, hardly a
/// good one. Halving keeps the count to the last few hundred.
class BadShares {
public:
    void judged(bool bad)
    {
        constexpr std::uint16_t window = 256;
        if (++judged_ >= window) {
            judged_ = static_cast<std::uint16_t>(judged_ / 2);
            bad_ = static_cast<std::uint16_t>(bad_ / 2);
        }
        if (bad) ++bad_;
    }
    std::uint32_t bad() const { return bad_; }

private:
    std::uint16_t judged_ = 0;
    std::uint16_t bad_ = 0;
};

}  // namespace stratum
