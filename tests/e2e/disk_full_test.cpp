// The disk of the journal is full: shares are refused openly, and nothing that was acknowledged is
// lost. A limit on the size of zubrd's files stands for the disk, for anybody may set one: write(2)
// fails half way in the same places, and comes back when the limit is lifted.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "tests/e2e/metric.h"
#include "tests/e2e/share_counts.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

double accepted(const PoolFixture& pool) { return metric(pool, "result=\"accepted\""); }
double refused(const PoolFixture& pool) { return metric(pool, "\nzubr_shares_unlogged_total"); }

/// Of the largest file below the journal's directory, cut a few bytes into its next record.
rlim_t size_of_journal(const PoolFixture& pool)
{
    std::uintmax_t largest = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator{pool.data_dir() + "/journal"}) {
        if (entry.is_regular_file()) largest = std::max(largest, entry.file_size());
    }
    return largest + 50;
}

void limit_files(const Process& process, rlim_t bytes)
{
    rlimit now{};
    ASSERT_EQ(::prlimit(process.pid(), RLIMIT_FSIZE, nullptr, &now), 0);
    now.rlim_cur = bytes;
    ASSERT_EQ(::prlimit(process.pid(), RLIMIT_FSIZE, &now, nullptr), 0);
}

TEST(DiskFull, SharesAreRefusedOpenlyAndNoneThatWasAcknowledgedIsLost)
{
    NodeFixture node{"testnet4"};
    PoolFixture pool{node,
                     {.start_difficulty = 0.0000152587890625,  // 2^-16: no CPU share is a block
                      .sets = {"stratum.loops=1"}}};
    pool.start();
    const auto miner = pool.miner(test_address("testnet4", 1) + ".load",
                                  {"--json", "--max-shares-per-second", "200"});
    const auto booked = [&] {
        return std::strtoull(
            pool.database().scalar("select coalesce(sum(shares), 0) from slot_account").c_str(),
            nullptr, 10);
    };
    ASSERT_TRUE(eventually(seconds{30}, [&] { return booked() >= 200; })) << pool.log();

    limit_files(pool.process(), size_of_journal(pool));
    const auto refuses = [&](double more) {
        const double wanted = refused(pool) + more;
        return eventually(seconds{30}, [&] { return refused(pool) >= wanted; });
    };
    ASSERT_TRUE(refuses(300)) << pool.log() << miner->output();
    const double stands = accepted(pool);
    EXPECT_TRUE(refuses(300)) << pool.log();
    EXPECT_EQ(accepted(pool), stands) << "no share is acknowledged that is nowhere";

    limit_files(pool.process(), RLIM_INFINITY);
    EXPECT_TRUE(eventually(seconds{30}, [&] { return accepted(pool) >= stands + 200; }))
        << "the disk has room again\n"
        << pool.log();
    miner->signal(SIGTERM);
    ASSERT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    const std::uint64_t answered = acknowledged(*miner);
    EXPECT_TRUE(eventually(seconds{30}, [&] { return booked() >= answered; }))
        << "acknowledged " << answered << ", booked " << booked() << "\n"
        << pool.log();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    EXPECT_EQ(booked(), answered);
}

}  // namespace
}  // namespace tests
