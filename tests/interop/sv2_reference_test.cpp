#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

// What the client has said behind "block ", once the line is whole.
std::string block_in(const std::string& output)
{
    const std::string mark = "\nblock ";
    const auto from = output.find(mark);
    if (from == std::string::npos) return {};
    const auto end = output.find('\n', from + mark.size());
    if (end == std::string::npos) return {};
    return output.substr(from + mark.size(), end - from - mark.size());
}

// A client made of the reference implementation's crates (sv2-reference/) goes through a pool on a
// real node: handshake, setup, extensions, every kind of channel, the whole negative set, blocks.
// It ends with 0 only if all of it held.
TEST(Sv2Reference, FindsNothingToComplainAbout)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {"stratum.declare_jobs=true"}}};
    pool.start();
    const auto ask = [&pool](const std::string& sql) { return pool.database().scalar(sql); };
    // Shares of a minute that is over, so that there is somebody to credit a block to.
    const std::string member = test_address("regtest", 2);
    {
        const auto miner = pool.miner(member + ".rig", {"--max-shares-per-second", "4"});
        ASSERT_TRUE(eventually(seconds{60}, [&] { return pool.info("shares_accepted") >= 4; }));
    }
    ASSERT_TRUE(eventually(seconds{130}, [&] {
        return ask("select count(*) > 0 from slot_account where slot_id < unix_timestamp() div "
                   "60") == "1";
    })) << pool.log();

    const std::string url = pool.v2_url();
    const std::string key = url.substr(url.rfind('/') + 1);

    Process client{{required("ZUBR_INTEROP") + "/sv2-reference",
                    "127.0.0.1:" + std::to_string(pool.stratum_port()), key,
                    test_address("regtest", 1) + ".reference"},
                   pool.directory() / "sv2-reference.log"};
    // The block that it has put together itself is not the pool's to send: it is given to the node
    // here.
    std::string block;
    EXPECT_TRUE(eventually(seconds{120}, [&] {
        block = block_in(client.output());
        return !block.empty() || !client.running();
    }));
    const auto said = node.call("submitblock", R"([")" + block + R"("])");
    EXPECT_TRUE(said && *said == "null") << said.value_or("no answer");
    EXPECT_EQ(client.wait(seconds{120}), 0) << client.output() << pool.log();
    // Its blocks are in the node's chain, by the pool's own account of it.
    EXPECT_TRUE(eventually(seconds{30}, [&] { return pool.info("blocks_found") >= 5; }))
        << pool.log();
    const auto in_chain = [&pool](const std::string& of) {
        return pool.database().scalar(
            "SELECT COUNT(*) FROM block_found WHERE place = 'in_chain' AND " + of);
    };
    const std::string unsent = "hash NOT IN (SELECT block_hash FROM block_answer)";
    EXPECT_TRUE(eventually(seconds{30}, [&] { return in_chain(unsent) == "1"; })) << pool.log();
    // Whoever sent it: the declared block is credited as any other, to the satoshi.
    const std::string declared =
        "f.hash = (select hash from block_found where place = 'in_chain' and hash not in "
        "(select block_hash from block_answer))";
    EXPECT_TRUE(eventually(seconds{90}, [&] {
        return ask("select count(*) from block_found f join block_credit c on c.block_hash = "
                   "f.hash "
                   "join account a on a.id = c.account_id where c.net_sat > 0 and a.name = '" +
                   member + "' and " + declared) == "1";
    })) << pool.log();
    EXPECT_EQ(
        ask("select sum(t.amount_sat) = f.reward_sat from block_found f join ledger_event e on "
            "e.ref = lower(hex(reverse(f.hash))) and e.kind = 'accrue' join ledger_transfer t "
            "on t.event_id = e.id where " +
            declared + " group by f.hash, f.reward_sat"),
        "1");
    // The share with a name behind it is that worker's, beside those of the channel's own.
    const auto named =
        pool.rpc("getworker", R"([")" + test_address("regtest", 1) + R"(","behind"])");
    EXPECT_EQ(named ? number_in(*named, "accepted") : std::nullopt, 1) << named.value_or("none");
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
