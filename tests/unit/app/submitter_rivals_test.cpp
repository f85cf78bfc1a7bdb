#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/submitter.h"
#include "tests/unit/app/submitter_fixture.h"

namespace pool {
namespace {

TEST_F(SubmitterTest, PrefersOurBlockWhereARivalOfItsHeightIsTheTip)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    second.answer_submit(SubmitOutcome::inconclusive, "inconclusive");
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!second.sights.empty()) test.loop.stop();
    });
    test.run();
    ASSERT_EQ(first.sights.size(), 1U);
    ASSERT_EQ(second.sights.size(), 1U);
    first.sights.front().second(Sighting{.place = Sighting::Place::in_chain, .confirmations = 1});
    second.sights.front().second(
        Sighting{.place = Sighting::Place::beside, .rival_confirmations = 1});
    EXPECT_TRUE(first.preferred.empty());
    EXPECT_EQ(second.preferred, std::vector{candidate(1).hash});
}

// Jobs of an old tip live for minutes, and a late share of one may be a block as well.
TEST_F(SubmitterTest, DoesNotPushItsOwnFirstBlockOfAHeightAsideForALaterOne)
{
    const auto submitter = life();
    found(*submitter, 1);
    found(*submitter, 2);
    for (int i = 0; i < 2; ++i) first.answer_submit(SubmitOutcome::accepted);
    const Watch enough =
        test.loop.after(std::chrono::milliseconds{600}, [this] { test.loop.stop(); });
    test.run();
    ASSERT_EQ(second.sights.size(), 1U);
    EXPECT_EQ(second.sights.front().first, candidate(1).hash);
}

// A share whose time was too old met the network's target: it is no block of ours. Whether the
// other node answers at all is no matter.
TEST_F(SubmitterTest, ABlockThatNoNodeTakesLeavesTheHeightToTheNext)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::rejected, "time-too-old");
    found(*submitter, 2);
    first.answer_submit(SubmitOutcome::accepted);
    const auto looked = [this] {
        return std::any_of(first.sights.begin(), first.sights.end(),
                           [](const auto& sight) { return sight.first == candidate(2).hash; });
    };
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [&] {
        if (looked()) test.loop.stop();
    });
    const Watch enough = test.loop.after(std::chrono::seconds{5}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_TRUE(looked()) << "whether a rival is the tip";
}

// Megabytes to a node far away: when the others are looked at, it does not have the block yet.
TEST_F(SubmitterTest, LooksAgainAtANodeThatAnswersLateThatItHasOursBesideItsTip)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!second.sights.empty()) test.loop.stop();
    });
    test.run();
    second.sights.front().second(Sighting{});
    second.sights.pop_front();
    second.answer_submit(SubmitOutcome::inconclusive, "inconclusive");
    ASSERT_EQ(second.sights.size(), 1U);
    second.sights.front().second(
        Sighting{.place = Sighting::Place::beside, .rival_confirmations = 1});
    EXPECT_EQ(second.preferred, std::vector{candidate(1).hash});
    EXPECT_EQ(first.sights.size(), 1U) << "it had answered in time";
}

// Our miners work on its tip, and it has our block from the other nodes if from anybody.
TEST_F(SubmitterTest, HasANodeThatOnlyGivesTemplatesPreferOurBlockAsWell)
{
    const auto submitter = life();
    found(*submitter, 1);
    EXPECT_TRUE(gives.submits.empty());
    first.answer_submit(SubmitOutcome::accepted);
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!gives.sights.empty()) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(gives.sights.front().first, candidate(1).hash);
    answer_sight(gives, Sighting{});  // on its way from node to node
    EXPECT_TRUE(gives.preferred.empty());
    test.run();
    answer_sight(gives, Sighting{.place = Sighting::Place::beside, .rival_confirmations = 1});
    EXPECT_EQ(gives.preferred, std::vector{candidate(1).hash});
}

// It has the header, and gets the body in a moment: until then the word has no effect.
TEST_F(SubmitterTest, TellsItAgainWhileTheRivalIsItsTipAndNotForEver)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    bool settled = false;
    const Sighting beside{.place = Sighting::Place::beside, .rival_confirmations = 1};
    const Sighting in_chain{.place = Sighting::Place::in_chain, .confirmations = 1};
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [&] {
        while (!gives.sights.empty())
            answer_sight(gives, gives.preferred.size() < 2 ? beside : in_chain);
        if (std::exchange(settled, gives.preferred.size() == 2) != settled) test.loop.stop();
    });
    test.run();
    const Watch enough = test.loop.after(std::chrono::seconds{3}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_EQ(gives.preferred.size(), 2U) << "it is in its chain";
}

// Another of its height is the first that a node has answered for in this life.
TEST_F(SubmitterTest, DoesNotPushAsideABlockThatAnEarlierLifeKept)
{
    {
        const auto earlier = life();
        found(*earlier, 1);
        first.answer_submit(SubmitOutcome::accepted);
        second.answer_submit(SubmitOutcome::accepted);
        book(*earlier, 1, 2);
        ASSERT_TRUE(files_become(0));
    }
    for (tests::FakeNode* const node : {&first, &second, &gives}) node->sights.clear();
    to_books.clear();
    const auto submitter = life();
    ASSERT_TRUE(submitter->resume().has_value());
    ASSERT_TRUE(tests::eventually(std::chrono::seconds{20}, [this] {
        turn();
        return to_books.size() == 1;
    }));
    found(*submitter, 2);
    first.answer_submit(SubmitOutcome::inconclusive, "inconclusive");
    const Watch enough =
        test.loop.after(std::chrono::milliseconds{600}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_TRUE(first.sights.empty()) << "it would be told to leave the first";
}

}  // namespace
}  // namespace pool
