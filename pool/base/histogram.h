#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "pool/base/metrics.h"

namespace pool {

/// How long things took: how often, by upper bound. One thread adds, any thread reads; no lock, no
/// order promised.
class Histogram {
public:
    /// Seconds; above the last of them is one more bucket.
    static constexpr std::array<double, 13> bounds{
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

    /// times: so many things took that long together.
    void add(std::chrono::nanoseconds took, std::uint64_t times = 1)
    {
        const double seconds = std::chrono::duration<double>(took).count();
        std::size_t at = 0;
        while (at < bounds.size() && seconds > bounds[at]) ++at;
        counts_[at].add(times);
        sum_ns_.add(took.count() > 0 ? static_cast<std::uint64_t>(took.count()) * times : 0);
    }
    /// Of the bucket up to bounds[at], alone; bounds.size(): of those above.
    std::uint64_t in_bucket(std::size_t at) const { return counts_[at].value(); }
    double sum_seconds() const { return static_cast<double>(sum_ns_.value()) / 1e9; }

private:
    std::array<Counter, bounds.size() + 1> counts_;
    Counter sum_ns_;
};

}  // namespace pool
