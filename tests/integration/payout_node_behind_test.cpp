// A wallet whose node stands at an older block than the books lacks nothing yet: nothing leaves
// until it has seen what they count, and nobody needs to release anything.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Sats;
using std::chrono::minutes;

/// A block that pays the wallet stands in the books as found and in the chain; it has not been
/// credited yet. Gives its hash.
std::string found_block(PayoutsFixture& pool)
{
    const auto made =
        pool.node().call("generatetoaddress", "[1, \"" + pool.wallet().address() + "\"]");
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().detail);
    const std::string hash = nlohmann::json::parse(made.value_or("[\"\"]")).at(0);
    const auto block =
        nlohmann::json::parse(pool.node().call("getblock", "[\"" + hash + "\", 2]").value_or("{}"));
    const auto& coinbase = block.at("tx").at(0);
    const auto sats = std::llround(coinbase.at("vout").at(0).at("value").get<double>() * 1e8);
    pool.books().scalar(
        "insert into block_found (hash, height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps) values (reverse(x'" +
        hash + "'), " + std::to_string(block.at("height").get<int>()) + ", 1, 1, '', '', x'', x'" +
        coinbase.at("hex").get<std::string>() + "', " + std::to_string(sats) + ", 0)");
    pool.books().scalar(
        "update block_found set place = 'in_chain', confirmations = 1 where hash = reverse(x'" +
        hash + "')");
    return hash;
}

/// Two people book what has come into the wallet.
void book_in(payouts::Payouts& payouts, Sats amount, pool::Now now)
{
    const auto asked = payouts.ask_coins({true, "pool:reserve", amount, "x"}, "ann", now);
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    const auto booked = payouts.approve_coins(asked->id, "bob", now);
    ASSERT_TRUE(booked.has_value()) << booked.error().detail;
}

/// The node has come back without its mempool, at the block below `height`. Gives that block's
/// hash.
std::string set_back(PayoutsFixture& pool, std::uint32_t height)
{
    NodeFixture& node = pool.node();
    const std::string hash = nlohmann::json::parse(
        node.call("getblockhash", "[" + std::to_string(height) + "]").value_or("\"\""));
    EXPECT_TRUE(node.call("invalidateblock", "[\"" + hash + "\"]").has_value());
    node.stop();
    node.start();
    EXPECT_TRUE(node.call("loadwallet", "[\"" + pool.wallet().name() + "\"]").has_value());
    return hash;
}

/// Blocks of an hour from now: the median time of the node's chain is then that of the last ones.
void pass_an_hour(NodeFixture& node)
{
    const std::uint64_t later = pool::read_clock().wall.value / 1000 + 3600;
    ASSERT_TRUE(node.call("setmocktime", "[" + std::to_string(later) + "]").has_value());
    mine(node, 12);
}

class PayoutsNodeBehind : public testing::Test {
protected:
    NodeFixture& node() { return *node_; }

private:
    std::unique_ptr<NodeFixture> node_{node_with_money()};  // its chain and clock are the test's
};

TEST_F(PayoutsNodeBehind, WaitsWhenItHasYetToSeeABlockAndNobodyNeedsToRelease)
{
    PayoutsFixture pool{node(), "pool"};
    pool.owe(123, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    const std::string hash = found_block(pool);
    ASSERT_EQ(payouts->compare()->difference, Sats{}) << "immature, and not credited yet";
    ASSERT_TRUE(node().call("invalidateblock", "[\"" + hash + "\"]").has_value());
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (const minutes later : {minutes{0}, minutes{1}, minutes{1}}) clock.step_after(later);
    EXPECT_NE(state_of(*payouts, id).find("has not seen block " + hash), std::string::npos)
        << state_of(*payouts, id);
    EXPECT_FALSE(held(*payouts));
    ASSERT_TRUE(node().call("reconsiderblock", "[\"" + hash + "\"]").has_value());
    clock.step_after(minutes{1});
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

TEST_F(PayoutsNodeBehind, WaitsWhenItHasYetToSeeADepositThatIsBookedAndNobodyNeedsToRelease)
{
    PayoutsFixture pool{node(), "pool"};
    pool.owe(131, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    const std::uint32_t before = node().height();
    pool.wallet().fund(1, 10'000'000);
    pool::Now booked = pool::read_clock();
    booked.wall.value += 30ULL * 60 * 1000;  // the chain of a test may run some seconds ahead
    book_in(*payouts, Sats{10'000'000}, booked);
    ASSERT_EQ(payouts->compare()->difference, Sats{});

    const std::string hash = set_back(pool, before + 1);
    ASSERT_EQ(payouts->compare()->difference, Sats{10'000'000}) << "else this is no test";
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (const minutes later : {minutes{0}, minutes{1}, minutes{1}}) {
        EXPECT_FALSE(clock.step_after(later).hold.stopped);
    }
    EXPECT_NE(state_of(*payouts, id).find("approved: the wallet has not seen 10000000 sat"),
              std::string::npos)
        << state_of(*payouts, id);
    EXPECT_FALSE(held(*payouts));
    ASSERT_TRUE(node().call("reconsiderblock", "[\"" + hash + "\"]").has_value());
    clock.step_after(minutes{1});
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

TEST_F(PayoutsNodeBehind, IsNoExcuseOnceItHasPassedTheTimeAtWhichADepositWasBooked)
{
    PayoutsFixture pool{node(), "pool"};
    pool.owe(132, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    pool::Now booked = pool::read_clock();
    booked.wall.value += 30ULL * 60 * 1000;
    book_in(*payouts, Sats{10'000'000}, booked);  // it never came
    for (const minutes later : {minutes{0}, minutes{1}, minutes{1}}) clock.step_after(later);
    EXPECT_FALSE(held(*payouts));
    pass_an_hour(node());
    clock.step_after(minutes{1});
    EXPECT_FALSE(held(*payouts)) << "the first look that counts";
    clock.step_after(minutes{1});
    EXPECT_TRUE(held(*payouts, "the wallet lacks 10000000 sat"));
}

TEST_F(PayoutsNodeBehind, ExcusesNoMoreThanWasBookedSince)
{
    PayoutsFixture pool{node(), "pool"};
    auto payouts = pool.open();
    Clock clock{*payouts};
    pool::Now booked = pool::read_clock();
    booked.wall.value += 30ULL * 60 * 1000;
    book_in(*payouts, Sats{10'000'000}, booked);
    const auto coins = pool.wallet().open()->coins();
    ASSERT_TRUE(coins.has_value() && !coins->empty());
    pool.spend_by_hand(coins->front().at, {{test_address("regtest", 46), Sats{50'000'000}}});
    mine(node(), 1);
    const Sats gone = payouts->compare()->difference - Sats{10'000'000};
    ASSERT_GT(gone, Sats{50'000'000});
    for (const minutes later : {minutes{0}, minutes{1}}) clock.step_after(later);
    EXPECT_TRUE(held(*payouts, "the wallet lacks " + std::to_string(gone.value) + " sat"));
}

TEST_F(PayoutsNodeBehind, WaitsWhenItHasYetToSeeAPayoutThatIsSettled)
{
    PayoutsFixture pool{node(), "pool"};
    pool.owe(133, 5'000'000);
    auto options = pool.options();
    options.resend = minutes{60};  // what is sent again is in the mempool, with its change
    auto payouts = pool.open(options);
    Clock clock{*payouts};
    const std::uint64_t paid = approved_batch(*payouts, "a");
    clock.step_after({});
    ASSERT_EQ(state_of(*payouts, paid), "broadcast");
    const std::uint32_t before = node().height();
    mine(node(), 6);
    clock.step_after(minutes{1});
    ASSERT_EQ(state_of(*payouts, paid), "confirmed");
    ASSERT_EQ(payouts->compare()->difference, Sats{});

    const std::string hash = set_back(pool, before + 1);
    ASSERT_GT(payouts->compare()->difference, Sats{}) << "else this is no test";
    for (const minutes later : {minutes{5}, minutes{1}, minutes{1}}) {
        EXPECT_FALSE(clock.step_after(later).hold.stopped);
    }
    EXPECT_FALSE(held(*payouts));
    ASSERT_TRUE(node().call("reconsiderblock", "[\"" + hash + "\"]").has_value());
    EXPECT_EQ(payouts->compare()->difference, Sats{});
}

}  // namespace
}  // namespace tests
