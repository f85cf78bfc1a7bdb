#include "payouts/payout_schedule.h"

#include <chrono>

#include <gtest/gtest.h>

namespace payouts {
namespace {

using pool::UnixMillis;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint64_t hour_ms = 3'600'000;
UnixMillis at_hour(std::uint64_t hour) { return UnixMillis{hour * hour_ms}; }

TEST(PayoutScheduleOverdue, IsNothingWithoutAScheduleOrWithinATurnThatHasEnded)
{
    EXPECT_EQ(overdue_since(milliseconds{0}, at_hour(1), at_hour(1000)), milliseconds{0});
    EXPECT_EQ(overdue_since(hours{24}, at_hour(240), at_hour(263)), milliseconds{0});
    EXPECT_EQ(overdue_since(hours{24}, at_hour(263), at_hour(264)), milliseconds{0});
}

TEST(PayoutScheduleOverdue, CountsFromTheFirstTurnThatWasMissed)
{
    EXPECT_EQ(overdue_since(hours{24}, at_hour(241), at_hour(265)), hours{1});
    EXPECT_EQ(overdue_since(hours{24}, at_hour(241), at_hour(264 + 72)), hours{72});
}

TEST(PayoutScheduleOverdue, OfAPoolThatHasDraftedNobodyCountsThePresentTurnAlone)
{
    EXPECT_EQ(overdue_since(hours{24}, {}, at_hour(250)), hours{10});
}

// A clock that was ahead for a while: the schedule was silent, and its alarm too, until that time.
TEST(PayoutScheduleOverdue, TakesATurnThatEndedInTheFutureForNone)
{
    EXPECT_EQ(overdue_since(hours{24}, at_hour(1000), at_hour(264)), milliseconds{0});
    EXPECT_EQ(overdue_since(hours{24}, at_hour(1000), at_hour(267)), hours{3});
    EXPECT_EQ(overdue_since(hours{24}, at_hour(287), at_hour(267)), milliseconds{0})
        << "of the present turn, by some hours";
}

}  // namespace
}  // namespace payouts
