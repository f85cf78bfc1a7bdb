#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "pool/base/time.h"
#include "pool/base/uint256.h"

namespace stratum {

/// Sums of work in `count` buckets of `seconds` each: a sliding window without a list of shares.
template <std::size_t count, std::int64_t seconds>
class WorkRing {
public:
    void add(pool::U128 work, std::int64_t age_seconds)
    {
        const std::int64_t at = age_seconds / seconds;
        for (; newest_ < at; ++newest_) {
            if (at - newest_ > static_cast<std::int64_t>(count)) {
                newest_ = at - static_cast<std::int64_t>(count);
            }
            bucket(newest_ + 1) = 0;
        }
        bucket(at) += work;
    }

    /// Expected hashes a second over the window, or over the whole age where that is shorter.
    double rate(std::int64_t age_seconds) const
    {
        const std::int64_t at = age_seconds / seconds;
        const std::int64_t first = std::max<std::int64_t>(at - width() + 1, 0);
        pool::U128 sum = 0;
        for (std::int64_t i = first; i <= std::min(at, newest_); ++i) {
            sum += buckets_[static_cast<std::size_t>(i % width())];
        }
        const std::int64_t covered = age_seconds - first * seconds;
        return static_cast<double>(sum) / static_cast<double>(std::max<std::int64_t>(covered, 1));
    }

private:
    static constexpr std::int64_t width() { return static_cast<std::int64_t>(count); }
    pool::U128& bucket(std::int64_t at) { return buckets_[static_cast<std::size_t>(at % width())]; }

    std::array<pool::U128, count> buckets_{};
    std::int64_t newest_ = 0;
};

/// What a worker earned lately, as a hashrate for people. Statistics: money never reads it.
class WorkMeter {
public:
    explicit WorkMeter(pool::SteadyTime since) : since_(since) {}

    void add(pool::U128 work, pool::SteadyTime now)
    {
        minute_.add(work, age(now));
        ten_minutes_.add(work, age(now));
    }
    double per_second_1m(pool::SteadyTime now) const { return minute_.rate(age(now)); }
    double per_second_10m(pool::SteadyTime now) const { return ten_minutes_.rate(age(now)); }

private:
    std::int64_t age(pool::SteadyTime now) const
    {
        return std::max<std::int64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(now - since_).count(), 0);
    }
    pool::SteadyTime since_;
    WorkRing<6, 10> minute_;
    WorkRing<10, 60> ten_minutes_;
};

}  // namespace stratum
