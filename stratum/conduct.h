#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "pool/base/time.h"

/// What tells an honest peer from one that burns our time, of whichever protocol.
namespace stratum {

/// A token bucket: so many a second in the long run, `burst` at once. Begins full.
class Pace {
public:
    /// One more. False: too fast. per_second 0: no limit.
    bool take(double per_second, double burst, pool::SteadyTime now)
    {
        if (per_second <= 0) return true;
        const std::chrono::duration<double> since = now - refilled_;
        const bool fresh = refilled_ == pool::SteadyTime{};
        tokens_ = (fresh ? burst : std::min(tokens_ + since.count() * per_second, burst)) - 1;
        refilled_ = now;
        if (tokens_ >= 0) return true;
        tokens_ = 0;
        return false;
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
