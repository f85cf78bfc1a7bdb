#include "tests/bench/stalls.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <pthread.h>

namespace tests {
namespace {

using Clock = std::chrono::steady_clock;

Stalls watch_the_clock(Clock::duration duration)
{
    constexpr std::chrono::milliseconds long_one{1};
    Stalls out;
    Clock::duration lost{};
    Clock::duration worst{};
    const Clock::time_point begin = Clock::now();
    Clock::time_point last = begin;
    while (last - begin < duration) {
        const Clock::time_point now = Clock::now();
        const Clock::duration gap = now - last;
        last = now;
        worst = std::max(worst, gap);
        if (gap < long_one) continue;
        ++out.long_ones;
        lost += gap;
    }
    using Seconds = std::chrono::duration<double>;
    out.seconds = Seconds{last - begin}.count();
    out.share = Seconds{lost}.count() / out.seconds;
    out.worst_ms = Seconds{worst}.count() * 1e3;
    return out;
}

}  // namespace

Stalls measure_stalls(std::chrono::seconds duration)
{
    const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
    std::vector<Stalls> each(cores);
    std::vector<std::thread> threads;
    for (unsigned core = 0; core < cores; ++core) {
        threads.emplace_back([&, core] {
            cpu_set_t only;
            CPU_ZERO(&only);
            CPU_SET(core, &only);
            ::pthread_setaffinity_np(::pthread_self(), sizeof only, &only);
            each[core] = watch_the_clock(duration);
        });
    }
    for (std::thread& thread : threads) thread.join();
    Stalls all;
    for (const Stalls& one : each) {
        all.seconds += one.seconds;
        all.long_ones += one.long_ones;
        all.share += one.share / cores;
        all.worst_ms = std::max(all.worst_ms, one.worst_ms);
    }
    return all;
}

}  // namespace tests
