#include "rpc/shims.h"

#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rpc::shims {
namespace {

using nlohmann::json;

TEST(Shims, NameTheFinderOfABlockOnlyWhereEverybodyMayKnow)
{
    BlockInfo open;
    open.finder = "bcrt1public";
    open.worker = "rig";
    open.finder_public = true;
    BlockInfo closed = open;
    closed.finder = "farm";
    closed.finder_public = false;
    const std::string text = public_pool_pool({}, {open, closed});
    const json blocks = json::parse(text).at("blocksFound");
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks.at(0).at("minerAddress"), "bcrt1public");
    EXPECT_EQ(text.find("farm"), std::string::npos);
    EXPECT_FALSE(blocks.at(1).contains("worker"));
}

TEST(Shims, TellTheTenBestSharesAndNobodysName)
{
    WorkersSum sum;
    for (int i = 1; i <= 30; ++i) {
        WorkerInfo worker;
        worker.name = "secret";
        worker.best_share = i;
        sum.add(worker);
    }
    const std::string text = public_pool_info({}, sum.take(), {}, {1'000});
    const json scores = json::parse(text).at("highScores");
    ASSERT_EQ(scores.size(), 10U);
    EXPECT_EQ(scores.front().at("bestDifficulty"), 30);
    EXPECT_EQ(scores.back().at("bestDifficulty"), 21);
    EXPECT_EQ(text.find("secret"), std::string::npos);
}

TEST(Shims, TellCkstatsThePoolsHashrateOverEachOfItsWindows)
{
    PoolInfo info;
    info.rates = {.m1 = 1e3, .m5 = 5e3, .m15 = 15e3, .h1 = 1e6, .h6 = 6e6, .d1 = 1e9, .d7 = 7e9};
    const std::string status = ckpool_status(info, {}, {});
    const std::size_t second = status.find('\n') + 1;
    EXPECT_EQ(json::parse(status.substr(second, status.find('\n', second) - second)),
              json({{"hashrate1m", "1K"},
                    {"hashrate5m", "5K"},
                    {"hashrate15m", "15K"},
                    {"hashrate1hr", "1M"},
                    {"hashrate6hr", "6M"},
                    {"hashrate1d", "1G"},
                    {"hashrate7d", "7G"}}));
}

/// A line of what ckpool writes to pool.status, counted from 0.
json status_line(const std::string& status, int line)
{
    std::istringstream text{status};
    std::string read;
    for (int i = 0; i <= line; ++i) std::getline(text, read);
    return json::parse(read);
}

TEST(Shims, CountIdleConnectionsRefusedSharesAndTheRoundAsCkpoolDoes)
{
    PoolInfo info;
    info.uptime_s = 60;
    info.connections = 5;
    info.workers = 2;
    info.users = 1;
    info.round_effort = 0.123456;
    info.shares_accepted_session = 9;
    info.shares_stale = 4;
    info.shares_rejected = {{"duplicate", 2}, {"time", 1}};
    WorkersSummary workers;
    workers.disconnected = 3;
    workers.shares = {.m1 = 1.25, .m5 = 2.5, .m15 = 3.754, .h1 = 5};
    workers.best = {{.difficulty = 77.9, .user_agent = {}, .at = {}}};
    const std::string status = ckpool_status(info, workers, {9'999});
    EXPECT_EQ(status_line(status, 0), json({{"runtime", 60},
                                            {"lastupdate", 9},
                                            {"Users", 1},
                                            {"Workers", 2},
                                            {"Idle", 3},
                                            {"Disconnected", 3}}));
    EXPECT_EQ(status_line(status, 2), json({{"diff", 12.35},
                                            {"accepted", 9},
                                            {"rejected", 7},
                                            {"bestshare", 77},
                                            {"SPS1m", 1.25},
                                            {"SPS5m", 2.5},
                                            {"SPS15m", 3.75},
                                            {"SPS1h", 5}}));
    info.workers = 6;
    EXPECT_EQ(status_line(ckpool_status(info, {}, {}), 0).at("Idle"), 0)
        << "workers are counted for ten minutes, connections are not";
}

TEST(Shims, TellTheNewestShareOfAnyWorkerAndNoMoreThanSoManyWorkers)
{
    UserInfo user;
    std::vector<WorkerInfo> workers(listed_most + 1);
    workers[0].last_share = pool::UnixMillis{9'000};
    workers[1].last_share = pool::UnixMillis{5'000};
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(std::move(workers));
    const json told = json::parse(ckpool_user(user));
    EXPECT_EQ(told.at("lastshare"), 9);
    EXPECT_EQ(told.at("worker").size(), listed_most);
}

TEST(Shims, WriteWholeNumbersWhereCkstatsReadsNothingElse)
{
    UserInfo user;
    user.best_share = 1e30;
    WorkerInfo worker;
    worker.best_share = 12.75;
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(1, worker);
    const json told = json::parse(ckpool_user(user));
    EXPECT_EQ(told.at("bestever").dump(), "9000000000000000000");
    EXPECT_EQ(told.at("worker").at(0).at("bestever").dump(), "12");
    EXPECT_EQ(told.at("worker").at(0).at("bestshare"), 12.75);
}

// ckstats gives a rate without a suffix to BigInt(), which throws at a point or an exponent: for
// all users, when one worker has been gone for a day.
TEST(Shims, WriteRatesAsCkpoolDoesWholeBelowAThousand)
{
    for (const auto& [rate, text] : std::vector<std::pair<double, std::string>>{{0, "0"},
                                                                                {8.76e-13, "0"},
                                                                                {0.6, "0"},
                                                                                {9.36, "9"},
                                                                                {999.4, "999"},
                                                                                {999.9, "999"},
                                                                                {1000, "1K"},
                                                                                {1234, "1.23K"},
                                                                                {999'600, "1M"},
                                                                                {3.5e12, "3.5T"},
                                                                                {123.4e18, "123E"},
                                                                                {1e24, "1000Z"},
                                                                                {-1, "0"}}) {
        EXPECT_EQ(ckpool_rate(rate), text) << rate;
    }
    EXPECT_EQ(ckpool_rate(std::nan("")), "0");
}

TEST(Shims, TellSinceWhenAWorkerIsConnectedAndLeaveOutOneThatIsGone)
{
    UserInfo user;
    std::vector<WorkerInfo> workers(2);
    workers[0].name = "gone";
    workers[1].name = "rig";
    workers[1].session_count = 2;
    workers[1].sessions.resize(2);
    workers[1].sessions[0].connected = {1'700'000'600'000};
    workers[1].sessions[1].connected = {1'700'000'000'000};
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(workers);
    const json told = json::parse(public_pool_client(user, Mode::any));
    EXPECT_EQ(told.at("workersCount"), 1);
    ASSERT_EQ(told.at("workers").size(), 1U);
    EXPECT_EQ(told.at("workers").at(0).at("startTime"), "2023-11-14T22:13:20.000Z");
    const json ckpool = json::parse(ckpool_user(user));
    EXPECT_EQ(ckpool.at("workers"), 1);
    EXPECT_EQ(ckpool.at("worker").size(), 2U) << "ckpool lists all that it has seen";
    WorkersSum sum;
    for (const WorkerInfo& worker : workers) sum.add(worker);
    EXPECT_NE(ckpool_status({}, sum.take(), {1'000}).find("\"Disconnected\":1"), std::string::npos);
}

TEST(Shims, LeaveTheStepThatIsUnderWayOutOfCharts)
{
    EXPECT_EQ(public_pool_chart({}), "[]");
    EXPECT_EQ(public_pool_chart({600, {{0, 5, 1, 0}, {600, 1, 1, 0}}}),
              R"([{"label":"1970-01-01T00:00:00.000Z","data":5}])");
}

}  // namespace
}  // namespace rpc::shims
