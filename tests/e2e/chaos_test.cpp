#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/chaos_pool.h"
#include "tests/e2e/found_blocks.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::size_t files_in(const std::filesystem::path& directory)
{
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
        if (entry.path().extension() == ".block") ++count;
    }
    return count;
}

// ./dev test chaos asks for 200 blocks; the normal suites for a few.
std::uint32_t blocks_wanted()
{
    const char* const text = std::getenv("ZUBR_CHAOS_BLOCKS");
    return text == nullptr ? 15 : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

// The hashes of blocks that the pool has acknowledged to the miner, as the miner computed them.
std::set<std::string> acknowledged_blocks(const std::string& said)
{
    constexpr std::string_view key = "\"event\":\"block\",\"hash\":\"";
    std::set<std::string> out;
    for (auto at = said.find(key); at != std::string::npos; at = said.find(key, at + 1)) {
        out.insert(said.substr(at + key.size(), 64));
    }
    return out;
}

/// In the chain; or refused by name; or beside another block of ours: one that the node had
/// forgotten came back after the next of its height.
bool is_known(NodeFixture& node, const std::string& log, const std::string& hash)
{
    return is_accounted_for(node, log, hash) ||
           (node.call("getblockheader", "[\"" + hash + "\"]").has_value() &&
            was_answered(log, hash, "accepted"));
}

class Chaos : public ChaosPool {
protected:
    Chaos() : ChaosPool("regtest", {}) {}

    /// The node has on disk what it knows now: what it learns between this and its death it
    /// forgets, and gets again from the pool.
    void let_the_node_write()
    {
        EXPECT_TRUE(node.call("gettxoutsetinfo", "[\"none\"]").has_value());
    }

    // zubrd dies anywhere in a start as well, which takes up what the last life left.
    void strike_with_starts(unsigned bits, std::mt19937_64& random)
    {
        strike(bits);
        while ((bits & zubrd_dies) != 0 && random() % 2 == 0) {
            pool.kill();
            ++kills;
            pool.launch();
            const milliseconds early{random() % 500};
            static_cast<void>(eventually(early, [] { return false; }));
            pool.kill();
            pool.start();
        }
        ++kills;
    }

    /// Each block that was credited stands once in the books, with its whole reward.
    void expect_each_credited_once() const
    {
        const std::string events =
            "(select count(*) from ledger_event e where e.ref = lower(hex(reverse(f.hash))) and "
            "e.kind = '";
        EXPECT_EQ(number("select count(*) from block_found f where " + events + "accrue') <> " +
                         events + "orphan') + (f.books <> 'nothing')"),
                  0U)
            << "a block is credited twice, or taken back and still there";
        const std::string sum =
            "(select coalesce(sum(t.amount_sat), 0) from ledger_transfer t join ledger_event e on "
            "e.id = t.event_id where e.kind = '";
        EXPECT_EQ(mysql.scalar("select " + sum + "accrue') - " + sum + "orphan')"),
                  mysql.scalar("select coalesce(sum(reward_sat), 0) from block_found where books "
                               "<> 'nothing'"));
        // To the satoshi, from the balances as well: what was credited twice stands there twice.
        EXPECT_EQ(
            mysql.scalar("select coalesce(sum(cast(debits_sat as signed) - cast(credits_sat as "
                         "signed)), 0) from ledger_balance join ledger_account on id = "
                         "account_id where code in ('asset:coinbase_immature', 'asset:wallet')"),
            mysql.scalar("select coalesce(sum(reward_sat), 0) from block_found where books <> "
                         "'nothing'"));
    }

    int kills = 0;
};

// On regtest every second share is a block. zubrd, its stores and its node are killed at random
// moments, alone and together; whatever they were doing, each block that the pool ever spoke of or
// acknowledged is in the chain, or the log has the node's reason, and none is credited twice.
TEST_F(Chaos, KillNineOfAnythingAtRandomMomentsLosesNoBlockAndCreditsNoneTwice)
{
    const std::uint32_t wanted = blocks_wanted();
    pool.start();
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--json", "--max-shares-per-second", "5"});
    std::mt19937_64 random{20261125};  // fixed: a failure must replay
    const auto begun = std::chrono::steady_clock::now();
    for (unsigned round = 0; (node.height() < wanted || round < chaos_rounds()) &&
                             std::chrono::steady_clock::now() - begun < seconds{10} * wanted;
         ++round) {
        const unsigned bits = victims(round);
        SCOPED_TRACE("round " + std::to_string(round) + ", bits " + std::to_string(bits));
        const std::uint32_t before = node.height();
        static_cast<void>(eventually(seconds{20}, [&] { return node.height() > before; }));
        // Anywhere in the life of the next blocks.
        const milliseconds moment{random() % 1500};
        static_cast<void>(eventually(moment, [] { return false; }));
        if ((bits & node_dies) != 0) {
            let_the_node_write();
            const milliseconds later{random() % 300};
            static_cast<void>(eventually(later, [] { return false; }));
        }
        strike_with_starts(bits, random);
        ASSERT_FALSE(HasFatalFailure());
    }
    EXPECT_GE(node.height(), wanted) << pool.log();
    EXPECT_GE(kills, 5);
    miner->signal(SIGTERM);
    ASSERT_TRUE(miner->wait(seconds{20}).has_value());
    EXPECT_TRUE(eventually(
        seconds{30},
        [&] { return files_in(std::filesystem::path{pool.data_dir()} / "blocks") == 0; }))
        << "found blocks are left without an answer\n"
        << pool.log();

    const std::string log = pool.log();
    const std::set<std::string> found = blocks_in_log(log);
    EXPECT_GE(found.size(), wanted);
    // The miner is the witness that is killed by nobody.
    const std::set<std::string> acknowledged = acknowledged_blocks(miner->output());
    EXPECT_GE(acknowledged.size(), wanted / 2) << miner->output();
    for (const std::string& hash : acknowledged) {
        EXPECT_TRUE(found.contains(hash)) << hash << " was acknowledged, and nobody knows it";
    }
    // What the node has forgotten it gets again from whoever watches these blocks.
    for (const std::string& hash : found) {
        EXPECT_TRUE(eventually(seconds{30}, [&] { return is_known(node, pool.log(), hash); }))
            << hash << " is lost\n"
            << log;
    }
    std::size_t counted = 0;
    for (const std::string& hash : found) counted += in_chain(node, hash) ? 1 : 0;
    EXPECT_EQ(counted, node.height()) << "the pool alone mines this chain";
    EXPECT_TRUE(eventually(
        seconds{20}, [&] { return number("select count(*) from block_found") == found.size(); }))
        << number("select count(*) from block_found") << " of " << found.size();
    EXPECT_EQ(number("select count(*) from block_found where not exists (select 1 from "
                     "block_answer where block_hash = hash)"),
              0U)
        << "a block without its node's answer";
    EXPECT_TRUE(eventually(
        seconds{150},
        [&] {
            return number(
                       "select count(*) from block_found where place = 'in_chain' and books <> "
                       "'nothing'") == counted;
        }))
        << "no block is left without its credit\n"
        << pool.log();
    expect_each_credited_once();
    EXPECT_GE(verified_events(), counted);
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
