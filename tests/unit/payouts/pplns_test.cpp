#include "payouts/pplns.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Sats;
using pool::U128;
using pool::Uint256;

constexpr U128 unit = 1'000'000'000'000'000'000;

U128 sum(const std::vector<AccountAmount>& amounts)
{
    U128 out = 0;
    for (const AccountAmount& each : amounts) out += each.amount;
    return out;
}

U128 random_below(std::mt19937_64& random, U128 bound)
{
    return (U128{random()} << 64 | random()) % bound;
}

// From one unit in 10^18 up to the hundred thousand units that a slot of regtest may hold.
std::vector<AccountAmount> random_weights(std::mt19937_64& random)
{
    std::vector<AccountAmount> weights;
    const std::uint64_t accounts = 1 + random() % 30;
    for (std::uint64_t id = 1; id <= accounts; ++id) {
        U128 bound = 1;
        for (std::uint64_t power = random() % 24; power > 0; --power) bound *= 10;
        weights.push_back({AccountId{id}, random_below(random, bound)});
    }
    return weights;
}

TEST(Apportion, NeverLosesOrMintsAUnit)
{
    std::mt19937_64 random{20240420};  // fixed: a failure must replay
    for (int round = 0; round < 2000; ++round) {
        const auto weights = random_weights(random);
        const U128 total = random_below(random, round % 2 == 0 ? 700'000'000 : 100'000 * unit);
        const auto parts = apportion(total, weights);
        ASSERT_EQ(sum(parts), sum(weights) == 0 ? 0 : total) << "round " << round;
    }
}

TEST(Apportion, GivesEachWithinOneUnitOfItsExactPart)
{
    std::mt19937_64 random{7};
    for (int round = 0; round < 500; ++round) {
        const auto weights = random_weights(random);
        const U128 whole = sum(weights);
        if (whole == 0) continue;
        const U128 total = random_below(random, 700'000'000);
        const auto parts = apportion(total, weights);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const U128 floor = Uint256::divide(Uint256::product(total, weights[i].amount),
                                               Uint256::from_u128(whole))
                                   .quotient.low128();
            ASSERT_GE(parts[i].amount, floor);
            ASSERT_LE(parts[i].amount, floor + 1);
        }
    }
}

TEST(Apportion, DoesNotDependOnTheOrderOfItsInput)
{
    std::mt19937_64 random{99};
    for (int round = 0; round < 300; ++round) {
        auto weights = random_weights(random);
        const U128 total = random_below(random, 700'000'000);
        const auto expected = apportion(total, weights);
        std::shuffle(weights.begin(), weights.end(), random);
        ASSERT_EQ(apportion(total, weights), expected) << "round " << round;
    }
}

TEST(Apportion, GivesTheOddUnitToTheLowerAccountOnATie)
{
    const std::vector<AccountAmount> weights{
        {AccountId{7}, 1}, {AccountId{3}, 1}, {AccountId{5}, 1}};
    const std::vector<AccountAmount> expected{
        {AccountId{3}, 4}, {AccountId{5}, 3}, {AccountId{7}, 3}};
    EXPECT_EQ(apportion(10, weights), expected);
}

TEST(Apportion, HoldsProductsOfMoneyAndAHundredThousandUnitsOfScore)
{
    const std::vector<AccountAmount> weights{{AccountId{1}, 100'000 * unit},
                                             {AccountId{2}, 200'000 * unit}};
    const std::vector<AccountAmount> expected{{AccountId{1}, 33'333 * unit},
                                              {AccountId{2}, 66'666 * unit}};
    EXPECT_EQ(apportion(99'999 * unit, weights), expected);
}

TEST(Apportion, GivesNothingForNoWeight)
{
    const std::vector<AccountAmount> weights{{AccountId{1}, 0}, {AccountId{2}, 0}};
    EXPECT_EQ(apportion(100, weights), weights);
    EXPECT_TRUE(apportion(100, {}).empty());
}

TEST(ApportionDeathTest, RefusesAnAccountThatComesTwice)
{
    const std::vector<AccountAmount> weights{{AccountId{1}, 1}, {AccountId{1}, 1}};
    EXPECT_DEATH(static_cast<void>(apportion(1, weights)), "an account has one weight");
}

TEST(WindowSearch, SkipsEmptySlotsAndStopsWhenFull)
{
    WindowSearch search{2 * unit};
    EXPECT_TRUE(search.add({9, unit}));
    EXPECT_TRUE(search.add({8, 0}));
    EXPECT_FALSE(search.add({7, unit}));
    EXPECT_FALSE(search.add({6, unit}));
    EXPECT_EQ(search.bounds().first, 7U);
    EXPECT_EQ(search.bounds().first_full, 7U);
    EXPECT_FALSE(search.bounds().cut.has_value());
    EXPECT_EQ(search.bounds().total, 2 * unit);
}

TEST(WindowSearch, CutsASingleSlotThatIsWiderThanTheWindow)
{
    WindowSearch search{2 * unit};
    EXPECT_FALSE(search.add({9, 100'000 * unit}));
    const Cut cut{9, 2 * unit, 100'000 * unit};
    EXPECT_EQ(search.bounds().cut, cut);
    EXPECT_FALSE(search.bounds().first_full.has_value());

    const std::vector<AccountAmount> slot{{AccountId{1}, 25'000 * unit},
                                          {AccountId{2}, 75'000 * unit}};
    const std::vector<AccountAmount> weights{{AccountId{1}, unit / 2},
                                             {AccountId{2}, 3 * unit / 2}};
    EXPECT_EQ(window_weights(search.bounds(), {}, slot), weights);
}

TEST(WindowSearchDeathTest, RefusesSlotsOutOfOrder)
{
    WindowSearch search{unit};
    EXPECT_TRUE(search.add({5, 1}));
    EXPECT_DEATH(static_cast<void>(search.add({5, 1})), "newest slot back");
}

TEST(WindowWeightsDeathTest, RefuseASlotThatHasChangedSinceItWasSealed)
{
    WindowSearch search{unit};
    EXPECT_FALSE(search.add({5, 3 * unit}));
    const std::vector<AccountAmount> other{{AccountId{1}, 2 * unit}};
    EXPECT_DEATH(static_cast<void>(window_weights(search.bounds(), {}, other)), "keeps its scores");
}

TEST(Settle, SumsToTheRewardWhateverTheTerms)
{
    std::mt19937_64 random{5};
    for (int round = 0; round < 1000; ++round) {
        const auto weights = random_weights(random);
        const Sats reward{static_cast<std::int64_t>(random() % 700'000'000)};
        std::map<AccountId, Terms> special;
        for (const AccountAmount& each : weights) {
            const auto fee = static_cast<unsigned>(random() % 10'001);
            if (random() % 2 == 0) {
                special[each.account] = {fee, static_cast<unsigned>(random() % (10'001 - fee))};
            }
        }
        const auto credits = settle(reward, weights, {100, 0}, special);
        Sats gross;
        for (const Credit& credit : credits) {
            ASSERT_EQ(credit.gross, credit.fee + credit.donation + credit.net);
            ASSERT_GE(credit.net, Sats{});
            gross += credit.gross;
        }
        ASSERT_EQ(gross, credits.empty() ? Sats{} : reward) << "round " << round;
    }
}

TEST(Settle, TakesNoFeeFromTheReserve)
{
    const std::vector<AccountAmount> weights{{reserve_account, unit}, {AccountId{1}, unit}};
    const auto credits = settle(Sats{1000}, weights, {1000, 0}, {});
    ASSERT_EQ(credits.size(), 2U);
    EXPECT_EQ(credits[0].net, Sats{500});
    EXPECT_EQ(credits[1].net, Sats{450});
    EXPECT_EQ(credits[1].fee, Sats{50});
}

TEST(Settle, PaysNobodyFromAnEmptyWindow)
{
    EXPECT_TRUE(settle(Sats{1000}, {}, {100, 0}, {}).empty());
}

// What a share is worth does not hang on the difficulty of later blocks: the same chance of being
// a block is the same score, and so the same money, before and after any retarget.
TEST(ShareValue, OfAShareIsItsChanceWhateverTheNetworksWork)
{
    std::mt19937_64 random{11};
    for (int round = 0; round < 1000; ++round) {
        const U128 network = (U128{1} << 79) + random();
        const U128 parts = 1 + random() % 1'000'000;
        const U128 score = pool::score_of(network / parts, network);
        // Work is a whole number of hashes: a millionth of 2^79 is exact to 1 in 10^17.
        ASSERT_LE(score, unit / parts);
        ASSERT_GE(score + 2, unit / parts);
    }
}

}  // namespace
}  // namespace payouts
