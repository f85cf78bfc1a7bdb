#include "pool/app/submitter.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/block.h"
#include "tests/sim/fake_node.h"
#include "tests/support/process.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

BlockCandidate candidate(std::uint32_t nonce)
{
    auto source = std::make_shared<BlockTemplate>();
    source->height = {7};
    auto job = std::make_shared<Job>();
    job->height = {7};
    job->reward = {50};
    job->source = source;
    Header header;
    header.nonce = nonce;
    BlockCandidate out;
    out.job = job;
    out.header = serialise(header);
    out.hash = hash_of(header);
    out.coinbase = Bytes(100, 1);
    out.account = "bc1qminer";
    return out;
}

class SubmitterTest : public ::testing::Test {
protected:
    /// A busy machine's disk gets its time, but where the test is about a disk that hangs.
    std::unique_ptr<Submitter> life(std::chrono::milliseconds patience = std::chrono::seconds{20})
    {
        auto store = CandidateStore::open(folder());
        EXPECT_TRUE(store.has_value());
        return std::make_unique<Submitter>(
            test.loop, std::vector<Node*>{&first, &second}, *std::move(store),
            Submitter::Out{
                .found = [this](const FoundFile& found) { to_books.push_back(found); },
                .answer = [this](const NodeAnswer& answer) { answers.push_back(answer); }},
            patience);
    }
    /// A Stratum loop has a block, and the core loop a turn.
    void found(Submitter& submitter, std::uint32_t nonce)
    {
        submitter.found(candidate(nonce));
        turn();
    }
    void turn()
    {
        test.loop.stop();  // after what was posted
        test.run();
    }
    static void book(Submitter& submitter, std::uint32_t nonce, int answered)
    {
        submitter.booked(candidate(nonce).hash);
        for (int i = 0; i < answered; ++i) submitter.answer_booked(candidate(nonce).hash);
    }
    /// The disk's thread has done what it was asked to.
    bool files_become(std::size_t count)
    {
        return tests::eventually(std::chrono::seconds{20}, [&] {
            turn();
            return files() == count;
        });
    }
    std::filesystem::path folder() const { return directory.path() / "blocks"; }
    std::size_t files() const
    {
        const std::filesystem::directory_iterator all{folder()};
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    TestLoop test;
    tests::FakeNode first{"first"};
    tests::FakeNode second{"second"};
    tests::TempDir directory;
    std::vector<FoundFile> to_books;
    std::vector<NodeAnswer> answers;
};

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

// A miner that has put its block together itself gives it to the network: the pool has no body.
TEST_F(SubmitterTest, GivesADeclaredBlockToTheBooksAndToNoNode)
{
    const auto submitter = life();
    BlockCandidate declared = candidate(1);
    auto job = std::make_shared<Job>(*declared.job);
    job->declared = true;
    job->source = nullptr;
    declared.job = job;
    submitter->found(declared);
    turn();
    EXPECT_TRUE(first.submits.empty());
    EXPECT_TRUE(second.submits.empty());
    ASSERT_EQ(to_books.size(), 1U);
    EXPECT_EQ(to_books.front().hash, declared.hash);
    EXPECT_EQ(to_books.front().reward, Sats{50});
    EXPECT_EQ(to_books.front().coinbase, declared.coinbase);
    EXPECT_EQ(files(), 1U) << "the books do not have it yet";

    const auto next = life();  // a kill -9 between
    ASSERT_TRUE(next->resume().has_value());
    turn();
    EXPECT_TRUE(first.submits.empty());
    EXPECT_EQ(to_books.size(), 2U);
    next->booked(declared.hash);  // nobody was asked: there is no answer to wait for
    EXPECT_TRUE(files_become(0));
}

TEST_F(SubmitterTest, KeepsTheFileUntilAllNodesHaveAnsweredAndTheBooksHaveIt)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::accepted);
    book(*submitter, 1, 1);
    EXPECT_EQ(files(), 1U) << "the second node has not answered";
    second.answer_submit(SubmitOutcome::duplicate, "duplicate");
    EXPECT_EQ(files(), 1U) << "the books do not have its answer";
    submitter->answer_booked(candidate(1).hash);
    EXPECT_TRUE(files_become(0));

    found(*submitter, 2);
    first.answer_submit(SubmitOutcome::rejected, "high-hash");
    second.answer_submit(SubmitOutcome::accepted);
    submitter->answer_booked(candidate(2).hash);
    submitter->answer_booked(candidate(2).hash);
    EXPECT_EQ(files(), 1U) << "the books do not have it";
    submitter->booked(candidate(2).hash);
    EXPECT_TRUE(files_become(0));
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

// What is written to a pipe without a reader waits for one: the disk that does not answer.
class HangingDisk : public SubmitterTest {
protected:
    HangingDisk()
    {
        std::filesystem::create_directories(folder());
        EXPECT_EQ(::mkfifo(part.c_str(), 0600), 0);
    }
    /// It is back, and takes what waited.
    void answer()
    {
        std::thread reader{[this] {
            std::ifstream pipe{part, std::ios::binary};
            written.assign(std::istreambuf_iterator<char>{pipe}, {});
            all_read = true;
        }};
        while (!all_read) turn();  // what was written is kept open until it is synced
        reader.join();
    }
    std::filesystem::path part = folder() / (to_display_hex(candidate(1).hash) + ".block.part");
    std::string written;
    std::atomic<bool> all_read = false;
};

TEST_F(HangingDisk, HoldsNoBlockNorTheLoopThatFoundIt)
{
    const auto submitter = life(Submitter::patience);
    submitter->found(candidate(1));
    submitter->found(candidate(2));
    const Watch look = test.loop.every(std::chrono::milliseconds{1}, [this] {
        if (second.submits.size() == 2) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(first.submits.size(), 2U);
    EXPECT_EQ(to_books.size(), 2U);
    for (const std::uint32_t nonce : {1U, 2U}) {
        first.answer_submit(SubmitOutcome::accepted);
        second.answer_submit(SubmitOutcome::accepted);
        book(*submitter, nonce, 2);
    }
    answer();
    EXPECT_FALSE(written.empty());
    EXPECT_EQ(to_books.size(), 2U) << "once";
    EXPECT_TRUE(files_become(0)) << "a file that came after all was said would be resumed";
}

TEST_F(HangingDisk, HoldsNoBlockOfAnEarlierLife)
{
    {
        auto store = CandidateStore::open(folder());
        FoundFile left;
        left.header = candidate(1).header;
        left.hash = candidate(1).hash;
        left.height = {7};
        left.block = Bytes(200, 2);
        std::filesystem::remove(part);
        ASSERT_TRUE(store->write(left).has_value());
        ASSERT_EQ(::mkfifo(part.c_str(), 0600), 0);
    }
    const auto submitter = life(Submitter::patience);
    ASSERT_TRUE(submitter->resume().has_value());
    EXPECT_EQ(first.submits.size(), 1U);
    answer();
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
    const Watch enough =
        test.loop.after(std::chrono::milliseconds{600}, [this] { test.loop.stop(); });
    test.run();
    ASSERT_EQ(second.sights.size(), 1U);
    EXPECT_EQ(second.sights.front().first, candidate(1).hash);
}

// A share whose time was too old met the network's target: it is no block of ours.
TEST_F(SubmitterTest, ABlockThatEveryNodeRefusesLeavesTheHeightToTheNext)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::rejected, "time-too-old");
    second.answer_submit(SubmitOutcome::rejected, "time-too-old");
    found(*submitter, 2);
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

// A chain whose target is as easy as a share's: each share is a block, and one can be in the chain.
TEST_F(SubmitterTest, TakesSoManyBlocksOfOneHeightAndAnotherForEachThatIsRefused)
{
    constexpr std::uint32_t most = Submitter::of_height_max;
    const auto submitter = life();
    for (std::uint32_t nonce = 0; nonce < most + 5; ++nonce) submitter->found(candidate(nonce));
    turn();
    EXPECT_EQ(first.submits.size(), most);
    EXPECT_EQ(to_books.size(), most);
    EXPECT_EQ(files(), most);
    first.answer_submit(SubmitOutcome::rejected, "bad-txns");
    second.answer_submit(SubmitOutcome::rejected, "bad-txns");
    for (std::uint32_t nonce = 100; nonce < 102; ++nonce) submitter->found(candidate(nonce));
    turn();
    EXPECT_EQ(first.submits.size(), most - 1 + 1) << "one in the place of the refused one";
    BlockCandidate higher = candidate(200);
    auto job = std::make_shared<Job>(*higher.job);
    job->height = {8};
    higher.job = job;
    submitter->found(higher);
    turn();
    EXPECT_EQ(first.submits.size(), most + 1);
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

// kill -9 between the Stratum loop's hand-over and the core loop's first look at it: the core loop
// never runs in this life.
TEST_F(SubmitterTest, HasABlockOnDiskBeforeTheLoopThatJudgedItGoesOn)
{
    const auto killed = life();
    killed->found(candidate(1));
    EXPECT_EQ(files(), 1U);
    EXPECT_TRUE(first.submits.empty()) << "the core loop has not run";
    TestLoop other;
    auto store = CandidateStore::open(folder());
    ASSERT_TRUE(store.has_value());
    Submitter next{other.loop,
                   {&second},
                   *std::move(store),
                   {[](const FoundFile&) {}, {}},
                   std::chrono::seconds{20}};
    ASSERT_TRUE(next.resume().has_value());
    ASSERT_EQ(second.submits.size(), 1U);
    turn();
    ASSERT_EQ(first.submits.size(), 1U);
    EXPECT_EQ(*first.submits.front().block, *second.submits.front().block);
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

TEST_F(SubmitterTest, TakesUpInTheNextLifeWhatThisOneLeft)
{
    const auto killed = life();
    found(*killed, 1);
    first.submits.clear();
    second.submits.clear();
    to_books.clear();
    const auto next = life();
    ASSERT_TRUE(next->resume().has_value());
    EXPECT_EQ(first.submits.size(), 1U);
    EXPECT_EQ(second.submits.size(), 1U);
    ASSERT_EQ(to_books.size(), 1U) << "the books take a block twice without harm";
    EXPECT_EQ(to_books.front().hash, candidate(1).hash);
    found(*next, 1);
    EXPECT_EQ(first.submits.size(), 1U) << "the finder sent it again";
}

}  // namespace
}  // namespace pool
