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

// What the books owe the account, and what the credits of blocks that count say they should.
void expect_credited_once(const PoolFixture& pool, const std::string& account)
{
    EXPECT_EQ(pool.database().scalar(credited_sql(account)),
              pool.database().scalar(
                  "select coalesce(sum(c.net_sat), 0) from block_credit c join block_found f on "
                  "f.hash = c.block_hash and f.epoch = c.epoch and f.books <> 'nothing' join "
                  "account m on m.id = c.account_id where m.name = '" +
                  account + "'"));
}

// A credited block leaves the chain: shown as orphaned at once, taken out of the books when the
// rival is deep, and credited again, once, when the chain comes back (charter, decision 19).
void reorganise_away_and_back(NodeFixture& node, const PoolFixture& pool,
                              const std::string& account)
{
    const Database& books = pool.database();
    const std::string height =
        books.scalar("select coalesce(max(height), 0) from block_found where books = 'accrued'");
    const std::string hash = node.call("getblockhash", "[" + height + "]").value_or("");
    // On regtest every second share is a block, so there may be others of ours beside it.
    const std::string where =
        " from block_found where hash = reverse(unhex('" + hash.substr(1, 64) + "'))";
    ASSERT_EQ(books.scalar("select count(*)" + where), "1") << hash;
    expect_credited_once(pool, account);

    // The miners may have left a rival of that height, to which the node turns by itself.
    const auto make_rival_deep = [&](unsigned long depth) {
        const unsigned long top = std::stoul(height) + depth - 1;
        const unsigned long tip = std::stoul(node.call("getblockcount").value_or("0"));
        if (tip < top) node.generate(static_cast<int>(top - tip));
    };
    ASSERT_TRUE(node.call("invalidateblock", "[" + hash + "]").has_value());
    make_rival_deep(1);
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return books.scalar("select concat(state, ' ', books, ' ', epoch)" + where) ==
               "orphaned accrued 1";
    })) << books.scalar("select concat(state, ' ', books, ' ', epoch)" + where);
    const std::string rival = node.call("getblockhash", "[" + height + "]").value_or("");
    make_rival_deep(5);
    EXPECT_TRUE(eventually(
        seconds{20}, [&] { return books.scalar("select rival_confirmations" + where) == "5"; }));
    EXPECT_EQ(books.scalar("select concat(state, ' ', books, ' ', epoch)" + where),
              "orphaned accrued 1")
        << "five are not six";
    make_rival_deep(6);
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return books.scalar("select concat(state, ' ', books, ' ', epoch)" + where) ==
               "orphaned nothing 2";
    })) << books.scalar("select concat(state, ' ', books, ' ', epoch)" + where);
    expect_credited_once(pool, account);

    ASSERT_TRUE(node.call("reconsiderblock", "[" + hash + "]").has_value());
    ASSERT_TRUE(node.call("invalidateblock", "[" + rival + "]").has_value());
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return books.scalar("select concat(state, ' ', books, ' ', epoch)" + where) ==
               "immature accrued 2";
    })) << books.scalar("select concat(state, ' ', books, ' ', epoch)" + where);
    expect_credited_once(pool, account);
}

// The whole road: node -> template -> job -> session -> share -> journal -> Redis -> slot ->
// ledger. On regtest every second share is a block. Slots last a minute, so this test does too.
TEST(WholeRoad, TurnsAMinersShareIntoABlockAndTheBlockIntoACreditThatMatures)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const std::string account = test_address("regtest", 1);
    const std::string standard = test_address("regtest", 2);
    const std::string extended = test_address("regtest", 3);
    auto miner = pool.miner(account + ".rig1", {"--max-shares-per-second", "2"});
    auto v2_standard =
        pool.v2_miner(standard + ".rig2", "standard", {"--max-shares-per-second", "2"});
    auto v2_extended =
        pool.v2_miner(extended + ".rig3", "extended", {"--max-shares-per-second", "2"});
    const auto credited = [&pool](const std::string& name) {
        return std::strtoll(pool.database().scalar(credited_sql(name)).c_str(), nullptr, 10);
    };

    // By v1 and by both kinds of v2's channels: one road for all shares.
    ASSERT_TRUE(eventually(
        seconds{150},
        [&] { return credited(account) > 0 && credited(standard) > 0 && credited(extended) > 0; }))
        << pool.log() << v2_standard->output() << v2_extended->output();

    // Every satoshi that a credited block paid is in the books, and none besides: what the members
    // and the fee got of it, or the reserve where no window was there yet.
    EXPECT_EQ(
        pool.database().scalar(
            "select count(*) from block_found f where f.books <> 'nothing' and f.reward_sat <> "
            "(select sum(t.amount_sat) from ledger_transfer t join ledger_event e "
            "on e.id = t.event_id where e.ref = lower(hex(reverse(f.hash))) and "
            "e.kind = 'accrue')"),
        "0");
    const std::string block = pool.database().scalar(
        "select lower(hex(reverse(hash))) from block_found where books <> 'nothing' limit 1");
    const auto paid = node.call("getblock", "[\"" + block + "\", 2]");
    ASSERT_TRUE(paid.has_value()) << paid.error().detail;
    EXPECT_NE(paid->find(test_address("regtest", 0)), std::string::npos) << "not our coinbase";

    // The head of the sealed slots rides in the coinbase of blocks that are found after.
    ASSERT_TRUE(eventually(seconds{60}, [&] {
        return pool.database().scalar(
                   "select count(*) > 0 from block_found b join slot s on "
                   "locate(concat(x'6a23504c31', s.chain), b.coinbase_tx) > 0") == "1";
    })) << pool.log();

    for (Process* each : {miner.get(), v2_standard.get(), v2_extended.get()}) {
        each->signal(SIGTERM);
        EXPECT_EQ(each->wait(seconds{10}), 0) << each->output();
    }
    reorganise_away_and_back(node, pool, account);
    node.generate(101);
    // The first block to ripen may have found an empty window: then it was the reserve's.
    ASSERT_TRUE(eventually(seconds{60}, [&] {
        const auto user = pool.rpc("getuser", "[\"" + account + "\"]");
        return user && number_in(*user, "available_sat").value_or(0) > 0;
    })) << pool.log();
    EXPECT_GT(pool.info("blocks_mature"), 0);

    const Page metrics = http_get(pool.web_url() + "/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.body.find("zubr_shares_total"), std::string::npos);
    const Page api = http_get(pool.web_url() + "/api/v1/users/" + account);
    EXPECT_EQ(api.status, 200) << api.body;
    EXPECT_GT(number_in(api.body, "credited_sat").value_or(0), 0) << api.body;
    EXPECT_EQ(http_get(pool.web_url() + "/").status, 200);

    // What admins see of those who mine, and can do about one.
    auto last = pool.miner(account + ".last", {"--max-shares-per-second", "2"});
    EXPECT_TRUE(eventually(seconds{10}, [&] {
        const auto list = pool.rpc("listconnections", R"({"account":")" + account + R"("})");
        return list && list->find(account + ".last") != std::string::npos;
    }));
    EXPECT_EQ(pool.rpc("disconnectclient", R"(["127.0.0.0/8"])").value_or(""), "1");
    EXPECT_EQ(pool.rpc("disconnectclient", R"(["192.0.2.1"])").value_or(""), "0");
    const auto workers = pool.rpc("listworkers", R"({"limit":2})");
    EXPECT_TRUE(workers && workers->find("\"worker\":\"") != std::string::npos);
    const std::string levels = pool.rpc("logging", R"(["debug","stratum"])").value_or("");
    EXPECT_NE(levels.find("\"stratum\":\"debug\""), std::string::npos) << levels;
    EXPECT_NE(levels.find("\"payouts\":\"info\""), std::string::npos) << levels;
    EXPECT_GT(number_in(pool.rpc("getmemoryinfo").value_or(""), "resident").value_or(0), 1'000'000);
    EXPECT_NE(http_get(pool.web_url() + "/metrics").body.find("process_open_fds"),
              std::string::npos);

    // What an admin did is written down, and the chain of it holds.
    ASSERT_TRUE(pool.rpc("setban", R"({"network":"192.0.2.0/24"})").has_value());
    const auto audit = pool.rpc("verifyaudit");
    ASSERT_TRUE(audit.has_value());
    EXPECT_NE(audit->find("\"good\":true"), std::string::npos) << *audit;
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    EXPECT_EQ(pool.database().scalar("select group_concat(kind order by id) from audit_event "
                                     "where method = 'setban'"),
              "call,done");
}

}  // namespace
}  // namespace tests
