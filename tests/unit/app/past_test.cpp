#include "pool/app/past.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

TEST(Past, FillsTheStepsInWhichNothingCameAndRatesTheOneUnderWayByWhatHasPassed)
{
    const auto steps = filled({{600, 6'000'000, 5, 1}, {1800, 900, 2, 0}}, 601, 1803, 600);
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[0].from_s, 600U);
    EXPECT_DOUBLE_EQ(steps[0].hashrate, 10'000);
    EXPECT_EQ(steps[0].stale, 1U);
    EXPECT_EQ(steps[1].from_s, 1200U);
    EXPECT_DOUBLE_EQ(steps[1].hashrate, 0);
    EXPECT_DOUBLE_EQ(steps[2].hashrate, 300);
    EXPECT_EQ(filled({}, 0, 0, 600).size(), 1U);
}

TEST(Past, PricesAPartOfTheWindowWithTheFeeTakenOff)
{
    constexpr U128 unit = 1'000'000'000'000'000'000U;
    const auto half = worth({2 * unit, 2 * unit, unit, unit / 4, 100}, Sats{10'000});
    EXPECT_DOUBLE_EQ(half.part, 0.5);
    EXPECT_DOUBLE_EQ(half.filled, 1);
    EXPECT_EQ(half.next_block.value, 4950);
    EXPECT_EQ(half.to_come.value, 2475);
    const auto alone = worth({2 * unit, unit, unit, unit / 2, 0}, Sats{10'000});
    EXPECT_DOUBLE_EQ(alone.filled, 0.5);
    EXPECT_EQ(alone.next_block.value, 10'000);
    EXPECT_EQ(worth({2 * unit, 0, 0, 0, 100}, Sats{10'000}).next_block.value, 0);
}

}  // namespace
}  // namespace pool
