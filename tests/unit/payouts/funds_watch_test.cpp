#include "payouts/funds_watch.h"

#include <gtest/gtest.h>

namespace payouts {
namespace {

using pool::Sats;
using std::chrono::minutes;

constexpr pool::SteadyTime start{};

TEST(FundsWatch, LooksAtOnceAndThenEveryFiveMinutes)
{
    FundsWatch watch;
    EXPECT_TRUE(watch.due(start));
    EXPECT_FALSE(watch.saw({}, start));
    EXPECT_FALSE(watch.due(start + minutes{4}));
    EXPECT_TRUE(watch.due(start + minutes{5}));
}

TEST(FundsWatch, TellsADifferenceThatASecondLookFindsAgainUntilItIsGone)
{
    FundsWatch watch;
    EXPECT_FALSE(watch.saw({Sats{7}}, start)) << "a block that one of them has not seen yet";
    EXPECT_TRUE(watch.due(start + minutes{1}));
    EXPECT_TRUE(watch.saw({Sats{9}}, start + minutes{1}));
    EXPECT_EQ(watch.told().difference, Sats{9});
    EXPECT_FALSE(watch.saw({Sats{9}}, start + minutes{2})) << "once";
    EXPECT_TRUE(watch.saw({}, start + minutes{3}));
    EXPECT_EQ(watch.told().difference, Sats{});
    EXPECT_FALSE(watch.saw({Sats{-7}}, start + minutes{8}));
    EXPECT_FALSE(watch.saw({}, start + minutes{9})) << "it has passed";
}

TEST(FundsWatch, TellsAtOnceThatTheWalletHoldsTooMuch)
{
    FundsWatch watch;
    EXPECT_TRUE(watch.saw({{}, true}, start));
    EXPECT_TRUE(watch.told().above_max);
    EXPECT_TRUE(watch.saw({{}, false}, start + minutes{5}));
}

TEST(FundsWatch, AsksAWalletThatIsAwayAgainAfterAMinute)
{
    FundsWatch watch;
    watch.missed(start);
    EXPECT_FALSE(watch.due(start));
    EXPECT_TRUE(watch.due(start + minutes{1}));
}

}  // namespace
}  // namespace payouts
