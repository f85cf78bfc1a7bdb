#include "pool/app/block_agreement.h"

#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

using Place = Sighting::Place;

Sighting in_chain(std::uint32_t confirmations) { return {Place::in_chain, confirmations, 0}; }
Sighting beside(std::uint32_t rival) { return {Place::beside, 0, rival}; }

TEST(BlockAgreement, CountsTheConfirmationsThatEnoughNodesHave)
{
    const std::vector<Sighting> three{in_chain(101), in_chain(99), in_chain(120)};
    EXPECT_EQ(agreed(three, 1).confirmations, 120U);
    EXPECT_EQ(agreed(three, 2).confirmations, 101U);
    EXPECT_EQ(agreed(three, 3).confirmations, 99U);
    EXPECT_EQ(agreed(three, 2).place, Place::in_chain);
}

TEST(BlockAgreement, SaysNothingWhileTooFewNodesKnowTheBlock)
{
    EXPECT_EQ(agreed(std::vector<Sighting>{in_chain(101), {}}, 2).place, Place::unknown);
    EXPECT_EQ(agreed({}, 1).place, Place::unknown);
}

TEST(BlockAgreement, TakesABlockForLostOnlyWhenNoNodeHasItInItsChain)
{
    EXPECT_EQ(agreed(std::vector<Sighting>{beside(6), beside(4)}, 2).rival_confirmations, 4U);
    EXPECT_EQ(agreed(std::vector<Sighting>{beside(6), beside(4), in_chain(1)}, 2).place,
              Place::unknown);
    EXPECT_EQ(agreed(std::vector<Sighting>{beside(6), in_chain(1)}, 1).place, Place::in_chain);
}

TEST(BlockAgreement, ForgetsTheWordOfANodeThatFellSilent)
{
    BlockAgreement nodes{2, 2};
    const BlockHash hash{};
    const SteadyTime start{};
    EXPECT_EQ(nodes.add(0, hash, in_chain(5), start).place, Place::unknown);
    EXPECT_EQ(nodes.add(1, hash, in_chain(4), start).confirmations, 4U);
    EXPECT_EQ(nodes.add(1, hash, in_chain(5), start + std::chrono::seconds{59}).place,
              Place::in_chain);
    EXPECT_EQ(nodes.add(1, hash, in_chain(6), start + std::chrono::seconds{61}).place,
              Place::unknown);
}

}  // namespace
}  // namespace pool
