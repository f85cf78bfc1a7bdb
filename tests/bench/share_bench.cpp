// ShareChecker: nanoseconds and cycles a share, by the size of the batch and the mix of jobs.
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "pool/bitcoin/target.h"
#include "pool/share/check.h"
#include "tests/bench/cycles.h"

namespace bench {
namespace {

using Random = std::mt19937_64;

pool::Bytes random_bytes(Random& random, std::size_t size)
{
    pool::Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

struct Shape {
    std::size_t prefix = 170;
    std::size_t suffix = 200;
    std::size_t branches = 12;
};

std::shared_ptr<const pool::Job> random_job(Random& random, std::uint64_t id, Shape shape)
{
    auto job = std::make_shared<pool::Job>();
    job->id = {id};
    job->version = 0x20000000;
    job->bits = {0x1701f0cc};
    job->network_target = *pool::target_from_compact(job->bits);
    job->time_min = {1'700'000'000};
    job->coinbase_prefix = random_bytes(random, shape.prefix);
    job->coinbase_suffix = random_bytes(random, shape.suffix);
    job->extranonce_bytes = 12;
    job->branch.resize(shape.branches);
    for (pool::MerkleNode& node : job->branch) {
        for (std::uint8_t& byte : node.bytes) byte = static_cast<std::uint8_t>(random());
    }
    return job;
}

enum class Mix : std::uint8_t { one_job, many_jobs, ragged };

void check(benchmark::State& state, Mix mix)
{
    Random random{5};
    pool::JobTable jobs;
    const std::uint64_t job_count = mix == Mix::one_job ? 1 : 256;
    for (std::uint64_t id = 1; id <= job_count; ++id) {
        Shape shape;
        if (mix == Mix::ragged) {
            shape = {150 + random() % 51, 100 + random() % 151, 9 + random() % 5};
        }
        jobs.add(random_job(random, id, shape), {});
    }
    std::vector<pool::Submission> claims(static_cast<std::size_t>(state.range(0)));
    for (pool::Submission& claim : claims) {
        claim.job = {1 + random() % job_count};
        claim.extranonce.prefix_length = 4;
        claim.extranonce.length = 12;
        for (std::size_t i = 0; i < 12; ++i) {
            claim.extranonce.bytes[i] = static_cast<std::uint8_t>(random());
        }
        claim.time = 1'700'000'000;
        claim.version = 0x20000000;
        claim.version_allowed = true;
        claim.authorised = true;
        claim.promise.target = pool::target_of(pool::Difficulty{20});  // refused: no table grows
    }
    pool::SeenShares seen;
    pool::ShareChecker checker{pool::HeaderHasher::calibrated()};
    std::vector<pool::Verdict> verdicts;
    Stopwatch watch{state};
    for (auto _ : state) {
        for (pool::Submission& claim : claims) ++claim.extranonce.bytes[4];
        checker.check(claims, jobs, seen, {1'700'000'000}, verdicts);
        benchmark::DoNotOptimize(verdicts.data());
    }
    watch.stop(static_cast<double>(state.iterations()) * static_cast<double>(claims.size()));
}

void check_shares_one_job(benchmark::State& state) { check(state, Mix::one_job); }
void check_shares_many_jobs(benchmark::State& state) { check(state, Mix::many_jobs); }
void check_shares_ragged(benchmark::State& state) { check(state, Mix::ragged); }
BENCHMARK(check_shares_one_job)->RangeMultiplier(2)->Range(1, 64);
BENCHMARK(check_shares_many_jobs)->RangeMultiplier(2)->Range(1, 64);
BENCHMARK(check_shares_ragged)->RangeMultiplier(4)->Range(1, 64);

}  // namespace
}  // namespace bench
