#include "pool/app/block_watch.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/fake_node.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using Place = Sighting::Place;

BlockHash block(std::uint8_t name)
{
    BlockHash hash;
    hash.bytes.fill(name);
    return hash;
}

class BlockWatchTest : public ::testing::Test {
protected:
    std::unique_ptr<BlockWatch> watch(std::size_t needed)
    {
        auto out = std::make_unique<BlockWatch>(
            test.loop, std::vector<Node*>{&first, &second}, needed,
            [this](const std::vector<BlockWatch::Seen>& seen) { rounds.push_back(seen); });
        out->set_watched({{block(1), {10}}});
        return out;
    }
    static void answer(tests::FakeNode& node, const Result<Sighting>& sighting)
    {
        ASSERT_FALSE(node.sights.empty());
        const auto question = node.sights.front();
        node.sights.pop_front();
        question.second(sighting);
    }
    static Sighting in_chain(std::uint32_t confirmations)
    {
        return {Place::in_chain, confirmations, 0};
    }
    TestLoop test;
    tests::FakeNode first{"first"};
    tests::FakeNode second{"second"};
    std::vector<std::vector<BlockWatch::Seen>> rounds;
};

TEST_F(BlockWatchTest, NeedsTheWordOfAsManyNodesAsAreConfigured)
{
    const auto both = watch(2);
    both->look();
    answer(first, in_chain(3));
    ASSERT_EQ(rounds.size(), 1U);
    EXPECT_EQ(rounds[0][0].sighting.place, Place::unknown) << "one node's word";
    answer(second, in_chain(2));
    ASSERT_EQ(rounds.size(), 2U);
    EXPECT_EQ(rounds[1][0].sighting.place, Place::in_chain);
    EXPECT_EQ(rounds[1][0].sighting.confirmations, 2U);
}

TEST_F(BlockWatchTest, IsNotHeldUpByANodeThatDoesNotAnswer)
{
    const auto any = watch(1);
    any->look();
    answer(first, in_chain(1));
    any->look();
    answer(first, in_chain(2));
    ASSERT_EQ(rounds.size(), 2U);
    EXPECT_EQ(rounds[1][0].sighting.confirmations, 2U);
    EXPECT_EQ(second.sights.size(), 1U) << "it has one question of ours, not a queue of them";
}

TEST_F(BlockWatchTest, BelievesNoRivalWhileANodeHasOurBlock)
{
    const auto any = watch(1);
    any->look();
    answer(first, in_chain(1));
    answer(second, Sighting{.place = Place::beside, .rival_confirmations = 1});
    EXPECT_EQ(rounds.back()[0].sighting.place, Place::in_chain);
}

TEST_F(BlockWatchTest, TakesAFailureForNoWord)
{
    const auto any = watch(1);
    any->look();
    answer(first, fail(Error::Code::unavailable, "gone"));
    EXPECT_TRUE(rounds.empty());
    any->look();
    EXPECT_EQ(first.sights.size(), 1U);
}

}  // namespace
}  // namespace pool
