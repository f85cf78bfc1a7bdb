#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "stratum/variants.h"

namespace stratum {

/// From a job's sending to a connection until the first accepted share of it comes back: a machine
/// that is late to take up new work shows here, and so does a slow line. Of each job that brought
/// one while it was the newest; others say nothing.
///
/// Costs a share one comparison, and a job's first share two writes. No clock; one thread.
class FirstShare {
public:
    struct Times {
        std::chrono::milliseconds last{0};
        std::chrono::milliseconds mean{0};  ///< fading out over some eight jobs
    };

    /// `job` is the newest from here on. Again the newest one is no news, for other channels of the
    /// connection get it, too; nor is the job that came before its variants, for they get it still.
    void sent(pool::JobId job, pool::SteadyTime now)
    {
        if (job == newest_ || job == regular_) return;
        newest_ = job;
        if (!is_variant(job)) regular_ = job;
        awaited_ = job;
        sent_ = now;
    }

    /// An accepted share of `job`. now: not before sent().
    void came(pool::JobId job, pool::SteadyTime now)
    {
        if (job != awaited_) return;
        awaited_ = none;
        const std::chrono::duration<float, std::milli> took = now - sent_;
        mean_ms_ = measured() ? mean_ms_ + (took.count() - mean_ms_) / jobs_in_mean : took.count();
        last_ms_ = took.count();
    }

    /// Nothing before the first one.
    std::optional<Times> times() const
    {
        if (!measured()) return std::nullopt;
        const auto whole = [](float ms) { return std::chrono::milliseconds{std::lround(ms)}; };
        return Times{whole(last_ms_), whole(mean_ms_)};
    }

private:
    static constexpr pool::JobId none{UINT64_MAX};
    static constexpr float jobs_in_mean = 8;
    bool measured() const { return last_ms_ >= 0; }

    pool::JobId newest_ = none;
    pool::JobId regular_ = none;  // the newest that is no variant
    pool::JobId awaited_ = none;
    pool::SteadyTime sent_;
    float last_ms_ = -1;
    float mean_ms_ = 0;
};

}  // namespace stratum
