// After a restart all miners come back at once, and their accounts are no new ones.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/metric.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

bool has_a_share_accepted(PoolFixture& pool, unsigned account)
{
    const auto miner = pool.miner(test_address("regtest", account) + ".rig", {"--once"},
                                  "miner" + std::to_string(account) + ".log");
    return miner->wait(seconds{30}) == 0;
}

TEST(NewAccounts, AreThoseThatMySqlDidNotHaveAtTheStart)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node,
                     {.start_difficulty = 0, .sets = {"limits.new_accounts=2", "stratum.loops=1"}}};
    pool.start();
    EXPECT_TRUE(has_a_share_accepted(pool, 1)) << pool.log();
    EXPECT_TRUE(has_a_share_accepted(pool, 2)) << pool.log();
    const auto refused = [&pool] { return metric(pool, "reason=\"new_account\"}"); };
    {
        const auto third = pool.miner(test_address("regtest", 3) + ".rig", {});
        EXPECT_TRUE(eventually(seconds{30}, [&] { return refused() >= 1; })) << pool.log();
    }
    ASSERT_TRUE(eventually(seconds{30}, [&] {
        return pool.database().scalar("select count(*) from account where script is not null") ==
               "2";
    })) << pool.log();
    ASSERT_EQ(pool.stop(), 0) << pool.log();

    pool.start();
    // The hour's two begin, and use it up.
    EXPECT_TRUE(has_a_share_accepted(pool, 4)) << pool.log();
    EXPECT_TRUE(has_a_share_accepted(pool, 5)) << pool.log();
    EXPECT_TRUE(has_a_share_accepted(pool, 1)) << pool.log();
    EXPECT_TRUE(has_a_share_accepted(pool, 2)) << pool.log();
    EXPECT_EQ(refused(), 0);
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
