#include "payouts/window_size.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tests {
namespace {

using payouts::window_size;
using payouts::WindowStep;
using pool::U128;

constexpr U128 unit = 1'000'000'000'000'000'000U;

TEST(WindowSize, IsNWhileNothingChanges)
{
    EXPECT_TRUE(window_size(2 * unit, {}, 0) == 2 * unit);
    EXPECT_TRUE(window_size(2 * unit, {}, 100 * unit) == 2 * unit);
}

// N goes from 2 to 4 when 10 units have been scored: the old end stays at 8 until 12 are.
TEST(WindowSize, GrowsIntoALargerNWithItsOldEndInPlace)
{
    const std::vector<WindowStep> steps{{4 * unit, 10 * unit}};
    EXPECT_TRUE(window_size(2 * unit, steps, 10 * unit) == 2 * unit) << "no share comes back";
    EXPECT_TRUE(window_size(2 * unit, steps, 10 * unit + unit / 2) == 2 * unit + unit / 2);
    EXPECT_TRUE(window_size(2 * unit, steps, 12 * unit) == 4 * unit);
    EXPECT_TRUE(window_size(2 * unit, steps, 12 * unit + 1) == 4 * unit) << "and now it moves";
    EXPECT_TRUE(window_size(2 * unit, steps, 50 * unit) == 4 * unit);
}

TEST(WindowSize, ShrinksToASmallerNAtOnce)
{
    const std::vector<WindowStep> steps{{2 * unit, 10 * unit}};
    EXPECT_TRUE(window_size(4 * unit, steps, 10 * unit) == 2 * unit);
    EXPECT_TRUE(window_size(4 * unit, steps, 11 * unit) == 2 * unit);
}

TEST(WindowSize, HoldsAllOfAShortHistory)
{
    const std::vector<WindowStep> steps{{4 * unit, unit}};
    EXPECT_TRUE(window_size(2 * unit, steps, 3 * unit) == 3 * unit);
    EXPECT_TRUE(window_size(2 * unit, steps, 9 * unit) == 4 * unit);
    const std::vector<WindowStep> at_once{{4 * unit, 0}};
    EXPECT_TRUE(window_size(2 * unit, at_once, 0) == 0);
    EXPECT_TRUE(window_size(2 * unit, at_once, 3 * unit) == 3 * unit);
}

TEST(WindowSize, GoesOnGrowingFromWhereASecondChangeMetIt)
{
    // 2, then 8 at 10 (old end 8), then 6 at 13 (it holds 5, grows on to 6), then 1 at 20.
    const std::vector<WindowStep> steps{
        {8 * unit, 10 * unit}, {6 * unit, 13 * unit}, {unit, 20 * unit}};
    const std::span all{steps};
    EXPECT_TRUE(window_size(2 * unit, all.first(1), 13 * unit) == 5 * unit);
    EXPECT_TRUE(window_size(2 * unit, all.first(2), 13 * unit) == 5 * unit);
    EXPECT_TRUE(window_size(2 * unit, all.first(2), 14 * unit) == 6 * unit);
    EXPECT_TRUE(window_size(2 * unit, all.first(2), 15 * unit) == 6 * unit);
    EXPECT_TRUE(window_size(2 * unit, all, 20 * unit) == unit);
}

// Whatever is announced, a share that is out of the window stays out.
TEST(WindowSize, NeverMovesItsOldEndBack)
{
    std::mt19937_64 random{7};
    for (int turn = 0; turn < 2000; ++turn) {
        const U128 begun = random() % 9 + 1;
        std::vector<WindowStep> steps;
        U128 score = 0;
        U128 end_before = 0;
        for (int block = 0; block < 40; ++block) {
            score += random() % 4;
            if (random() % 5 == 0) steps.push_back({random() % 9 + 1, score});
            const U128 size = window_size(begun, steps, score);
            const U128 end = score > size ? score - size : 0;
            EXPECT_TRUE(end >= end_before);
            EXPECT_TRUE(size <= (steps.empty() ? begun : steps.back().size));
            end_before = end;
        }
    }
}

}  // namespace
}  // namespace tests
