// A payout that may not be made any more as it was approved: the others are drafted anew.
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/payouts_suite.h"

namespace tests {
namespace {

// One whose key was stolen, or who asks for another address just then, keeps nobody waiting.
TEST_F(Payouts, AreDraftedAnewWithoutWhoMayNotBePaidAnyMore)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(48, 5'000'000);
    pool.owe(49, 4'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    const std::string of_one = " from account where name = 'member-48'";
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key'" + of_one);
    for (int i = 0; i < 2; ++i) {
        run_payouts(*payouts);
        EXPECT_EQ(state_of(*payouts, id), "cancelled");
        const auto all = payouts->list(10);
        ASSERT_TRUE(all && all->size() == 2U) << "once";
        EXPECT_EQ(all->front().state, payouts::BatchState::draft) << "approved anew";
    }
    const auto anew = payouts->get(id + 1);
    ASSERT_TRUE(anew.has_value()) << anew.error().detail;
    ASSERT_EQ(anew->items.size(), 1U);
    EXPECT_EQ(anew->items.front().name, "member-49");
    EXPECT_EQ(anew->created_by, "ann");
    const std::string digest = pool::to_hex(anew->digest);
    EXPECT_FALSE(payouts->approve(anew->id, digest, "ann", pool::read_clock()).has_value());
    ASSERT_TRUE(payouts->approve(anew->id, digest, "bob", pool::read_clock()).has_value());
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, anew->id), "confirmed");
    EXPECT_EQ(pool.received(49), 4'000'000);
    EXPECT_EQ(pool.received(48), 0);
    EXPECT_EQ(pool.available(48), 5'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

// Its last approval would be refused, whoever gives it.
TEST_F(Payouts, AreDraftedAnewWhileTheyAreDraftsStill)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(53, 5'000'000);
    pool.owe(54, 4'000'000);
    auto payouts = pool.open();
    const auto draft = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(draft.has_value()) << draft.error().detail;
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, draft->id), "draft") << "nothing stands in its way";
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account where name = 'member-53'");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, draft->id), "cancelled");
    const auto anew = payouts->get(draft->id + 1);
    ASSERT_TRUE(anew.has_value()) << anew.error().detail;
    EXPECT_EQ(anew->state, payouts::BatchState::draft);
    ASSERT_EQ(anew->items.size(), 1U);
    EXPECT_EQ(anew->items.front().name, "member-54");
    const std::string digest = pool::to_hex(anew->digest);
    EXPECT_TRUE(payouts->approve(anew->id, digest, "bob", pool::read_clock()).has_value());
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, StayAsTheyWereApprovedWhileTheyAreHeld)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(51, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    ASSERT_TRUE(payouts->stop("ann", "who is that?", pool::read_clock()).has_value());
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "approved") << "nothing moves but by people";
    pool.books().scalar("update account_setting set hold_reason = null");
    for (const std::string who : {"ann", "bob"}) {
        ASSERT_TRUE(payouts->release(who, false, pool::read_clock()).has_value());
    }
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast") << "all is as it was approved";
}

// Taken beforehand, such a name would keep the draft that it belongs to from being made.
TEST_F(Payouts, AreNotAskedForByTheNamesOfThePoolsOwnDrafts)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(52, 5'000'000);
    auto payouts = pool.open();
    for (const char* name : {"anew-1", "schedule-495512", "schedule-495512-2"}) {
        for (const bool dry : {false, true}) {
            const auto taken = payouts->create(name, "ann", dry, pool::read_clock());
            ASSERT_FALSE(taken.has_value()) << name;
            EXPECT_EQ(taken.error().code, pool::Error::Code::invalid) << taken.error().detail;
        }
    }
    EXPECT_TRUE(payouts->create("anewer", "ann", false, pool::read_clock()).has_value());
}

}  // namespace
}  // namespace tests
