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
    EXPECT_TRUE(watch.saw({.above_max = true}, start));
    EXPECT_TRUE(watch.told().above_max);
    EXPECT_TRUE(watch.saw({}, start + minutes{5}));
}

TEST(FundsWatch, TellsWhatIsMissingOnlyWhenASecondLookMissesItAndDoubtsFromTheFirst)
{
    FundsWatch watch;
    EXPECT_FALSE(watch.doubtful());
    watch.saw({Sats{9}, Sats{9}}, start);
    EXPECT_EQ(watch.told().lacking, Sats{});
    EXPECT_TRUE(watch.doubtful());
    watch.missed(start + minutes{1});
    EXPECT_TRUE(watch.doubtful()) << "no answer is no good news";
    EXPECT_TRUE(watch.saw({Sats{8}, Sats{7}}, start + minutes{2}));
    EXPECT_EQ(watch.told().lacking, Sats{7});
    EXPECT_TRUE(watch.saw({Sats{8}, Sats{}}, start + minutes{3})) << "what is on its way";
    EXPECT_EQ(watch.told().lacking, Sats{});
    EXPECT_FALSE(watch.doubtful());
}

TEST(FundsWatch, MissesNothingInAWalletThatHasYetToSeeBlocks)
{
    FundsWatch watch;
    for (int minute = 0; minute < 3; ++minute) {
        watch.saw({Sats{9}, Sats{9}, true}, start + minutes{minute});
        EXPECT_EQ(watch.told().lacking, Sats{});
        EXPECT_TRUE(watch.doubtful()) << "and nothing leaves before it has";
    }
    watch.saw({Sats{9}, Sats{9}}, start + minutes{3});
    EXPECT_EQ(watch.told().lacking, Sats{}) << "the first look that counts";
    watch.saw({Sats{9}, Sats{9}}, start + minutes{4});
    EXPECT_EQ(watch.told().lacking, Sats{9});
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
