// The table of duplicates when it holds ten million shares.
#include "pool/share/seen.h"

#include <cstring>
#include <random>

#include <benchmark/benchmark.h>

#include "tests/bench/cycles.h"

namespace bench {
namespace {

pool::Digest random_hash(std::mt19937_64& random)
{
    pool::Digest hash{};
    const std::uint64_t low = random();
    std::memcpy(hash.data(), &low, sizeof low);
    return hash;
}

void seen_insert(benchmark::State& state)
{
    std::mt19937_64 random{7};
    pool::SeenShares seen;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        static_cast<void>(seen.insert({1}, random_hash(random)));
    }
    Stopwatch watch{state};
    for (auto _ : state) benchmark::DoNotOptimize(seen.insert({1}, random_hash(random)));
    watch.stop(static_cast<double>(state.iterations()));
}
BENCHMARK(seen_insert)->Arg(1000)->Arg(10'000'000)->Iterations(1'000'000);

}  // namespace
}  // namespace bench
