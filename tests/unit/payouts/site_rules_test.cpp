#include "payouts/site_rules.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

using payouts::SiteRules;
using pool::AccountId;

const SiteRules rules{{{AccountId{1}, "north", 1, 100},
                       {AccountId{1}, "north-hall2", 2, 100},
                       {AccountId{1}, "n", 3, 200},
                       {AccountId{1}, "north", 4, 300},
                       {AccountId{1}, "north", 0, 400},
                       {AccountId{2}, "north", 9, 100}}};

TEST(SiteRules, GiveTheSiteOfTheLongestPrefix)
{
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-7", 150), 1U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-hall2.rig", 150), 2U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "north", 150), 1U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "nort", 250), 3U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "North", 250), payouts::main_site);
    EXPECT_EQ(rules.site_of(AccountId{2}, "north-7", 150), 9U);
    EXPECT_EQ(rules.site_of(AccountId{3}, "north-7", 150), payouts::main_site);
    EXPECT_EQ(rules.site_of(AccountId{1}, "", 150), payouts::main_site);
}

TEST(SiteRules, HoldFromTheirSlotOn)
{
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-hall2", 99), payouts::main_site);
    EXPECT_EQ(rules.site_of(AccountId{1}, "nort", 199), payouts::main_site);
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-7", 299), 1U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-7", 300), 4U);
    EXPECT_EQ(rules.site_of(AccountId{1}, "north-7", 400), payouts::main_site) << "taken back";
}

}  // namespace
}  // namespace tests
