#include "payouts/balance_replay.h"

#include <gtest/gtest.h>

namespace payouts {
namespace {

using pool::Sats;

TEST(BalanceReplay, AddsUpBothSidesOfEachAccount)
{
    BalanceReplay replay;
    EXPECT_EQ(replay.take({"asset:wallet", "equity:reserve", Sats{7}}), "");
    EXPECT_EQ(replay.take({"equity:reserve", "m:1:available", Sats{3}}), "");
    EXPECT_EQ(replay.of("asset:wallet").net(), Sats{-7});
    EXPECT_EQ(replay.of("equity:reserve").debits, Sats{3});
    EXPECT_EQ(replay.of("equity:reserve").credits, Sats{7});
    EXPECT_EQ(replay.of("m:1:available").net(), Sats{3});
    EXPECT_EQ(replay.of("m:2:available").net(), Sats{});
}

TEST(BalanceReplay, NamesWhoeverIsOverdrawnThoughItIsMadeGoodLater)
{
    BalanceReplay replay;
    EXPECT_EQ(replay.take({"asset:wallet", "equity:reserve", Sats{7}}), "");
    EXPECT_EQ(replay.take({"equity:reserve", "m:1:available", Sats{8}}), "equity:reserve");
    EXPECT_EQ(replay.take({"m:1:available", "asset:wallet", Sats{8}}), "asset:wallet");
    EXPECT_EQ(replay.take({"expense:network_fee", "asset:wallet", Sats{1}}), "asset:wallet");
    EXPECT_EQ(replay.take({"asset:wallet", "equity:reserve", Sats{2}}), "");
}

}  // namespace
}  // namespace payouts
