#include "pool/app/unpublished_watch.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

payouts::UnpublishedBlock block(std::uint8_t number)
{
    payouts::UnpublishedBlock out;
    out.hash.bytes[0] = number;
    out.finder = "user";
    return out;
}

TEST(UnpublishedWatch, CountsTheBlocksOfNowAndForgetsThoseThatCameIntoTheChain)
{
    UnpublishedWatch watch;
    EXPECT_EQ(watch.blocks(), 0U);
    watch.look({block(1), block(2)});
    EXPECT_EQ(watch.blocks(), 2U);
    watch.look({block(2)});
    EXPECT_EQ(watch.blocks(), 1U);
    watch.look({});
    EXPECT_EQ(watch.blocks(), 0U);
}

}  // namespace
}  // namespace pool
