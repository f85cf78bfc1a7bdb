#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

std::string credited_sql(const std::string& account)
{
    return "select coalesce(sum(b.credits_sat - b.debits_sat), 0) from ledger_balance b "
           "join ledger_account a on a.id = b.account_id join account m on m.id = a.member_id "
           "where m.name = '" +
           account + "' and a.code like 'm:%'";
}

// The whole road: node -> template -> job -> session -> share -> journal -> Redis -> slot ->
// ledger. On regtest every second share is a block. Slots last a minute, so this test does too.
TEST(WholeRoad, TurnsAMinersShareIntoABlockAndTheBlockIntoACreditThatMatures)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const std::string account = test_address("regtest", 1);
    auto miner = pool.miner(account + ".rig1", {"--max-shares-per-second", "2"});

    ASSERT_TRUE(eventually(seconds{150}, [&] {
        return std::strtoll(pool.database().scalar(credited_sql(account)).c_str(), nullptr, 10) > 0;
    })) << pool.log();

    // Every credited satoshi is a satoshi of a coinbase: the books sum to zero by construction,
    // and what the members, the fee and the reserve got is what the blocks paid.
    EXPECT_EQ(pool.database().scalar(
                  "select coalesce(sum(if(side = 'debit', debits_sat - credits_sat, 0)), 0) = "
                  "coalesce(sum(if(side = 'credit', credits_sat - debits_sat, 0)), 0) "
                  "from ledger_balance"),
              "1");
    EXPECT_EQ(pool.database().scalar("select count(*) from block_credit where gross_sat <> fee_sat "
                                     "+ donation_sat + net_sat"),
              "0");

    miner->signal(SIGTERM);
    EXPECT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    node.generate(101);
    ASSERT_TRUE(eventually(seconds{60}, [&] { return pool.info("blocks_mature") > 0; }))
        << pool.log();

    const auto user = pool.rpc("getuser", "[\"" + account + "\"]");
    ASSERT_TRUE(user.has_value()) << user.error().detail;
    EXPECT_GT(number_in(*user, "available_sat").value_or(0), 0) << *user;

    const Page metrics = http_get(pool.web_url() + "/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.body.find("zubr_shares_total"), std::string::npos);
    const Page api = http_get(pool.web_url() + "/api/v1/users/" + account);
    EXPECT_EQ(api.status, 200) << api.body;
    EXPECT_GT(number_in(api.body, "credited_sat").value_or(0), 0) << api.body;
    EXPECT_EQ(http_get(pool.web_url() + "/").status, 200);
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
