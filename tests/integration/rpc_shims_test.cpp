#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

// What mrv777/ckstats takes from ckpool's answers; it gives up on an account when one is missing or
// is no whole number.
TEST(RpcShims, SpeakAsCkpoolDoes)
{
    const Running server;
    const std::string status = body_of(get(server.web(), "/pool/pool.status"));
    std::istringstream lines{status};
    std::vector<json> parsed;
    for (std::string line; std::getline(lines, line);) parsed.push_back(json::parse(line));
    ASSERT_EQ(parsed.size(), 3U);
    EXPECT_EQ(parsed[0].at("runtime"), 42);
    for (const char* const key : {"lastupdate", "Users", "Workers", "Idle", "Disconnected"}) {
        EXPECT_TRUE(parsed[0].at(key).is_number_unsigned()) << key;
    }
    const std::vector<std::string> rates{"hashrate1m", "hashrate5m", "hashrate1hr", "hashrate1d",
                                         "hashrate7d"};
    const std::regex rate{R"(\d+|\d+(\.\d+)?[KMGTPEZ])"};
    const auto expect_rates = [&](const json& of) {
        for (const std::string& key : rates) {
            const std::string text = of.at(key);
            EXPECT_TRUE(std::regex_match(text, rate)) << key << " " << text;
        }
    };
    expect_rates(parsed[1]);
    for (const char* const key : {"hashrate15m", "hashrate6hr"}) {
        EXPECT_TRUE(std::regex_match(parsed[1].at(key).get<std::string>(), rate)) << key;
    }
    for (const char* const key :
         {"diff", "accepted", "rejected", "bestshare", "SPS1m", "SPS5m", "SPS15m", "SPS1h"}) {
        EXPECT_TRUE(parsed[2].at(key).is_number()) << key;
    }
    EXPECT_EQ(parsed[2].at("SPS1m"), 0.5);

    const json user = json::parse(body_of(get(server.web(), "/users/miner")));
    const auto expect_counts = [&](const json& of) {
        expect_rates(of);
        for (const char* const key : {"lastshare", "shares", "bestever"}) {
            EXPECT_TRUE(of.at(key).is_number_unsigned()) << key;
        }
        EXPECT_TRUE(of.at("bestshare").is_number());
    };
    expect_counts(user);
    EXPECT_TRUE(user.at("authorised").is_number_unsigned());
    EXPECT_EQ(user.at("workers"), 1);
    expect_counts(user.at("worker").at(0));
    EXPECT_EQ(user.at("worker").at(0).at("workername"), "miner.rig");
    EXPECT_EQ(status_of(get(server.web(), "/users/nobody")), "404");
}

// What benjamin-wilson/public-pool-ui and its like read.
TEST(RpcShims, SpeakAsPublicPoolDoes)
{
    const Running server;
    const auto read = [&](const std::string& path) {
        return json::parse(body_of(get(server.web(), path)));
    };
    const json info = read("/api/info");
    EXPECT_EQ(info.at("blockData").at(0).at("height"), 812);
    EXPECT_EQ(info.at("blockData").at(0).at("minerAddress"), "miner");
    EXPECT_EQ(info.at("userAgents").at(0).at("userAgent"), "\x1b[2J");
    EXPECT_EQ(info.at("userAgents").at(0).at("count"), 3);
    EXPECT_EQ(info.at("highScores").at(0).at("bestDifficulty"), 7.5);
    EXPECT_EQ(info.at("uptime").get<std::string>().size(), 24U) << info.at("uptime");
    const json pool = read("/api/pool");
    EXPECT_EQ(pool.at("blockHeight"), 812);
    EXPECT_EQ(pool.at("blocksFound").size(), info.at("blockData").size());
    EXPECT_TRUE(pool.at("totalHashRate").is_number());
    EXPECT_TRUE(pool.at("totalMiners").is_number());
    EXPECT_EQ(read("/api/network").at("chain"), "regtest");
    EXPECT_EQ(read("/api/network").at("blocks"), 812);

    const json chart =
        json::parse(R"([{"label":"2023-11-14T22:20:00.000Z","data":1500000000000}])");
    EXPECT_EQ(read("/api/info/chart"), chart);
    EXPECT_EQ(read("/api/client/miner/chart"), chart);
    const json client = read("/api/client/miner");
    EXPECT_EQ(client.at("workersCount"), 1);
    const json worker = client.at("workers").at(0);
    EXPECT_EQ(worker.at("name"), "rig");
    EXPECT_EQ(worker.at("lastSeen"), "2023-11-14T22:20:00.500Z");
    for (const std::string path : {"/api/client/miner/rig", "/api/client/miner/rig/rig"}) {
        EXPECT_EQ(read(path).at("name"), "rig");
        EXPECT_EQ(read(path).at("bestDifficulty"), 0);
        EXPECT_EQ(read(path).at("chartData"), chart);
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/client/miner/other")), "404");
    EXPECT_EQ(status_of(get(server.web(), "/api/client/nobody/chart")), "404");
    EXPECT_EQ(status_of(get(server.web(), "/api/client/hidden/chart")), "401");
    EXPECT_EQ(status_of(get(server.web(), "/api/client/hidden/rig")), "401");
    EXPECT_EQ(status_of(get(server.web(), "/api/client/hidden/rig/rig/more")), "404");
}

// Newer ones tell shared from solo work; they show nothing at all when one of these is missing.
TEST(RpcShims, TellPublicPoolsPagesThatAllWorkIsPplns)
{
    const Running server;
    const auto read = [&](const std::string& path) {
        return json::parse(body_of(get(server.web(), path)));
    };
    const json chart = json::parse(
        R"([{"label":"2023-11-14T22:20:00.000Z","data":1500000000000,"payoutMode":"pplns"}])");
    for (const std::string of : {"/api/info", "/api/client/miner"}) {
        for (const std::string mode : {"", "?payoutMode=all", "?payoutMode=pplns"}) {
            EXPECT_EQ(read(of + "/chart/payout-modes" + mode), chart) << of << mode;
        }
        EXPECT_EQ(read(of + "/chart/payout-modes?payoutMode=solo"), json::array()) << of;
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/client/hidden/chart/payout-modes")), "401");

    const std::vector<const char*> figures{
        "bestSubmissionDifficulty", "creditedDifficultyLastHour", "creditedDifficultyLast10Minutes",
        "hashRateLastHour",         "hashRateLast10Minutes",      "totalCreditedDifficulty",
        "networkDifficultyPercent"};
    const json shared = read("/api/info/accounting?payoutMode=pplns");
    const json solo = read("/api/info/accounting?payoutMode=solo");
    for (const char* const figure : figures) {
        EXPECT_TRUE(shared.at(figure).is_number()) << figure;
        EXPECT_EQ(solo.at(figure), 0) << figure;
    }
    EXPECT_EQ(shared.at("bestSubmissionDifficulty"), 7.5);
    EXPECT_EQ(shared, read("/api/info/accounting"));

    EXPECT_EQ(read("/api/client/miner").at("workers").at(0).at("payoutMode"), "pplns");
    EXPECT_EQ(read("/api/client/miner?payoutMode=pplns"), read("/api/client/miner"));
    EXPECT_EQ(read("/api/client/miner?payoutMode=solo").at("workers"), json::array());
    EXPECT_EQ(read("/api/client/miner/rig").at("payoutMode"), "pplns");
}

}  // namespace
}  // namespace rpc::testing
