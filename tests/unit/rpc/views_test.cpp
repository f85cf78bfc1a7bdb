#include "rpc/views.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/account_views.h"

namespace rpc {
namespace {

TEST(NumberJson, IsTheShortestTextOfTheNumber)
{
    EXPECT_EQ(number_json(0), "0");
    EXPECT_EQ(number_json(0.1), "0.1");
    EXPECT_EQ(number_json(1e21), "1e+21");
    EXPECT_EQ(number_json(2.3283064365386963e-10), "2.3283064365386963e-10");  // 2^-32
    EXPECT_EQ(number_json(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(number_json(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(PoolJson, KeepsOperatorsFiguresFromThePublic)
{
    PoolInfo info;
    info.version = "0.1.0";
    info.chain = "signet";
    info.height = {812};
    info.credited = {4'999'999'999};
    info.shares_rejected = {{"low_difficulty", 2}, {"duplicate", 3}};
    info.readiness = {false, {{"mysql", false, "cannot reach 10.0.0.5:3306"}}};

    const std::string admin = admin_pool_json(info);
    EXPECT_NE(admin.find(R"("chain":"signet","uptime_s":0,"height":812,)"), std::string::npos);
    EXPECT_NE(admin.find(R"("credited_sat":4999999999,)"), std::string::npos);
    EXPECT_NE(admin.find(R"("ready":false,"template_age_ms":null,)"), std::string::npos);
    EXPECT_NE(admin.find(R"("shares_rejected":5,"shares_rejected_low_difficulty":2,)"),
              std::string::npos);
    EXPECT_NE(admin.find(R"("state_mysql":"cannot reach 10.0.0.5:3306")"), std::string::npos);

    info.v2_authority = "9a";
    const std::string seen = public_pool_json(info);
    EXPECT_NE(seen.find(R"("tls":false,"v2_authority":"9a")"), std::string::npos) << seen;
    EXPECT_NE(seen.find(R"("credited_sat":4999999999,)"), std::string::npos);
    EXPECT_EQ(seen.find("10.0.0.5"), std::string::npos);
    EXPECT_EQ(seen.find("shares_rejected"), std::string::npos);
    EXPECT_EQ(readiness_json(info.readiness),
              R"({"ready":false,"dependencies":{"mysql":{"ok":false}}})");
}

TEST(NewTokenJson, HasALinkThatBeginsWhereThePagesAre)
{
    payouts::NewToken made;
    made.token.id = 7;
    made.secret = "5ec3e7";
    const auto watch = [&made](const char* web_url) {
        return nlohmann::json::parse(new_token_json("farm", made, web_url)).at("watch");
    };
    EXPECT_EQ(watch("https://pool.example"), "https://pool.example/#/watch/5ec3e7");
    EXPECT_EQ(watch(""), "/#/watch/5ec3e7") << "where the pages are is not known";
}

TEST(VerdictJson, SaysNoughtSatoshiOfGoodBooksOnly)
{
    LedgerVerdict verdict;
    EXPECT_EQ(verdict_json(verdict).find(R"({"difference_sat":0,"good":true,)"), 0U);
    verdict.difference = "event x breaks the chain of hashes";
    EXPECT_EQ(verdict_json(verdict).find(R"({"difference_sat":null,"good":false,)"), 0U);
    verdict.off = pool::Sats{-7};
    EXPECT_EQ(verdict_json(verdict).find(R"({"difference_sat":-7,"good":false,)"), 0U);
}

TEST(VerdictJson, SaysWhereCoinbasesHavePaid)
{
    LedgerVerdict verdict;
    verdict.paid_to = {{"bc1q", pool::Sats{7}}, {"bc1r", pool::Sats{8}}};
    EXPECT_NE(verdict_json(verdict).find(
                  R"("paid_to":[{"to":"bc1q","amount_sat":7},{"to":"bc1r","amount_sat":8}])"),
              std::string::npos);
}

TEST(UserJson, TellsAmountsExactlyAndEscapesWhatMinersSay)
{
    UserInfo user;
    user.account = "bcrt1qexample";
    user.immature = {5'000'000'001};
    user.available = {-3};
    WorkerInfo worker;
    worker.name = "rig.1";
    worker.user_agent = "</script>\"\n\x07";
    worker.difficulty = 0.5;
    worker.last_share = pool::UnixMillis{1'764'000'000'999};
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(1, worker);
    EXPECT_EQ(
        user_json(user),
        R"({"account":"bcrt1qexample","payout_address":"","immature_sat":5000000001,)"
        R"("available_sat":-3,"in_payout_sat":0,"credited_sat":0,"paid_sat":0,"shares":0,)"
        R"("hashrate_1m":0,"hashrate_5m":0,"hashrate_10m":0,"hashrate_15m":0,"hashrate_1h":0,)"
        R"("hashrate_1d":0,"hashrate_7d":0,"accepted":0,"stale":0,"rejected":0,"best_share":0,)"
        R"("worker_count":1,"last_share":1764000000})");
    EXPECT_EQ(
        workers_json(user, 1, ""),
        R"({"total":1,"next":null,"workers":[{"name":"rig.1",)"
        R"("hashrate_1m":0,"hashrate_5m":0,"hashrate_10m":0,"hashrate_15m":0,"hashrate_1h":0,)"
        R"("hashrate_1d":0,"hashrate_7d":0,"accepted":0,"stale":0,"rejected":0,)"
        R"("duplicate":0,"low_difficulty":0,"best_share":0,"difficulty":0.5,)"
        R"("last_share":1764000000,"user_agent":"</script>\"\n\u0007"}]})");
}

TEST(WorkersJson, GivesEachWorkerOnceWhateverThePagesLength)
{
    std::vector<WorkerInfo> workers(7);
    for (std::size_t i = 0; i < workers.size(); ++i) workers[i].name = std::string(i + 1, 'r');
    UserInfo user;
    user.workers = std::make_shared<const std::vector<WorkerInfo>>(workers);
    for (const std::size_t limit : {1U, 2U, 6U, 7U, 8U}) {
        std::string cursor;
        std::size_t names = 0;
        std::size_t pages = 0;
        do {
            const auto page = nlohmann::json::parse(workers_json(user, limit, cursor));
            EXPECT_EQ(page.at("total"), 7);
            EXPECT_LE(page.at("workers").size(), limit);
            for (const auto& worker : page.at("workers")) {
                EXPECT_EQ(worker.at("name"), std::string(++names, 'r'));
            }
            cursor = page.at("next").is_null() ? "" : page.at("next").get<std::string>();
        } while (!cursor.empty() && ++pages < 10);
        EXPECT_EQ(names, 7U) << limit;
    }
    const auto behind = nlohmann::json::parse(workers_json(user, 10, "rrrrrs"));
    EXPECT_TRUE(behind.at("workers").empty());
    EXPECT_TRUE(behind.at("next").is_null());
}

TEST(LuckJson, CountsNoBlockThatEveryNodeHasRefused)
{
    std::vector<BlockInfo> blocks(3);
    blocks[0].state = "immature";
    blocks[0].effort = 2;
    blocks[1].state = "rejected";
    blocks[1].effort = 0.5;
    blocks[2].state = "mature";
    blocks[2].effort = 2;
    EXPECT_EQ(luck_json(blocks), R"({"luck_10":0.5,"luck_50":0.5,"luck_250":0.5,"blocks":2})");
}

TEST(UsersJson, SumsWorkersByAccountTheStrongestFirst)
{
    const auto line = [](const char* account, double rate, std::uint64_t at) {
        WorkerLine out{account, {}};
        out.worker.rates.m5 = rate;
        out.worker.accepted = 3;
        if (at > 0) out.worker.last_share = pool::UnixMillis{at};
        return out;
    };
    const std::string text = users_json(
        {line("ann", 5, 2000), line("bob", 4, 0), line("bob", 3, 9000), line("eve", 1, 0)}, 2);
    EXPECT_EQ(text,
              R"([{"account":"bob","workers":2,"hashrate_1m":0,"hashrate_5m":7,"hashrate_1h":0,)"
              R"("hashrate_1d":0,"accepted":6,"stale":0,"rejected":0,"last_share":9},)"
              R"({"account":"ann","workers":1,"hashrate_1m":0,"hashrate_5m":5,"hashrate_1h":0,)"
              R"("hashrate_1d":0,"accepted":3,"stale":0,"rejected":0,"last_share":2}])");
}

}  // namespace
}  // namespace rpc
