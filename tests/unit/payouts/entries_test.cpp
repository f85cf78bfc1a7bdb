#include "payouts/entries.h"

#include <map>
#include <ostream>

#include <gtest/gtest.h>

namespace payouts {

static std::ostream& operator<<(std::ostream& out, const Transfer& transfer)
{
    return out << transfer.debit << " -> " << transfer.credit << " " << transfer.amount.value;
}

namespace {

using pool::AccountId;
using pool::Sats;

Credit credit(std::uint64_t account, std::int64_t net, std::int64_t fee, std::int64_t donation)
{
    return {AccountId{account}, 1,        Sats{net + fee + donation}, Sats{fee},
            Sats{donation},     Sats{net}};
}

std::map<std::string, std::int64_t> balances(std::initializer_list<std::vector<Transfer>> events)
{
    std::map<std::string, std::int64_t> out;  // debits less credits
    for (const auto& event : events) {
        for (const Transfer& each : event) {
            out[each.debit] += each.amount.value;
            out[each.credit] -= each.amount.value;
        }
    }
    std::erase_if(out, [](const auto& each) { return each.second == 0; });
    return out;
}

TEST(Accrual, OwesTheRewardToMembersFeeAndDonation)
{
    const std::vector credits{credit(3, 90, 7, 3), credit(8, 800, 100, 0)};
    const std::vector<Transfer> expected{
        {"asset:coinbase_immature", "m:3:immature", Sats{90}},
        {"asset:coinbase_immature", "m:8:immature", Sats{800}},
        {"asset:coinbase_immature", "income:fee_immature", Sats{107}},
        {"asset:coinbase_immature", "fund:donation_immature", Sats{3}}};
    EXPECT_EQ(accrual(Sats{1000}, credits), expected);
}

TEST(Accrual, PostsNoZeroLines)
{
    const std::vector credits{credit(3, 0, 0, 0), credit(8, 1, 0, 0)};
    const std::vector<Transfer> expected{{"asset:coinbase_immature", "m:8:immature", Sats{1}}};
    EXPECT_EQ(accrual(Sats{1}, credits), expected);
}

TEST(Accrual, GivesAnEmptyWindowAndTheSeedToTheReserve)
{
    const std::vector<Transfer> expected{
        {"asset:coinbase_immature", "equity:reserve_immature", Sats{50}}};
    EXPECT_EQ(accrual(Sats{50}, {}), expected);
    const std::vector credits{credit(reserve_account.value, 50, 0, 0)};
    EXPECT_EQ(accrual(Sats{50}, credits), expected);
}

TEST(Maturing, MovesAllThatWasAccruedToItsRipeAccount)
{
    const std::vector credits{credit(0, 10, 0, 0), credit(3, 90, 7, 3)};
    const auto accrued = accrual(Sats{110}, credits);
    const std::map<std::string, std::int64_t> expected{{"asset:wallet", 110},
                                                       {"equity:reserve", -10},
                                                       {"m:3:available", -90},
                                                       {"income:fee", -7},
                                                       {"fund:donation", -3}};
    EXPECT_EQ(balances({accrued, maturing(accrued)}), expected);
}

// Whoever changed the books is found by verifyledger, which goes through all of them.
TEST(Maturing, TakesWhateverStandsInBooksThatSomebodyHasChanged)
{
    const std::vector<Transfer> changed{{"asset:coinbase_immature", "asset:wallet", Sats{5}}};
    const auto matured = maturing(changed);
    ASSERT_EQ(matured.size(), 2U);
    EXPECT_EQ(matured[0].credit, "asset:wallet");
}

TEST(Reversal, LeavesNothingOfTheAccrual)
{
    const std::vector credits{credit(0, 10, 0, 0), credit(3, 90, 7, 3)};
    const auto accrued = accrual(Sats{110}, credits);
    EXPECT_TRUE(balances({accrued, reversal(accrued)}).empty());
}

}  // namespace
}  // namespace payouts
