#pragma once

#include <cstdint>
#include <ctime>
#include <limits>

#include <benchmark/benchmark.h>

namespace bench {

/// What this thread has used of a processor, in seconds: others may be at work, too.
inline double thread_seconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The core's real clock in cycles a second: a chain of dependent additions takes one cycle each.
/// The time stamp counter runs at another speed, and virtual machines have no cycle counter.
inline double core_clock()
{
    constexpr std::uint64_t additions = 2'000'000;
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 5; ++round) {
        const double began = thread_seconds();
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
        const double took = thread_seconds() - began;
        best = took < best ? took : best;
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
        const double took = thread_seconds() - began_;
        state_.counters["ns"] = Counter(took * 1e9 / items);
        state_.counters["cycles"] = Counter(took * clock_ / items);
    }

private:
    benchmark::State& state_;
    double clock_;
    double began_ = thread_seconds();
};

}  // namespace bench
