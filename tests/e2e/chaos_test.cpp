#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/found_blocks.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

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

// On regtest every share is a block. zubrd is killed at random moments; whatever it was doing, each
// block that it ever spoke of or acknowledged is in the chain, or the log has the node's reason,
// and none is credited twice.
TEST(Chaos, KillNineAtRandomMomentsLosesNoBlockAndCreditsNoneTwice)
{
    const std::uint32_t wanted = blocks_wanted();
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--json", "--max-shares-per-second", "5"});
    std::mt19937_64 random{20261125};  // fixed: a failure must replay
    int kills = 0;
    const auto begun = std::chrono::steady_clock::now();
    while (node.height() < wanted &&
           std::chrono::steady_clock::now() - begun < seconds{5} * wanted) {
        const std::uint32_t before = node.height();
        static_cast<void>(eventually(seconds{20}, [&] { return node.height() > before; }));
        // Anywhere in the life of the next blocks.
        const milliseconds moment{random() % 1500};
        static_cast<void>(eventually(moment, [] { return false; }));
        pool.kill();
        ++kills;
        // And of a start, which takes up what the last life left.
        for (; random() % 2 == 0; ++kills) {
            pool.launch();
            const milliseconds early{random() % 500};
            static_cast<void>(eventually(early, [] { return false; }));
            pool.kill();
        }
        pool.start();
    }
    EXPECT_GE(node.height(), wanted) << pool.log();
    EXPECT_GE(kills, 3);
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
    std::size_t counted = 0;
    for (const std::string& hash : found) {
        if (in_chain(node, hash)) ++counted;
        EXPECT_TRUE(is_accounted_for(node, log, hash)) << hash << " is lost\n" << log;
    }
    EXPECT_EQ(counted, node.height()) << "the pool alone mines this chain";
    const Database& books = pool.database();
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return books.scalar("select count(*) from block_found") == std::to_string(found.size());
    }));
    EXPECT_EQ(books.scalar("select count(*) from block_found where not exists (select 1 from "
                           "block_answer where block_hash = hash)"),
              "0")
        << "a block without its node's answer";
    EXPECT_TRUE(
        eventually(seconds{150},
                   [&] {
                       return books.scalar(
                                  "select count(*) from block_found where place = 'in_chain' and "
                                  "books <> 'nothing'") == std::to_string(counted);
                   }))
        << "no block is left without its credit\n"
        << pool.log();
    // To the satoshi, from the balances: a block that was credited twice would stand in them twice.
    EXPECT_EQ(books.scalar("select coalesce(sum(cast(debits_sat as signed) - cast(credits_sat as "
                           "signed)), 0) from ledger_balance join ledger_account on id = "
                           "account_id where code in ('asset:coinbase_immature', 'asset:wallet')"),
              books.scalar("select coalesce(sum(reward_sat), 0) from block_found where books <> "
                           "'nothing'"));
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
