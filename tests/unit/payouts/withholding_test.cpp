#include "payouts/withholding.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace payouts {
namespace {

TEST(Withholding, IsTheNumberOfBlocksExpectedWhereNoneWasFound)
{
    EXPECT_DOUBLE_EQ(missing_blocks(0, 0), 0);
    EXPECT_DOUBLE_EQ(missing_blocks(0.25, 0), 0.25);
    EXPECT_NEAR(missing_blocks(7, 0), 7, 1e-12);
}

TEST(Withholding, IsTheTailOfPoissonsLaw)
{
    // P(X <= 2 | 10) = e^-10 (1 + 10 + 50)
    EXPECT_NEAR(missing_blocks(10, 2), 10 - std::log(61.0), 1e-12);
    // P(X <= 900 | 1000), about 3.2 deviations
    EXPECT_NEAR(missing_blocks(1000, 900), 7.31, 0.2);
    EXPECT_DOUBLE_EQ(missing_blocks(5, 5), 0);
    EXPECT_DOUBLE_EQ(missing_blocks(5, 50), 0);
    EXPECT_GT(missing_blocks(1e6, 0), 999'999);
}

TEST(Withholding, SuspectsHonestAccountsOnceInAThousandAndThievesAlways)
{
    std::mt19937_64 random{11};
    int honest = 0;
    int thieves = 0;
    constexpr int accounts = 20'000;
    for (int i = 0; i < accounts; ++i) {
        std::poisson_distribution<std::uint64_t> finds{20};
        const std::uint64_t found = finds(random);
        honest += missing_blocks(20, found) > 7 ? 1 : 0;
        std::binomial_distribution<std::uint64_t> handed_in{found, 0.1};
        thieves += missing_blocks(20, handed_in(random)) > 7 ? 1 : 0;
    }
    EXPECT_LT(honest, accounts / 500);
    EXPECT_GT(thieves, accounts / 100 * 97);
}

}  // namespace
}  // namespace payouts
