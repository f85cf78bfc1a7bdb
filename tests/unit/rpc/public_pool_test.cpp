// What public-pool's pages and its like are told, to the figure.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/shims.h"

namespace rpc::shims {
namespace {

using nlohmann::json;

constexpr double hashes_a_difficulty = 4294967296;

TEST(PublicPool, IsToldTheNetworksRateByItsDifficultyAndTenMinutesABlock)
{
    PoolInfo info;
    info.chain = "main";
    info.height = {870'000};
    info.network_difficulty = 600;
    EXPECT_EQ(json::parse(public_pool_network(info)),
              json({{"chain", "main"},
                    {"blocks", 870'000},
                    {"difficulty", 600.0},
                    {"networkhashps", hashes_a_difficulty}}));
}

TEST(PublicPool, IsToldWhatRatesComeToInDifficulty)
{
    PoolInfo info;
    info.rates.h1 = 5 * hashes_a_difficulty / 3600;
    info.rates.m10 = 7 * hashes_a_difficulty / 600;
    info.round_effort = 0.25;
    info.network_difficulty = 8;
    WorkersSum sum;
    WorkerInfo worker;
    worker.best_share = 9;
    worker.last_share = pool::UnixMillis{1'700'000'400'500};
    sum.add(worker);
    const WorkersSummary workers = sum.take();
    const json told = json::parse(public_pool_accounting(info, workers, Mode::pplns));
    EXPECT_DOUBLE_EQ(told.at("creditedDifficultyLastHour"), 5);
    EXPECT_DOUBLE_EQ(told.at("creditedDifficultyLast10Minutes"), 7);
    EXPECT_DOUBLE_EQ(told.at("hashRateLastHour"), info.rates.h1);
    EXPECT_DOUBLE_EQ(told.at("hashRateLast10Minutes"), info.rates.m10);
    EXPECT_DOUBLE_EQ(told.at("totalCreditedDifficulty"), 2);
    EXPECT_DOUBLE_EQ(told.at("networkDifficultyPercent"), 25);
    EXPECT_EQ(told.at("bestSubmissionDifficulty"), 9);
    EXPECT_EQ(told.at("bestSubmissionDifficultyAt"), "2023-11-14T22:20:00.500Z");
    const json solo = json::parse(public_pool_accounting(info, workers, Mode::solo));
    EXPECT_EQ(solo.at("totalCreditedDifficulty"), 0);
    EXPECT_FALSE(solo.contains("bestSubmissionDifficultyAt"));
}

TEST(PublicPool, IsToldSinceWhenTheServerRuns)
{
    PoolInfo info;
    info.uptime_s = 86'400;
    const auto since = [&info](pool::UnixMillis now) {
        return json::parse(public_pool_info(info, {}, {}, now)).at("uptime").get<std::string>();
    };
    EXPECT_EQ(since({1'700'000'400'500}), "2023-11-13T22:20:00.500Z");
    EXPECT_EQ(since({1'000}), "1970-01-01T00:00:00.000Z") << "a clock that was never set";
}

TEST(PublicPool, IsToldWhatMinesByTheNameOfTheSoftware)
{
    WorkersSum sum;
    for (const auto& [rate, best] : {std::pair{2.0, 5.0}, std::pair{3.0, 4.0}}) {
        WorkerInfo worker;
        worker.user_agent = "bitaxe";
        worker.rates.m10 = rate;
        worker.best_share = best;
        worker.difficulty = 1;
        sum.add(worker);
    }
    const json info = json::parse(public_pool_info({}, sum.take(), {}, {1'000}));
    EXPECT_EQ(info.at("userAgents"), json::array({{{"userAgent", "bitaxe"},
                                                   {"count", 2},
                                                   {"bestDifficulty", 5.0},
                                                   {"totalHashRate", 5.0}}}));
}

TEST(PublicPool, IsToldOfAsManyWorkersAsItsPagesShowAndHowManyThereAre)
{
    UserInfo user;
    user.best_share = 11;
    std::vector<WorkerInfo> workers(listed_most + 3);
    for (std::size_t i = 0; i < workers.size(); ++i) {
        workers[i].name = std::to_string(i);
        workers[i].session_count = 1;
        workers[i].difficulty = 1;
        workers[i].rates.m10 = 3;
        workers[i].rates.m1 = 4;
        workers[i].best_share = 2;
    }
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(std::move(workers));
    const json told = json::parse(public_pool_client(user, Mode::any));
    EXPECT_EQ(told.at("bestDifficulty"), 11);
    EXPECT_EQ(told.at("workersCount"), listed_most + 3);
    ASSERT_EQ(told.at("workers").size(), listed_most);
    const json& first = told.at("workers").at(0);
    EXPECT_EQ(first.at("sessionId"), "0");
    EXPECT_EQ(first.at("hashRate"), 3);
    EXPECT_EQ(first.at("bestDifficulty"), 2);
    EXPECT_FALSE(first.contains("startTime")) << "no connection is listed";
    EXPECT_FALSE(first.contains("lastSeen")) << "no share yet";
}

TEST(PublicPool, IsToldOfThePoolItsRateItsMinersAndItsBlocks)
{
    PoolInfo info;
    info.rates.m10 = 6;
    info.rates.m1 = 7;
    info.height = {812};
    info.workers = 5;
    info.users = 4;
    EXPECT_EQ(json::parse(public_pool_pool(info, {})), json({{"totalHashRate", 6.0},
                                                             {"blockHeight", 812},
                                                             {"totalMiners", 5},
                                                             {"blocksFound", json::array()}}));
}

TEST(PublicPool, IsToldOfAWorkerItsBestShareAsAWholeNumber)
{
    WorkerInfo worker;
    worker.name = "rig";
    worker.best_share = 12.9;
    const HistoryInfo history{600, {{0, 5, 1, 0}, {600, 1, 1, 0}}};
    const json told = json::parse(public_pool_worker(worker, history));
    EXPECT_EQ(told.at("sessionId"), "rig");
    EXPECT_EQ(told.at("bestDifficulty"), 12);
    EXPECT_EQ(told.at("chartData"),
              json::array({{{"label", "1970-01-01T00:00:00.000Z"}, {"data", 5}}}));
}

}  // namespace
}  // namespace rpc::shims
