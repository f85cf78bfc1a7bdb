// Every kernel of this machine against the portable one on random shares: zubr_kernels_agree
// [COUNT]. Jobs of all shapes side by side; too long for a test, so ./dev bench agree runs it.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "pool/crypto/hash_plan.h"
#include "pool/crypto/header_hasher.h"

namespace {

using Random = std::mt19937_64;
constexpr std::size_t together = 16;

pool::Bytes random_bytes(Random& random, std::size_t size)
{
    pool::Bytes out(size);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random());
    return out;
}

pool::HashPlan random_plan(Random& random)
{
    const pool::Bytes prefix = random_bytes(random, random() % 200);
    const pool::Bytes suffix = random_bytes(random, random() % 300);
    std::vector<pool::Digest> branch(random() % 16);
    for (pool::Digest& node : branch) {
        const pool::Bytes bytes = random_bytes(random, node.size());
        std::memcpy(node.data(), bytes.data(), node.size());
    }
    pool::Digest previous{};
    previous[5] = static_cast<std::uint8_t>(random());
    return pool::HashPlan{{.coinbase_prefix = prefix,
                           .extranonce_bytes = 2 + random() % 23,
                           .coinbase_suffix = suffix,
                           .branch = branch,
                           .previous = previous,
                           .bits = static_cast<std::uint32_t>(random())}};
}

struct Batch {
    std::array<pool::RootTask, together> root_tasks;
    std::array<pool::HeaderTask, together> header_tasks;
    std::array<pool::Words8, together> roots;
    std::array<pool::Words8, together> hashes;

    void hash_with(const pool::HeaderKernel& kernel)
    {
        for (std::size_t at = 0; at < together; at += kernel.lanes) {
            kernel.roots(&root_tasks[at], kernel.lanes, &roots[at]);
            kernel.headers(&header_tasks[at], kernel.lanes, &hashes[at]);
        }
    }
};

}  // namespace

int main(int argc, char** argv)
{
    const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
    Random random{20'260'401};
    std::vector<pool::HashPlan> plans;
    for (int i = 0; i < 512; ++i) plans.push_back(random_plan(random));
    std::array<std::array<std::uint8_t, 24>, together> extranonces{};
    Batch batch{};
    std::uint64_t done = 0;
    for (; done < wanted; done += together) {
        for (std::size_t i = 0; i < together; ++i) {
            const pool::PlanWords& plan = plans[random() % plans.size()].words();
            for (std::size_t at = 0; at < 24; at += 8) {
                const std::uint64_t bits = random();
                std::memcpy(&extranonces[i][at], &bits, sizeof bits);
            }
            batch.root_tasks[i] = {&plan, extranonces[i].data()};
            batch.header_tasks[i] = {&plan, &batch.roots[i], static_cast<std::uint32_t>(random()),
                                     static_cast<std::uint32_t>(random()),
                                     static_cast<std::uint32_t>(random())};
        }
        batch.hash_with(pool::scalar_kernel);
        const std::array<pool::Words8, together> expected = batch.hashes;
        for (const pool::HeaderKernel* kernel : pool::header_kernels()) {
            batch.hash_with(*kernel);
            if (std::memcmp(&expected, &batch.hashes, sizeof expected) == 0) continue;
            std::printf("%.*s differs in batch %llu\n", static_cast<int>(kernel->name.size()),
                        kernel->name.data(), static_cast<unsigned long long>(done / together));
            return 1;
        }
    }
    std::printf("%zu kernels agree on %llu random shares\n", pool::header_kernels().size(),
                static_cast<unsigned long long>(done));
    return 0;
}
