#include "pool/bitcoin/chain_rules.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

constexpr std::uint64_t minute_ms = 60'000;

TEST(Period, IsTwoThousandAndSixteenBlocksAndNoneOnRegtest)
{
    const auto first = period_of(Chain::main, Height{0});
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->first, Height{0});
    EXPECT_EQ(first->next, Height{2016});
    EXPECT_EQ(period_of(Chain::main, Height{2014})->next, Height{2016});
    // The next block begins a period: its difficulty is another one, and that is the next change.
    EXPECT_EQ(period_of(Chain::main, Height{2015})->next, Height{2016});
    EXPECT_EQ(period_of(Chain::main, Height{2016})->first, Height{2016});
    EXPECT_EQ(period_of(Chain::main, Height{2016})->next, Height{4032});
    EXPECT_TRUE(period_of(Chain::testnet4, Height{7}).has_value());
    EXPECT_FALSE(period_of(Chain::regtest, Height{7}).has_value());
}

TEST(Subsidy, HalvesAsTheChainDoesAndEnds)
{
    EXPECT_EQ(subsidy_of(Chain::main, Height{0}).value, 5'000'000'000);
    EXPECT_EQ(subsidy_of(Chain::main, Height{209'999}).value, 5'000'000'000);
    EXPECT_EQ(subsidy_of(Chain::main, Height{840'000}).value, 312'500'000);
    EXPECT_EQ(subsidy_of(Chain::regtest, Height{150}).value, 2'500'000'000);
    EXPECT_EQ(subsidy_of(Chain::regtest, Height{150 * 33}).value, 0);
    EXPECT_EQ(subsidy_of(Chain::regtest, Height{UINT32_MAX}).value, 0);
}

TEST(DifficultyChange, FollowsThePaceOfThePeriodAndIsFourfoldAtTheMost)
{
    const Period period{Height{4032}, Height{6048}};
    const UnixTime began{1'000'000};
    const auto change = [&](std::uint32_t blocks, std::uint64_t minutes) {
        return difficulty_change(period, Height{4032 + blocks}, began,
                                 UnixMillis{1'000'000'000 + minutes * minute_ms});
    };
    EXPECT_EQ(change(144, 1440), 0.0) << "ten minutes a block";
    EXPECT_EQ(change(144, 720), 1.0) << "twice as fast";
    EXPECT_EQ(change(144, 2880), -0.5);
    EXPECT_EQ(change(100, 10), 3.0);
    EXPECT_EQ(change(1, 100'000), -0.75);
    EXPECT_FALSE(change(0, 10).has_value()) << "one block says nothing";
    EXPECT_FALSE(change(5, 0).has_value());
    EXPECT_FALSE(difficulty_change(period, Height{4035}, began, UnixMillis{999'000'000}))
        << "a clock that is behind";
}

}  // namespace
}  // namespace pool
