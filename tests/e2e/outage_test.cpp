#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/metric.h"
#include "tests/e2e/share_counts.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/stores_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

/// Accepted since zubrd started: told without asking the books.
double accepted_live(const PoolFixture& pool) { return metric(pool, "result=\"accepted\""); }

double up(const PoolFixture& pool, const std::string& dependency)
{
    return metric(pool, "zubr_dependency_up{name=\"" + dependency + "\"");
}

std::size_t jobs_of(const PoolFixture& pool)
{
    const std::string log = pool.log();
    std::size_t count = 0;
    for (auto at = log.find("job_published"); at != std::string::npos;
         at = log.find("job_published", at + 1)) {
        ++count;
    }
    return count;
}

// Redis, MariaDB and the node die one after the other, by kill -9, under load: miners are served
// all the while, and in the end the books hold what was acknowledged, to the share.
TEST(Outage, MiningGoesOnWithoutRedisMysqlOrNodeAndEverythingIsCaughtUp)
{
    NodeFixture node{"testnet4"};
    RedisFixture redis;
    MysqlFixture mysql;
    PoolFixture pool{node,
                     {.start_difficulty = 0.0000152587890625,  // 2^-16: no CPU share is a block
                      .sets = {"redis.socket=" + redis.socket(), "mysql.socket=" + mysql.socket(),
                               "mysql.database=zubr"}}};
    pool.start();
    const auto miner = pool.miner(test_address("testnet4", 1) + ".load",
                                  {"--json", "--max-shares-per-second", "200"});
    const auto goes_on = [&](const char* without) {
        const double before = accepted_live(pool);
        EXPECT_TRUE(eventually(seconds{20}, [&] { return accepted_live(pool) > before + 300; }))
            << "without " << without << "\n"
            << pool.log() << miner->output();
    };
    goes_on("nothing");

    redis.kill();
    goes_on("Redis");
    EXPECT_EQ(up(pool, "redis"), 0);
    EXPECT_EQ(up(pool, "mysql"), 1) << "only one of them is away";
    redis.start();
    const auto redis_up = [&] { return up(pool, "redis") == 1; };
    EXPECT_TRUE(eventually(seconds{20}, redis_up)) << pool.log();

    // It answers every question, and nothing gets into the books: nobody may read "ok" meanwhile.
    redis.be_full();
    goes_on("room in Redis");
    EXPECT_TRUE(eventually(seconds{20}, [&] { return !redis_up(); })) << pool.log();
    const Page ready = http_get(pool.web_url() + "/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_NE(ready.body.find(R"("redis":{"ok":false})"), std::string::npos) << ready.body;
    const auto lag = [&] { return metric(pool, "\nzubr_books_lag_seconds"); };
    EXPECT_TRUE(eventually(seconds{20}, [&] { return lag() > 2; })) << lag();
    redis.have_room();
    EXPECT_TRUE(eventually(seconds{20}, redis_up)) << pool.log();

    mysql.kill();
    goes_on("MySQL");
    EXPECT_EQ(up(pool, "mysql"), 0);
    mysql.start();

    node.process().signal(SIGKILL);
    goes_on("the node");
    ASSERT_TRUE(node.process().wait(seconds{10}).has_value());
    node.start();

    // And all three at once.
    redis.kill();
    mysql.kill();
    node.process().signal(SIGKILL);
    goes_on("all of them");
    ASSERT_TRUE(node.process().wait(seconds{10}).has_value());
    redis.start();
    mysql.start();
    node.start();
    const std::size_t jobs = jobs_of(pool);
    EXPECT_TRUE(eventually(seconds{40}, [&] { return jobs_of(pool) > jobs; }))
        << "the node is back, and no job came\n"
        << pool.log();

    miner->signal(SIGTERM);
    ASSERT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    const std::uint64_t answered = acknowledged(*miner);
    ASSERT_GT(answered, 1000U) << miner->output();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return booked(mysql) >= answered; }))
        << "acknowledged " << answered << ", booked " << booked(mysql) << "\n"
        << pool.log();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    // The miner was never cut off, so nothing was booked that it did not hear of.
    EXPECT_EQ(booked(mysql), answered);
}

}  // namespace
}  // namespace tests
