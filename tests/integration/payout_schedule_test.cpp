// Payouts that are drafted by the clock.
#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/payouts_suite.h"

namespace tests {
namespace {

using pool::Sats;

TEST_F(Payouts, OnAScheduleAreDraftsThatTwoOthersApprove)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(4, 5'000'000);
    auto options = pool.options();
    options.every = std::chrono::hours{24};
    auto payouts = pool.open(options);
    const pool::Now now{pool::read_clock().steady, pool::UnixMillis{1'700'000'000'000}};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(payouts->step(now).has_value());
    const auto listed = payouts->list(10);
    ASSERT_TRUE(listed.has_value());
    ASSERT_EQ(listed->size(), 1U) << "one a day";
    const payouts::PayoutBatch& batch = listed->front();
    const std::string digest = pool::to_hex(batch.digest);
    ASSERT_TRUE(payouts->approve(batch.id, digest, "bob", now).has_value());
    EXPECT_EQ(state_of(*payouts, batch.id), "draft") << "nobody but bob stands behind it";
    EXPECT_FALSE(payouts->approve(batch.id, digest, "bob", now).has_value());
    ASSERT_TRUE(payouts->approve(batch.id, digest, "carl", now).has_value());
    EXPECT_EQ(state_of(*payouts, batch.id), "approved");
}

TEST_F(Payouts, OnAScheduleAreAsManyAsItTakesToPayEveryoneAndOnceAPeriod)
{
    PayoutsFixture pool{node(), own_name()};
    for (const unsigned number : {70U, 71U, 72U}) pool.owe(number, 5'000'000);
    auto options = pool.options();
    options.every = std::chrono::hours{24};
    options.caps.outputs_max = 1;
    pool::Now now{pool::read_clock().steady, pool::UnixMillis{1'700'000'000'000}};
    const auto drafts_after = [&](unsigned steps) {
        auto payouts = pool.open(options);
        for (unsigned i = 0; i < steps; ++i) EXPECT_TRUE(payouts->step(now).has_value());
        return payouts->list(10)->size();
    };
    // While the wallet is away nobody is drafted, and nobody has to wait for the next period.
    ASSERT_TRUE(node().call("unloadwallet", "[\"" + pool.wallet().name() + "\"]").has_value());
    EXPECT_EQ(drafts_after(3), 0U);
    ASSERT_TRUE(node().call("loadwallet", "[\"" + pool.wallet().name() + "\"]").has_value());
    // Nor where there is only no room for them now.
    options.caps.day_max = Sats{1'000'000};
    EXPECT_EQ(drafts_after(3), 0U);
    options.caps.day_max = Sats{};
    EXPECT_EQ(drafts_after(1), 1U);
    EXPECT_EQ(drafts_after(5), 3U) << "its heir goes on where it ended";
    pool.owe(73, 5'000'000);
    EXPECT_EQ(drafts_after(3), 3U) << "the period is over";
    constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;
    now.wall.value += day_ms;
    EXPECT_EQ(drafts_after(3), 4U);
    EXPECT_EQ(pool.in_payout(71), 5'000'000);
    // A clock that is a year ahead begins the turn of today, by MySQL's, and none of next year.
    pool.owe(74, 5'000'000);
    const pool::UnixMillis today = pool::read_clock().wall;
    now.wall.value = today.value + 365 * day_ms;
    EXPECT_EQ(drafts_after(3), 5U);
    pool.owe(75, 5'000'000);
    now.wall.value += day_ms;
    EXPECT_EQ(drafts_after(3), 5U);
    EXPECT_LT(pool.books().number("select value from control where name = 'last_schedule_ms'"),
              today.value + day_ms);
}

// Else each who reaches his minimum meanwhile gets a payout of his own, with its fee and approvals.
TEST_F(Payouts, OnAScheduleWaitForTheNextTurnThoughOneWhoHasToWaitCouldNotBeDrafted)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(76, 5'000'000);
    pool.owe(77, 9'000'000);
    auto options = pool.options();
    options.every = std::chrono::hours{24};
    options.caps.batch_max = Sats{8'000'000};  // and 77 is above it
    auto payouts = pool.open(options);
    pool::Now now{pool::read_clock().steady, pool::UnixMillis{1'700'000'000'000}};
    const auto drafts_after = [&](std::chrono::minutes later) {
        now.steady += later;
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(payouts->step(now).has_value());
        return payouts->list(10)->size();
    };
    EXPECT_EQ(drafts_after({}), 1U);
    EXPECT_EQ(pool.in_payout(76), 5'000'000);
    EXPECT_EQ(pool.available(77), 9'000'000);
    pool.owe(78, 5'000'000);
    EXPECT_EQ(drafts_after(std::chrono::minutes{2}), 1U);
    EXPECT_EQ(payouts->step(now)->overdue, std::chrono::milliseconds{0});
    now.wall.value += 24ULL * 60 * 60 * 1000;
    EXPECT_EQ(drafts_after(std::chrono::minutes{2}), 2U);
    EXPECT_EQ(pool.in_payout(78), 5'000'000);
}

}  // namespace
}  // namespace tests
