#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

bool found_one(const PoolFixture& pool)
{
    const std::filesystem::path folder = std::filesystem::path{pool.data_dir()} / "blocks";
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (entry.path().extension() == ".block") return true;
    }
    return false;
}

/// Found while the node is away, by a pool that is killed before it comes back.
void find_one_and_die(NodeFixture& node, PoolFixture& pool)
{
    pool.start();
    node.process().signal(SIGTERM);  // miners have its job
    ASSERT_TRUE(node.process().wait(seconds{20}).has_value());
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--max-shares-per-second", "4"});
    ASSERT_TRUE(eventually(seconds{20}, [&] { return found_one(pool); })) << pool.log();
    pool.kill();
    miner->signal(SIGTERM);
    ASSERT_TRUE(miner->wait(seconds{20}).has_value());
    node.start();
}

TEST(LeftOver, ABlockOfAnEarlierLifeReachesTheNodeBeforeTheStoresAreThere)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    ASSERT_NO_FATAL_FAILURE(find_one_and_die(node, pool));
    const std::uint32_t height = node.height();
    Process next{{required("ZUBR_TEST_BIN") + "/zubrd", "-c", pool.config_file(), "--set",
                  "mysql.socket=" + (pool.directory() / "nobody.sock").string()},
                 pool.directory() / "next.log"};
    const auto code = next.wait(seconds{30});
    ASSERT_TRUE(code.has_value()) << next.output();
    EXPECT_NE(*code, 0) << "without MySQL nothing is served";
    EXPECT_GT(node.height(), height) << next.output();
    EXPECT_TRUE(found_one(pool)) << "the books do not have it";

    pool.start();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return !found_one(pool); })) << pool.log();
    EXPECT_NE(pool.database().scalar("select count(*) from block_found"), "0");
}

TEST(LeftOver, TheNodesWordFromBeforeTheStoresWereThereIsInTheBooks)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    ASSERT_NO_FATAL_FAILURE(find_one_and_die(node, pool));
    pool.start();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return !found_one(pool); })) << pool.log();
    EXPECT_EQ(
        pool.database().scalar("select count(*) from block_answer where outcome = 'accepted'"), "1")
        << pool.log();
}

/// Some blocks in the chain, in the books and kept.
void find_some(NodeFixture& node, PoolFixture& pool)
{
    pool.start();
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--max-shares-per-second", "4"});
    ASSERT_TRUE(eventually(seconds{30}, [&] { return node.height() >= 3; })) << pool.log();
    miner->signal(SIGTERM);
    ASSERT_TRUE(miner->wait(seconds{20}).has_value());
    ASSERT_TRUE(eventually(seconds{30}, [&] { return !found_one(pool); })) << pool.log();
}

// A node writes what it knows of its blocks to disk about once an hour.
TEST(KeptBlocks, GoToANodeThatForgotThemInACrash)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    ASSERT_NO_FATAL_FAILURE(find_some(node, pool));
    const std::uint32_t height = node.height();
    node.process().signal(SIGKILL);
    ASSERT_TRUE(node.process().wait(seconds{20}).has_value());
    node.start();
    EXPECT_TRUE(eventually(seconds{60},
                           [&] {
                               return pool.log().find("block_sent_again") != std::string::npos &&
                                      node.height() >= height;
                           }))
        << "height " << node.height() << " of " << height << "\n"
        << pool.log();
}

// Those of a backup from before the blocks were found, as these have nothing at all.
TEST(KeptBlocks, AreToldToBooksThatLackThem)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    ASSERT_NO_FATAL_FAILURE(find_some(node, pool));
    EXPECT_EQ(pool.stop(), 0) << pool.log();

    PoolFixture restored{node, {.start_difficulty = 0, .sets = {}}};
    std::filesystem::create_directories(restored.data_dir());
    std::filesystem::copy(pool.data_dir() + "/blocks", restored.data_dir() + "/blocks");
    std::size_t kept = 0;
    for (const auto& entry : std::filesystem::directory_iterator{pool.data_dir() + "/blocks"}) {
        if (entry.path().extension() == ".kept") ++kept;
    }
    EXPECT_GE(kept, 3U);
    restored.start();
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        return restored.database().scalar("select count(*) from block_found") ==
               std::to_string(kept);
    })) << restored.log();
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        return restored.database().scalar(
                   "select count(*) from block_found where place = 'in_chain'") ==
               std::to_string(node.height());
    })) << restored.log();
    EXPECT_EQ(restored.stop(), 0) << restored.log();
}

}  // namespace
}  // namespace tests
