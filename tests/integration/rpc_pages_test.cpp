// Lists that come in pages, and histories in the steps that are asked for.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

TEST(RpcPages, GivesPagesOfWorkersUntilThereIsNoNext)
{
    const Running server;
    const json all = json::parse(body_of(get(server.web(), "/api/v1/users/miner/workers")));
    EXPECT_EQ(all.at("total"), 1);
    EXPECT_EQ(all.at("workers").size(), 1U);
    EXPECT_TRUE(all.at("next").is_null());
    const std::string behind = get(server.web(), "/api/v1/users/miner/workers?cursor=rig");
    EXPECT_EQ(json::parse(body_of(behind)).at("workers").size(), 0U);
    const json page = json::parse(body_of(get(server.web(), "/api/v1/users/farm/workers?limit=7")));
    EXPECT_EQ(page.at("workers").size(), 7U);
    EXPECT_EQ(page.at("next"), "rig");
}

TEST(RpcPages, RefusesACursorThatCannotBeTheNameOfAWorker)
{
    Running server;
    const std::string list = "/api/v1/users/farm/workers?cursor=";
    const std::string longest(64, 'z');
    for (const std::string& good : {std::string{}, std::string{"Az0._:%2B=@-"}, longest}) {
        EXPECT_EQ(status_of(get(server.web(), list + good)), "200") << good;
    }
    const int asked = server.pool.asked;
    for (const std::string& bad :
         {longest + "z", std::string{"a%20b"}, std::string{"a%2Fb"}, std::string{"%D1%80"}}) {
        const std::string answer = get(server.web(), list + bad);
        EXPECT_EQ(status_of(answer), "400") << bad;
        EXPECT_TRUE(has(answer, "bad_query")) << answer;
    }
    EXPECT_EQ(server.pool.asked, asked);
}

TEST(RpcPages, GivesPagesOfEarningsAndPayoutsUntilThereIsNoNext)
{
    const Running server;
    const auto walk = [&server](const std::string& what, const char* const name) {
        std::vector<json> seen;
        json next = "";
        for (int pages = 0; !next.is_null() && pages < 9; ++pages) {
            std::string target = "/api/v1/users/miner/" + what + "?limit=1";
            const auto cursor = next.get<std::string>();
            if (!cursor.empty()) target += "&cursor=" + cursor;
            const json page = json::parse(body_of(get(server.web(), target)));
            for (const json& row : page.at(what)) seen.push_back(row.at(name));
            next = page.at("next");
        }
        return seen;
    };
    EXPECT_EQ(walk("earnings", "height"), (std::vector<json>{812, 811, 810}));
    EXPECT_EQ(walk("payouts", "payout"), (std::vector<json>{7, 7, 5}));
}

TEST(RpcPages, TellsHistoryInTheStepsThatAreAskedFor)
{
    const Running server;
    const auto step = [&server](const std::string& target) {
        return json::parse(body_of(get(server.web(), target))).at("step_s");
    };
    EXPECT_EQ(step("/api/v1/pool/history?range=24h&step=5m"), 300);
    EXPECT_EQ(step("/api/v1/pool/history?range=24h&step=1m"), 60);
    EXPECT_EQ(step("/api/v1/users/miner/history?range=30d&step=1h"), 3600);
    EXPECT_EQ(step("/api/v1/users/miner/workers/rig/history?range=7d"), 3600);
    EXPECT_EQ(step("/api/v1/users/miner/sites/brest/history?range=1y"), 86'400);
}

}  // namespace
}  // namespace rpc::testing
