// Kernels of SHA-256: nanoseconds and cycles a compression.
#include "pool/crypto/sha256.h"

#include <vector>

#include <benchmark/benchmark.h>

#include "pool/crypto/sha256_kernels.h"
#include "tests/bench/cycles.h"

namespace bench {
namespace {

void transform(benchmark::State& state, pool::Sha256Transform kernel)
{
    const auto blocks = static_cast<std::size_t>(state.range(0));
    const std::vector<std::uint8_t> text(blocks * 64, 0x5a);
    pool::Sha256State words = pool::sha256_start;
    Stopwatch watch{state};
    for (auto _ : state) {
        kernel(words, text.data(), blocks);
        benchmark::DoNotOptimize(words);
    }
    watch.stop(static_cast<double>(state.iterations()) * static_cast<double>(blocks));
}

void transform_scalar(benchmark::State& state) { transform(state, pool::sha256_transform_scalar); }
BENCHMARK(transform_scalar)->Arg(1)->Arg(16);

void transform_sha_ni(benchmark::State& state)
{
    if (!pool::sha256_has_shani()) return state.SkipWithError("no SHA instructions here");
    transform(state, pool::sha256_transform_shani);
}
BENCHMARK(transform_sha_ni)->Arg(1)->Arg(16);

void sha256d_of_pair(benchmark::State& state)
{
    pool::Digest left{1};
    const pool::Digest right{2};
    Stopwatch watch{state};
    for (auto _ : state) {
        left = pool::sha256d_pair(left, right);
        benchmark::DoNotOptimize(left);
    }
    watch.stop(static_cast<double>(state.iterations()));
}
BENCHMARK(sha256d_of_pair);

}  // namespace
}  // namespace bench
