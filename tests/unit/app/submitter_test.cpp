#include "pool/app/submitter.h"

#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/app/submitter_fixture.h"

namespace pool {
namespace {

TEST_F(SubmitterTest, SendsABlockToEveryNodeWritesItDownAndTellsTheBooks)
{
    const auto submitter = life();
    found(*submitter, 1);
    ASSERT_EQ(first.submits.size(), 1U);
    ASSERT_EQ(second.submits.size(), 1U);
    EXPECT_EQ(first.submits.front().block, second.submits.front().block);
    EXPECT_EQ(files(), 1U);
    ASSERT_EQ(to_books.size(), 1U);
    EXPECT_EQ(to_books.front().account, "bc1qminer");
}

TEST_F(SubmitterTest, LetsAReplayedBlockShareCostTheNodesNothing)
{
    const auto submitter = life();
    for (int i = 0; i < 3; ++i) found(*submitter, 1);
    EXPECT_EQ(first.submits.size(), 1U);
    EXPECT_EQ(to_books.size(), 1U);
}

// A node that is away for a day, or whose disk is full: the chain has gone on over the block.
TEST_F(SubmitterTest, AsksNoNodeForEverAboutABlockThatTheChainHasBuried)
{
    const auto submitter = life();
    found(*submitter, 1);  // of height 7
    first.answer_submit(SubmitOutcome::accepted);
    second.answer_submit(SubmitOutcome::unanswered, "connection refused");
    book(*submitter, 1, 2);
    submitter->tip_moved({106});
    EXPECT_EQ(files(), 1U);
    submitter->tip_moved({107});
    EXPECT_TRUE(files_become(0));
    const Watch late =
        test.loop.after(std::chrono::milliseconds{300}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_TRUE(second.submits.empty());
}

TEST_F(SubmitterTest, AsksAgainOnlyTheNodeThatDidNotAnswer)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    second.answer_submit(SubmitOutcome::unanswered, "connection refused");
    EXPECT_TRUE(second.submits.empty()) << "not at once: the node may be starting";
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!second.submits.empty()) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(second.submits.size(), 1U);
    EXPECT_TRUE(first.submits.empty());
}

// The first has been away for long, and is asked seldom by now.
TEST_F(SubmitterTest, ANodeThatStaysAwayDoesNotHaveAnotherWait)
{
    const auto submitter = life();
    found(*submitter, 1);
    const auto await = [&](tests::FakeNode& node) {
        const auto begun = read_clock().steady;
        const Watch look = test.loop.every(std::chrono::milliseconds{1}, [this, &node] {
            if (!node.submits.empty()) test.loop.stop();
        });
        test.run();
        return read_clock().steady - begun;
    };
    auto pause = SteadyTime::duration{};
    for (int i = 0; i < 4; ++i) {
        first.answer_submit(SubmitOutcome::unanswered, "connection refused");
        pause = await(first);
    }
    first.answer_submit(SubmitOutcome::unanswered, "connection refused");
    second.answer_submit(SubmitOutcome::unanswered, "its connection was cut");
    EXPECT_LT(await(second), pause);
    EXPECT_TRUE(first.submits.empty());
}

// A node that begins anew: megabytes a hundred times over, to one that says each time what it
// lacks.
TEST_F(SubmitterTest, AsksWhetherTheParentHasComeRatherThanSendingTheBlockAgain)
{
    const auto submitter = life();
    found(*submitter, 1);
    second.answer_submit(SubmitOutcome::unanswered, "prev-blk-not-found");
    int asked = 0;
    const Watch node = test.loop.every(std::chrono::milliseconds{1}, [&] {
        if (!second.submits.empty()) return test.loop.stop();
        if (second.sights.empty()) return;
        EXPECT_EQ(second.sights.front().first, BlockHash{}) << "the parent of a test's block";
        const bool come = ++asked == 4;
        answer_sight(second, come ? Sighting{.place = Sighting::Place::in_chain, .confirmations = 1}
                                  : Sighting{});
    });
    test.run();
    EXPECT_EQ(asked, 4);
    EXPECT_EQ(second.submits.size(), 1U) << "to a node that has the parent";
    EXPECT_EQ(answers.size(), 1U) << "the same answer is told once";
    second.answer_submit(SubmitOutcome::accepted);
    EXPECT_EQ(answers.size(), 2U);
}

// At a stop: the next turn might be seconds away, and the next life hours.
TEST_F(SubmitterTest, AsksAtOnceWhenItIsToldThatThereIsNoLater)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    EXPECT_TRUE(submitter->ask_again()) << "the second node has it, and has not answered";
    EXPECT_EQ(second.submits.size(), 1U) << "it is not sent twice meanwhile";
    second.answer_submit(SubmitOutcome::unanswered, "connection refused");
    EXPECT_TRUE(second.submits.empty());
    EXPECT_TRUE(submitter->ask_again());
    ASSERT_EQ(second.submits.size(), 1U);
    second.answer_submit(SubmitOutcome::accepted);
    EXPECT_FALSE(submitter->ask_again());
}

TEST_F(SubmitterTest, DoesNotSendASecondTimeWhatAFrozenNodeMayStillAnswer)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::unanswered, "connection refused");
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!first.submits.empty()) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(second.submits.size(), 1U);
}

TEST_F(SubmitterTest, ReportsEveryAnswerWithItsNodeAndReason)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    second.answer_submit(SubmitOutcome::rejected, "bad-txnmrklroot");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].node, "first");
    EXPECT_EQ(answers[1].answer.reason, "bad-txnmrklroot");
    EXPECT_EQ(answers[1].hash, candidate(1).hash);
}

TEST_F(SubmitterTest, SaysWhenTheLastNodeHasRefusedABlockByName)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::rejected, "bad-txns");
    second.answer_submit(SubmitOutcome::unanswered, "connection refused");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_FALSE(answers[0].last_of_refusals);
    EXPECT_FALSE(answers[1].last_of_refusals) << "no answer refuses nothing";
    const Watch look = test.loop.every(std::chrono::milliseconds{5}, [this] {
        if (!second.submits.empty()) test.loop.stop();
    });
    test.run();
    second.answer_submit(SubmitOutcome::rejected, "bad-txns");
    EXPECT_TRUE(answers.back().last_of_refusals);
}

TEST_F(SubmitterTest, TakesBlocksFromAllLoopsAtOnceEachOnce)
{
    constexpr std::uint32_t blocks = 50;
    const auto submitter = life();
    std::vector<std::thread> loops;
    for (int loop = 0; loop < 4; ++loop) {
        loops.emplace_back([&submitter] {
            for (std::uint32_t nonce = 0; nonce < blocks; ++nonce)
                submitter->found(candidate(nonce));
        });
    }
    for (std::thread& loop : loops) loop.join();
    EXPECT_EQ(files(), blocks);
    turn();
    EXPECT_EQ(first.submits.size(), blocks);
    EXPECT_EQ(to_books.size(), blocks);
}

}  // namespace
}  // namespace pool
