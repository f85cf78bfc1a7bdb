#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>

#include "pool/base/time.h"
#include "pool/base/uint256.h"

namespace stratum {

/// The windows that hashrates are shown over, in seconds: 1, 5, 10, 15 minutes, hour, six hours,
/// day, week.
inline constexpr std::array<double, 8> rate_windows{60,   300,    600,    900,
                                                    3600, 21'600, 86'400, 604'800};
enum class RateWindow : std::uint8_t { m1, m5, m10, m15, h1, h6, d1, d7 };

/// Averages of a stretch of time that fade out, as they stand at one moment. Those of several
/// connections can be added: the sum counts as old as the oldest.
struct FadingRates {
    std::array<double, rate_windows.size()> faded{};  ///< hashes a second, as if from 0 on
    double age_seconds = 0;

    void add(const FadingRates& other)
    {
        for (std::size_t i = 0; i < faded.size(); ++i) faded[i] += other.faded[i];
        age_seconds = std::max(age_seconds, other.age_seconds);
    }
    /// What is left when nothing has come for so long.
    void fade(double seconds)
    {
        for (std::size_t i = 0; i < faded.size(); ++i) {
            faded[i] *= std::exp(-seconds / rate_windows[i]);
        }
        age_seconds += seconds;
    }
    /// Hashes a second. A young worker's average is taken over its age: it begins with what the
    /// worker does, not with a slow rise from nothing.
    double over(RateWindow window) const
    {
        const auto at = static_cast<std::size_t>(window);
        const double age = std::max(age_seconds, 1.0);
        return faded[at] / -std::expm1(-age / rate_windows[at]);
    }
};

/// What a worker earned lately, as hashrates for people, in 96 bytes. Statistics: money never
/// reads it. A share costs an addition; once a second the sum is folded in.
class WorkMeter {
public:
    explicit WorkMeter(pool::SteadyTime since) : since_(since), folded_(since) {}

    void add(pool::U128 work, pool::SteadyTime now)
    {
        if (now - folded_ >= fold_every) {
            rates_ = at(now);
            folded_ = now;
            pending_ = 0;
        }
        pending_ += static_cast<double>(work);
    }

    FadingRates at(pool::SteadyTime now) const
    {
        FadingRates out = rates_;
        // What is pending came in the first second; the rest of the time nothing did.
        const double passed = std::max(seconds(now - folded_), fold_seconds);
        out.fade(fold_seconds);
        for (std::size_t i = 0; i < out.faded.size(); ++i) {
            out.faded[i] += pending_ / fold_seconds * -std::expm1(-fold_seconds / rate_windows[i]);
        }
        out.fade(passed - fold_seconds);
        out.age_seconds = std::max(seconds(now - since_), 0.0);
        return out;
    }

private:
    static constexpr std::chrono::seconds fold_every{1};
    static constexpr double fold_seconds = 1;
    static double seconds(std::chrono::nanoseconds time)
    {
        return std::chrono::duration<double>(time).count();
    }

    pool::SteadyTime since_;
    pool::SteadyTime folded_;
    FadingRates rates_;  // as of folded_
    double pending_ = 0;
};

}  // namespace stratum
