#include "pool/app/node_check.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/node_talk.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

struct Told {
    bool good = false;
    std::vector<std::string> lines;
};

Told check(const pool::Config& config)
{
    Told told;
    told.good = pool::check_nodes(config, [&told](bool good, std::string_view sentence) {
        told.lines.push_back((good ? "ok " : "BAD ") + std::string{sentence});
    });
    return told;
}

// ./dev doctor asks this before a block is found rather than after.
TEST(NodeCheck, HasTheNodeJudgeTheBlocksThatWeWouldMine)
{
    NodeFixture node{"regtest"};
    node.generate(1);
    pool::Config config;
    config.chain = pool::Chain::regtest;
    config.payout = *pool::parse_address(test_address("regtest", 1), config.chain);
    config.nodes = {options_of(node)};

    const Told good = check(config);
    EXPECT_TRUE(good.good);
    ASSERT_EQ(good.lines.size(), 3U);
    EXPECT_EQ(good.lines[0], "ok node local: regtest, height 1");
    EXPECT_EQ(good.lines[1],
              "ok node local: would take a block of ours at height 2 (full, 0 transactions)");
    EXPECT_EQ(good.lines[2],
              "ok node local: would take a block of ours at height 2 (empty, 0 transactions)");

    config.payout.script = pool::Script(600, 0x51);
    EXPECT_FALSE(check(config).good) << "no coinbase of ours fits";
    config.chain = pool::Chain::main;
    const Told other = check(config);
    EXPECT_FALSE(other.good);
    EXPECT_EQ(other.lines.back(), "BAD node local: is on regtest, network.chain says main");
}

}  // namespace
}  // namespace tests
