#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/found_blocks.h"
#include "tests/e2e/timed_miner.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/process.h"
#include "tests/unit/runtime/raw_socket.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Stop, WaitsForMinersToLeaveUntilItIsToldASecondTime)
{
    NodeFixture node{"regtest"};
    PoolOptions options;
    options.start_difficulty = 0.001;
    options.sets = {"stratum.drain_seconds=600"};
    PoolFixture pool{node, options};
    pool.start();
    const pool::RawSocket stays{pool.stratum_port()};
    constexpr std::string_view subscribe = "{\"id\":1,\"method\":\"mining.subscribe\"}\n";
    ASSERT_EQ(::send(stays.fd(), subscribe.data(), subscribe.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(subscribe.size()));
    ASSERT_TRUE(eventually(seconds{10}, [&pool] { return pool.info("connections") == 1; }));

    pool.process().signal(SIGTERM);
    ASSERT_TRUE(eventually(seconds{10},
                           [&pool] { return pool.log().find("stopping") != std::string::npos; }));
    EXPECT_TRUE(pool.ready()) << "whoever is connected is still served";
    pool.process().signal(SIGTERM);
    EXPECT_EQ(pool.process().wait(seconds{15}), 0) << pool.log();
    EXPECT_NE(pool.log().find("stopping_at_once"), std::string::npos);
}

// The next start may be hours away, and another block of its height seconds.
TEST(Stop, WaitsForTheWordOfANodeThatHasABlockInHand)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {"stratum.drain_seconds=0"}}};
    pool.start();
    std::optional<TimedMiner> miner;
    miner.emplace(pool.stratum_port(), test_address("regtest", 1) + ".rig");
    miner->mine_for(seconds{2}, milliseconds{200});
    node.process().signal(SIGSTOP);
    miner->mine_for(milliseconds{500}, milliseconds{50});
    const auto sent = miner->sent();
    const auto last = std::max_element(
        sent.begin(), sent.end(),
        [](const auto& one, const auto& other) { return one.second < other.second; });
    ASSERT_NE(last, sent.end()) << pool.log();
    miner.reset();
    pool.process().signal(SIGTERM);
    // There is no miner and no drain: but for the block it would be gone.
    EXPECT_FALSE(pool.process().wait(seconds{1}).has_value()) << pool.log();
    node.process().signal(SIGCONT);
    EXPECT_EQ(pool.process().wait(seconds{20}), 0) << pool.log();
    const std::string log = pool.log();
    EXPECT_NE(log.find("block_submitted hash=" + last->first), std::string::npos) << log;
    EXPECT_EQ(log.find("found_blocks_left"), std::string::npos) << log;
    EXPECT_TRUE(in_chain(node, last->first)) << log;
}

// As docs/operations.md writes it, and as bitcoind's users do.
TEST(Zubrd, TakesItsConfigurationBehindAVerbAsWellAsInFrontOfIt)
{
    NodeFixture node{"regtest"};
    node.generate(1);  // else it says that it is still syncing
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    const std::string zubrd = required("ZUBR_TEST_BIN") + "/zubrd";
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{zubrd, "check", "-c", pool.config_file()},
          std::vector<std::string>{zubrd, "-c", pool.config_file(), "check"}}) {
        Process asked{words, pool.directory() / "check.log"};
        EXPECT_EQ(asked.wait(seconds{20}), 0) << asked.output();
    }
    Process bare{{zubrd, "check"}, pool.directory() / "bare.log"};
    EXPECT_NE(bare.wait(seconds{20}), 0);
    EXPECT_NE(bare.output().find("-c FILE"), std::string::npos) << bare.output();
}

}  // namespace
}  // namespace tests
