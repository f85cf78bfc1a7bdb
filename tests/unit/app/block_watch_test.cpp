#include "pool/app/block_watch.h"

#include <memory>
#include <string>
#include <utility>
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
            BlockWatch::Out{
                .seen =
                    [this](const std::vector<BlockWatch::Seen>& seen) { rounds.push_back(seen); },
                .missing =
                    [this](std::size_t node, std::vector<BlockHash> hashes) {
                        missed.emplace_back(node, std::move(hashes));
                    }});
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
    std::vector<std::pair<std::size_t, std::vector<BlockHash>>> missed;
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

// What an operator reads of a block's life, once each, however often it is looked for.
TEST_F(BlockWatchTest, SaysOnceEachThatABlockHasOneSixAndAHundredConfirmationsOrLostItsPlace)
{
    const auto any = watch(1);
    const auto said = [&](const Sighting& sighting) {
        testing::internal::CaptureStderr();
        any->look();
        answer(first, sighting);
        return testing::internal::GetCapturedStderr();
    };
    const auto in_chain_at = [](std::uint32_t confirmations) {
        return "block_in_the_chain hash=" + to_display_hex(block(1)) +
               " height=10 confirmations=" + std::to_string(confirmations) + " ";
    };
    EXPECT_EQ(said(Sighting{}), "") << "no node has it yet";
    EXPECT_NE(said(in_chain(1)).find(in_chain_at(1)), std::string::npos);
    EXPECT_EQ(said(in_chain(1)), "");
    EXPECT_EQ(said(in_chain(5)), "");
    EXPECT_NE(said(in_chain(6)).find(in_chain_at(6)), std::string::npos);
    EXPECT_EQ(said(in_chain(99)), "");
    const Sighting beside{.place = Place::beside, .rival_confirmations = 2};
    EXPECT_NE(said(beside).find("block_beside_the_chain hash=" + to_display_hex(block(1))),
              std::string::npos);
    EXPECT_EQ(said(beside), "");
    EXPECT_NE(said(in_chain(101)).find(in_chain_at(101)), std::string::npos)
        << "two heights at once, and from beside";
    EXPECT_EQ(said(in_chain(102)), "");
    any->set_watched({{block(1), {10}}});
    EXPECT_EQ(said(in_chain(103)), "");
}

TEST_F(BlockWatchTest, SaysWhichNodeDoesNotKnowABlockThatAnotherHas)
{
    const auto any = watch(1);
    any->look();
    answer(first, in_chain(2));
    answer(second, Sighting{});
    ASSERT_EQ(missed.size(), 1U);
    EXPECT_EQ(missed[0].first, 1U);
    EXPECT_EQ(missed[0].second, std::vector{block(1)});
}

TEST_F(BlockWatchTest, TakesAFailureForNoWord)
{
    const auto any = watch(1);
    any->look();
    answer(first, fail(Error::Code::unavailable, "gone"));
    EXPECT_TRUE(rounds.empty());
    EXPECT_TRUE(missed.empty());
    any->look();
    EXPECT_EQ(first.sights.size(), 1U);
}

}  // namespace
}  // namespace pool
