#include "payouts/event_order.h"

#include <gtest/gtest.h>

namespace payouts {
namespace {

pool::BlockHash block(std::uint8_t number)
{
    pool::BlockHash hash;
    hash.bytes[0] = number;
    return hash;
}

TEST(EventOrder, LetsABlockComeGoComeAgainAndMature)
{
    EventOrder order;
    EXPECT_TRUE(order.follows(block(1), "accrue", 1));
    EXPECT_TRUE(order.follows(block(2), "accrue", 1)) << "each block has a life of its own";
    EXPECT_TRUE(order.follows(block(1), "orphan", 1));
    EXPECT_EQ(order.of(block(1)), (EventOrder::Standing{BlockBooks::nothing, 2}));
    EXPECT_TRUE(order.follows(block(1), "accrue", 2));
    EXPECT_TRUE(order.follows(block(1), "mature", 2));
    EXPECT_EQ(order.of(block(1)), (EventOrder::Standing{BlockBooks::matured, 2}));
    EXPECT_EQ(order.of(block(2)), (EventOrder::Standing{BlockBooks::accrued, 1}));
    EXPECT_EQ(order.of(block(3)), EventOrder::Standing{}) << "never credited";
}

TEST(EventOrder, RefusesASecondCreditAndWhateverSkipsAStep)
{
    EventOrder order;
    EXPECT_FALSE(order.follows(block(1), "accrue", 2)) << "the first is number one";
    EXPECT_FALSE(order.follows(block(2), "mature", 1)) << "nothing was credited";
    EXPECT_FALSE(order.follows(block(3), "orphan", 1));
    ASSERT_TRUE(order.follows(block(4), "accrue", 1));
    EXPECT_FALSE(order.follows(block(4), "accrue", 1)) << "twice";
    EXPECT_FALSE(order.follows(block(4), "accrue", 2)) << "before the first was reversed";
    ASSERT_TRUE(order.follows(block(5), "accrue", 1));
    ASSERT_TRUE(order.follows(block(5), "mature", 1));
    EXPECT_FALSE(order.follows(block(5), "orphan", 1)) << "matured is the end";
    ASSERT_TRUE(order.follows(block(6), "accrue", 1));
    EXPECT_FALSE(order.follows(block(6), "orphan", 2)) << "of a credit that was never given";
}

}  // namespace
}  // namespace payouts
