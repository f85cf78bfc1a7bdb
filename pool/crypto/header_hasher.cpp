#include "pool/crypto/header_hasher.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "pool/crypto/cpu.h"
#include "pool/crypto/hash_plan.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

std::vector<const HeaderKernel*> kernels_here()
{
    std::vector<const HeaderKernel*> found{&scalar_kernel};
#if defined(__x86_64__)
    const CpuFeatures cpu = cpu_features();
    if (cpu.avx2) found.push_back(&avx2_kernel);
    if (cpu.sha_ni) found.push_back(&shani_kernel);
    if (cpu.sha_ni) found.push_back(&shani2_kernel);
    if (cpu.avx512) found.push_back(&avx512_kernel);
#endif
    return found;
}

// What a call costs where it was measured (docs/performance.md), in cycles: good enough where
// nobody calibrates.
double usual_cost(const HeaderKernel& kernel)
{
    if (kernel.name == "sha-ni") return 6400;
    if (kernel.name == "sha-ni-x2") return 9700;
    if (kernel.name == "avx2") return 48'000;
    if (kernel.name == "avx512") return 36'000;
    return 40'000;
}

// A job as large as they usually are, of numbers that mean nothing.
struct Sample {
    static constexpr std::size_t tasks_max = 16;
    std::vector<Digest> branch;
    Bytes prefix;
    Bytes suffix;
    std::array<std::array<std::uint8_t, 12>, tasks_max> extranonces{};
    HashPlan plan;
    std::vector<RootTask> root_tasks;
    std::vector<HeaderTask> header_tasks;
    std::array<Words8, tasks_max> roots{};
    std::array<Words8, tasks_max> hashes{};
    std::uint32_t state = 1;

    Sample(std::size_t prefix_bytes, std::size_t suffix_bytes, std::size_t branches)
        : branch(branches), prefix(prefix_bytes), suffix(suffix_bytes)
    {
        for (Digest& node : branch) fill(node);
        fill(prefix);
        fill(suffix);
        Digest previous{};
        fill(previous);
        plan = HashPlan{{.coinbase_prefix = prefix,
                         .extranonce_bytes = 12,
                         .coinbase_suffix = suffix,
                         .branch = branch,
                         .previous = previous,
                         .bits = 0x1701f0cc}};
        for (std::size_t i = 0; i < tasks_max; ++i) {
            fill(extranonces[i]);
            root_tasks.push_back({&plan.words(), extranonces[i].data()});
            header_tasks.push_back({&plan.words(), &roots[i], next(), next(), next()});
        }
    }
    std::uint32_t next()
    {
        state = state * 1664525 + 1013904223;
        return state ^ state >> 15;
    }
    void fill(std::span<std::uint8_t> bytes)
    {
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(next());
    }
    // The long way: bytes put together and hashed by the code that FIPS examples are tried on.
    Digest root_of(std::size_t task) const
    {
        Bytes coinbase = prefix;
        coinbase.insert(coinbase.end(), extranonces[task].begin(), extranonces[task].end());
        coinbase.insert(coinbase.end(), suffix.begin(), suffix.end());
        Digest node = sha256d(coinbase);
        for (const Digest& sibling : branch) node = sha256d_pair(node, sibling);
        return node;
    }
};

Digest bytes_of(const Words8& words)
{
    Digest out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(words.word[i / 4] >> (24 - 8 * (i % 4)));
    }
    return out;
}

Bytes header_of(const HeaderTask& task)
{
    ByteWriter out;
    out.u32(task.version);
    out.raw(bytes_of(task.plan->previous));
    out.raw(bytes_of(*task.root));
    out.u32(task.time);
    out.u32(task.plan->bits);
    out.u32(task.nonce);
    return out.take();
}

bool passes(const HeaderKernel& kernel, Sample& sample, std::size_t count)
{
    kernel.roots(sample.root_tasks.data(), count, sample.roots.data());
    kernel.headers(sample.header_tasks.data(), count, sample.hashes.data());
    for (std::size_t i = 0; i < count; ++i) {
        if (bytes_of(sample.roots[i]) != sample.root_of(i)) return false;
        if (bytes_of(sample.hashes[i]) != sha256d(header_of(sample.header_tasks[i]))) return false;
    }
    return true;
}

double seconds_of(const auto& call)
{
    double best = std::numeric_limits<double>::infinity();
    constexpr int rounds = 6;  // the first ones wake the vector units up
    for (int i = 0; i < rounds; ++i) {
        const auto began = std::chrono::steady_clock::now();
        call();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = std::min(best, took.count());
    }
    return best;
}

}  // namespace

std::span<const HeaderKernel* const> header_kernels()
{
    static const std::vector<const HeaderKernel*> here = kernels_here();
    return here;
}

// The cheapest first call for so many tasks, by what is cheapest for those it leaves.
HeaderHasher::Choice HeaderHasher::cheapest(std::span<const Cost> costs, double Cost::* what)
{
    Choice choice{};
    std::array<double, planned + 1> total{};
    for (std::size_t tasks = 1; tasks <= planned; ++tasks) {
        total[tasks] = std::numeric_limits<double>::infinity();
        for (const Cost& cost : costs) {
            const std::size_t done = std::min(tasks, cost.kernel->lanes);
            const double sum = cost.*what + total[tasks - done];
            if (sum >= total[tasks]) continue;
            total[tasks] = sum;
            choice[tasks] = cost.kernel;
        }
    }
    return choice;
}

HeaderHasher::HeaderHasher(std::span<const Cost> costs)
    : for_roots_(cheapest(costs, &Cost::roots)), for_headers_(cheapest(costs, &Cost::headers))
{
}

HeaderHasher::HeaderHasher()
{
    std::vector<Cost> costs;
    for (const HeaderKernel* kernel : header_kernels()) {
        costs.push_back({kernel, usual_cost(*kernel), usual_cost(*kernel)});
    }
    *this = HeaderHasher{costs};
}

Result<HeaderHasher> HeaderHasher::with(std::string_view kernel)
{
    std::string names;
    for (const HeaderKernel* known : header_kernels()) {
        if (known->name == kernel) return HeaderHasher{std::array{Cost{known, 1, 1}}};
        names += (names.empty() ? "" : ", ") + std::string{known->name};
    }
    return fail(Error::Code::not_found, "this machine has no hash kernel '" + std::string{kernel} +
                                            "'; it has auto, " + names);
}

HeaderHasher HeaderHasher::calibrated()
{
    Sample sample{170, 200, 12};
    std::vector<Cost> costs;
    for (const HeaderKernel* kernel : header_kernels()) {
        costs.push_back(
            {kernel, seconds_of([&] {
                 kernel->roots(sample.root_tasks.data(), kernel->lanes, sample.roots.data());
             }),
             seconds_of([&] {
                 kernel->headers(sample.header_tasks.data(), kernel->lanes, sample.hashes.data());
             })});
    }
    return HeaderHasher{costs};
}

void HeaderHasher::roots(std::span<const RootTask> tasks, std::span<Words8> out) const
{
    check(tasks.size() == out.size(), "a root for each task");
    for (std::size_t at = 0; at < tasks.size();) {
        const HeaderKernel& kernel = *for_roots_[std::min(tasks.size() - at, planned)];
        const std::size_t count = std::min(tasks.size() - at, kernel.lanes);
        kernel.roots(tasks.data() + at, count, out.data() + at);
        at += count;
    }
}

void HeaderHasher::headers(std::span<const HeaderTask> tasks, std::span<Words8> out) const
{
    check(tasks.size() == out.size(), "a hash for each task");
    for (std::size_t at = 0; at < tasks.size();) {
        const HeaderKernel& kernel = *for_headers_[std::min(tasks.size() - at, planned)];
        const std::size_t count = std::min(tasks.size() - at, kernel.lanes);
        kernel.headers(tasks.data() + at, count, out.data() + at);
        at += count;
    }
}

std::string HeaderHasher::describe() const
{
    std::string text;
    for (std::size_t tasks = 1; tasks <= planned; ++tasks) {
        if (for_roots_[tasks] == for_roots_[tasks - 1]) continue;
        const std::string name{for_roots_[tasks]->name};
        if (text.find(name + " ") != std::string::npos) continue;
        text += (text.empty() ? "" : ", ") + name + " from " + std::to_string(tasks);
    }
    return text;
}

bool header_kernels_self_test()
{
    // The extranonce inside one block, over the edge of two, and a job without branch.
    std::array<Sample, 3> samples{Sample{170, 200, 12}, Sample{120, 90, 1}, Sample{41, 3, 0}};
    for (const HeaderKernel* kernel : header_kernels()) {
        for (Sample& sample : samples) {
            if (!passes(*kernel, sample, kernel->lanes)) return false;
            if (!passes(*kernel, sample, (kernel->lanes + 1) / 2)) return false;
        }
    }
    return true;
}

}  // namespace pool
