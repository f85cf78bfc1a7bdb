#include "payouts/schedule.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

using payouts::change_slot;
using payouts::parse_window;
using pool::U128;
using pool::UnixMillis;

TEST(Schedule, HoldsFromTheSlotOnAndTheNewestOfASlotCounts)
{
    const std::vector<payouts::BpsChange> changes{
        {10, 100, "a"}, {20, 300, "a"}, {20, 200, "b"}, {30, std::nullopt, "b"}};
    EXPECT_EQ(payouts::bps_at(changes, 9), std::nullopt);
    EXPECT_EQ(payouts::bps_at(changes, 10), 100U);
    EXPECT_EQ(payouts::bps_at(changes, 19), 100U);
    EXPECT_EQ(payouts::bps_at(changes, 20), 200U);
    EXPECT_EQ(payouts::bps_at(changes, 30), std::nullopt);
}

TEST(Schedule, NeverReachesASlotThatHasCome)
{
    EXPECT_EQ(change_slot(std::nullopt, 1000, 990, 0), 1001U);
    EXPECT_EQ(change_slot(std::nullopt, 1000, 1005, 0), 1006U) << "a clock behind the others";
    EXPECT_EQ(change_slot(std::nullopt, 1000, 990, 1440), 2440U);
    EXPECT_EQ(change_slot(UnixMillis{2440 * 60'000}, 1000, 990, 1440), 2440U);
    EXPECT_EQ(change_slot(UnixMillis{2440 * 60'000 + 1}, 1000, 990, 1440), 2441U);
    EXPECT_FALSE(change_slot(UnixMillis{2439 * 60'000}, 1000, 990, 1440).has_value());
    EXPECT_FALSE(change_slot(UnixMillis{1000 * 60'000}, 1000, 990, 0).has_value());
}

TEST(Schedule, ReadsNAsItIsWritten)
{
    EXPECT_TRUE(parse_window("2") == U128{2'000'000'000'000'000'000U});
    EXPECT_TRUE(parse_window("0.001") == U128{1'000'000'000'000'000U});
    EXPECT_TRUE(parse_window("2.125") == U128{2'125'000'000'000'000'000U});
    EXPECT_TRUE(parse_window("1000").has_value());
    for (const char* text : {"", "0", "0.000", "1000.001", "2.", ".5", "2.0001", "-1", "1e3", "2,5",
                             "99999", "0x2", " 2"}) {
        EXPECT_FALSE(parse_window(text).has_value()) << text;
    }
    for (const char* text : {"0.001", "2.000", "2.125", "1000.000"}) {
        EXPECT_EQ(payouts::window_text(*parse_window(text)), text);
    }
}

}  // namespace
}  // namespace tests
