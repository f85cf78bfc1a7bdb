#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include <benchmark/benchmark.h>

namespace bench {

/// The core's real clock in cycles a second: a chain of dependent additions takes one cycle each.
/// The time stamp counter runs at another speed, and virtual machines have no cycle counter.
inline double core_clock()
{
    constexpr std::uint64_t additions = 2'000'000;
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 5; ++round) {
        const auto began = std::chrono::steady_clock::now();
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < additions / 8; ++i) {
#if defined(__x86_64__)
            asm volatile(
                "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\t"
                "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0"
                : "+r"(sum));
#else
            sum += 8;
            benchmark::DoNotOptimize(sum);
#endif
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = took.count() < best ? took.count() : best;
    }
    return static_cast<double>(additions) / best;
}

/// Measures the loop of a benchmark, which must begin right after it is made, and reports the
/// time and the clock cycles that one of its items took.
class Stopwatch {
public:
    explicit Stopwatch(benchmark::State& state) : state_(state), clock_(core_clock()) {}

    /// The loop is over and has done `items` things in all.
    void stop(double items)
    {
        using benchmark::Counter;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
        state_.counters["ns"] = Counter(took.count() * 1e9 / items);
        state_.counters["cycles"] = Counter(took.count() * clock_ / items);
    }

private:
    benchmark::State& state_;
    double clock_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace bench
