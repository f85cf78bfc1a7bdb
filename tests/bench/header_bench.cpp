// The kernels from extranonce to header hash: one call with all lanes at work, per share.
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "pool/crypto/hash_plan.h"
#include "pool/crypto/header_hasher.h"
#include "tests/bench/cycles.h"

namespace bench {
namespace {

struct Jobs {
    std::mt19937_64 random{3};
    std::vector<pool::HashPlan> plans;
    std::vector<std::array<std::uint8_t, 12>> extranonces;
    std::vector<pool::RootTask> root_tasks;
    std::vector<pool::HeaderTask> header_tasks;
    std::vector<pool::Words8> roots;
    std::vector<pool::Words8> hashes;

    Jobs(std::size_t lanes, bool ragged) : extranonces(lanes), roots(lanes), hashes(lanes)
    {
        plans.reserve(lanes);
        for (std::size_t i = 0; i < lanes; ++i) {
            pool::Bytes prefix(ragged ? 150 + random() % 51 : 170, 1);
            pool::Bytes suffix(ragged ? 100 + random() % 151 : 200, 2);
            std::vector<pool::Digest> branch(ragged ? 9 + random() % 5 : 12);
            for (pool::Digest& node : branch) node[0] = static_cast<std::uint8_t>(random());
            plans.emplace_back(pool::HashPlan::Parts{.coinbase_prefix = prefix,
                                                     .extranonce_bytes = 12,
                                                     .coinbase_suffix = suffix,
                                                     .branch = branch,
                                                     .previous = {},
                                                     .bits = 0x1701f0cc});
            extranonces[i][3] = static_cast<std::uint8_t>(i);
            root_tasks.push_back({&plans[i].words(), extranonces[i].data()});
            header_tasks.push_back({&plans[i].words(), &roots[i], 0x20000000, 1, 2});
        }
    }
};

void shares(benchmark::State& state, const pool::HeaderKernel* kernel, bool ragged)
{
    Jobs jobs{kernel->lanes, ragged};
    Stopwatch watch{state};
    for (auto _ : state) {
        kernel->roots(jobs.root_tasks.data(), kernel->lanes, jobs.roots.data());
        kernel->headers(jobs.header_tasks.data(), kernel->lanes, jobs.hashes.data());
        benchmark::DoNotOptimize(jobs.hashes.data());
    }
    watch.stop(static_cast<double>(state.iterations()) * static_cast<double>(kernel->lanes));
}

// Three compressions: what a share costs when its merkle root is known.
void headers(benchmark::State& state, const pool::HeaderKernel* kernel)
{
    Jobs jobs{kernel->lanes, false};
    Stopwatch watch{state};
    for (auto _ : state) {
        kernel->headers(jobs.header_tasks.data(), kernel->lanes, jobs.hashes.data());
        benchmark::DoNotOptimize(jobs.hashes.data());
    }
    watch.stop(static_cast<double>(state.iterations()) * static_cast<double>(kernel->lanes));
}

// Which kernels there are is known when the program runs.
const bool registered = [] {
    for (const pool::HeaderKernel* kernel : pool::header_kernels()) {
        const std::string name{kernel->name};
        benchmark::RegisterBenchmark(("kernel_share/" + name).c_str(), shares, kernel, false);
        benchmark::RegisterBenchmark(("kernel_share_ragged/" + name).c_str(), shares, kernel, true);
        benchmark::RegisterBenchmark(("kernel_header/" + name).c_str(), headers, kernel);
    }
    return true;
}();

}  // namespace
}  // namespace bench
