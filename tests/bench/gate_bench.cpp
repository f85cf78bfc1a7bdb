#include "stratum/gate.h"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

// What the one lock that loops share costs them: it is taken when a connection comes and goes.
namespace {

constexpr std::uint32_t addresses = 10'000;

stratum::Gate& gate()
{
    static stratum::Gate one{[] {
        stratum::GateOptions options;
        options.address = {};
        options.prefix = {.connections = 1'000'000, .connects_per_second = 0, .connects_burst = 0};
        return options;
    }()};
    return one;
}

stratum::IpAddress address(std::uint32_t number)
{
    return stratum::parse_ip("10." + std::to_string(number >> 16 & 0xffU) + "." +
                             std::to_string(number >> 8 & 0xffU) + "." +
                             std::to_string(number & 0xffU))
        .value_or(stratum::IpAddress{});
}

// As fast as a thread can, which no loop ever does: beside it stands a handshake of 60 us and more.
void gate_comes_and_goes(benchmark::State& state)
{
    std::vector<stratum::IpAddress> known;
    for (std::uint32_t i = 0; i < addresses; ++i) known.push_back(address(i));
    std::minstd_rand random{static_cast<std::uint32_t>(state.thread_index() + 1)};
    const pool::SteadyTime now = pool::read_clock().steady;
    for (auto _ : state) {
        const stratum::IpAddress& one = known[random() % addresses];
        benchmark::DoNotOptimize(gate().admit(one, now));
        gate().release(one);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gate_comes_and_goes)->Threads(1)->Threads(2)->UseRealTime();

// Two loops that each do something else for so many microseconds between.
void gate_between_handshakes(benchmark::State& state)
{
    const stratum::IpAddress one = address(static_cast<std::uint32_t>(state.thread_index()));
    const auto work = std::chrono::microseconds{state.range(0)};
    double waited = 0;
    for (auto _ : state) {
        const auto until = std::chrono::steady_clock::now() + work;
        while (std::chrono::steady_clock::now() < until) benchmark::ClobberMemory();
        const auto begun = std::chrono::steady_clock::now();
        benchmark::DoNotOptimize(gate().admit(one, begun));
        gate().release(one);
        waited += std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun)
                      .count();
    }
    state.counters["ns_in_the_gate"] = benchmark::Counter(
        waited / static_cast<double>(state.iterations()), benchmark::Counter::kAvgThreads);
}
BENCHMARK(gate_between_handshakes)->Arg(60)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
