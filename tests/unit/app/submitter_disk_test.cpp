#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/submitter.h"
#include "tests/unit/app/submitter_fixture.h"

namespace pool {
namespace {

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

// Nor is it written once more: on a full disk that would use up what is kept for new ones.
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
    first.answer_submit(SubmitOutcome::accepted);
    second.answer_submit(SubmitOutcome::accepted);
    book(*submitter, 1, 2);
    EXPECT_TRUE(files_become(0)) << "it waits for a file that nobody has to write";
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

TEST_F(SubmitterTest, BooksWhatANodeSaidBeforeItWasThereAndAsksOnlyTheOthers)
{
    const auto killed = life();
    found(*killed, 1);
    found(*killed, 2);
    first.submits.clear();
    second.submits.clear();
    to_books.clear();
    const auto next = life();
    const SubmitAnswer taken{SubmitOutcome::accepted, "", std::chrono::milliseconds{5}};
    const SubmitAnswer refused{SubmitOutcome::rejected, "bad-txns", std::chrono::milliseconds{7}};
    ASSERT_TRUE(next->resume({{candidate(1).hash, "first", {1234}, taken},
                              {candidate(2).hash, "first", {1235}, refused},
                              {candidate(2).hash, "second", {1236}, refused},
                              {candidate(3).hash, "first", {1237}, refused},
                              {candidate(1).hash, "who has left", {1238}, refused}})
                    .has_value());
    EXPECT_TRUE(first.submits.empty());
    EXPECT_EQ(second.submits.size(), 1U);
    EXPECT_EQ(to_books.size(), 2U);
    ASSERT_EQ(answers.size(), 3U);
    const auto said = std::find_if(answers.begin(), answers.end(), [](const NodeAnswer& answer) {
        return answer.hash == candidate(1).hash;
    });
    ASSERT_NE(said, answers.end());
    EXPECT_EQ(said->node, "first");
    EXPECT_EQ(said->at, UnixMillis{1234});
    EXPECT_EQ(std::count_if(answers.begin(), answers.end(),
                            [](const NodeAnswer& answer) { return answer.last_of_refusals; }),
              1);
    second.answer_submit(SubmitOutcome::accepted);
    book(*next, 1, 1);
    book(*next, 2, 2);
    EXPECT_TRUE(files_become(1)) << "the books lack one of the answers";
    next->answer_booked(candidate(1).hash);
    EXPECT_TRUE(files_become(0));
}

TEST_F(SubmitterTest, HoldsNoBlockOnADiskThatRefusesIt)
{
    const auto submitter = life();
    std::filesystem::remove_all(folder());
    submitter->found(candidate(1));
    turn();
    EXPECT_EQ(first.submits.size(), 1U);
    EXPECT_EQ(second.submits.size(), 1U);
    EXPECT_EQ(to_books.size(), 1U);
}

// What a node holds in memory alone is gone when its machine is.
class KeptBlock : public SubmitterTest {
protected:
    /// A block that the nodes have judged and the books have.
    std::unique_ptr<Submitter> life_with_one()
    {
        auto submitter = life();
        found(*submitter, 1);
        first.answer_submit(SubmitOutcome::accepted);
        second.answer_submit(SubmitOutcome::accepted);
        book(*submitter, 1, 2);
        EXPECT_TRUE(files_become(0));
        EXPECT_TRUE(kept_become(1));
        return submitter;
    }
    bool kept_become(std::size_t count)
    {
        return tests::eventually(std::chrono::seconds{20}, [&] {
            turn();
            return count_of(".kept") == count;
        });
    }
    bool submits_become(const tests::FakeNode& node, std::size_t count)
    {
        return tests::eventually(std::chrono::seconds{20}, [&] {
            turn();
            return node.submits.size() == count;
        });
    }
    const BlockHash hash = candidate(1).hash;
};

TEST_F(KeptBlock, GoesAgainToTheNodeThatDoesNotKnowItAndToNoOther)
{
    const auto submitter = life_with_one();
    submitter->missing(1, {candidate(2).hash, hash});  // none that was kept, and it
    submitter->missing(1, {hash});
    ASSERT_TRUE(submits_become(second, 1));
    EXPECT_TRUE(first.submits.empty());
    const BlockCandidate whole = candidate(1);
    EXPECT_EQ(*second.submits.front().block,
              *submit_text(block_of(*whole.job, whole.header, whole.coinbase)));
    second.answer_submit(SubmitOutcome::accepted);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers.back().node, "second");
    EXPECT_EQ(answers.back().hash, hash);
    submitter->missing(1, {hash});
    submitter->missing(0, {hash});
    ASSERT_TRUE(submits_become(first, 1));
    EXPECT_TRUE(second.submits.empty()) << "it had it a moment ago";
}

// A machine that lost its power: the node has none of the last hour's.
TEST_F(KeptBlock, GoesAgainAfterItsParentAndNotWhileTheNodeHasNone)
{
    const auto submitter = life();
    const auto at_height = [](std::uint32_t nonce, std::uint32_t height) {
        BlockCandidate out = candidate(nonce);
        auto job = std::make_shared<Job>(*out.job);
        job->height = {height};
        out.job = job;
        return out;
    };
    std::vector<BlockHash> newest_first;
    for (const std::uint32_t nonce : {1U, 2U, 3U}) {
        submitter->found(at_height(nonce, 6 + nonce));
        turn();
        first.answer_submit(SubmitOutcome::accepted);
        second.answer_submit(SubmitOutcome::accepted);
        book(*submitter, nonce, 2);
        newest_first.insert(newest_first.begin(), candidate(nonce).hash);
    }
    ASSERT_TRUE(kept_become(3));
    const auto block_is = [&](std::uint32_t nonce) {
        const BlockCandidate whole = candidate(nonce);
        return *first.submits.front().block ==
               *submit_text(block_of(*whole.job, whole.header, whole.coinbase));
    };
    submitter->missing(0, newest_first);
    ASSERT_TRUE(submits_become(first, 1));
    EXPECT_TRUE(block_is(1)) << "the lowest";
    first.answer_submit(SubmitOutcome::accepted);
    ASSERT_TRUE(submits_become(first, 1));
    EXPECT_TRUE(block_is(2));
    first.answer_submit(SubmitOutcome::unanswered, "prev-blk-not-found");
    submitter->missing(1, newest_first);  // another node gets its own meanwhile
    ASSERT_TRUE(submits_become(second, 1));
    EXPECT_TRUE(first.submits.empty()) << "the third waits for its parent";
}

// An hour of syncing would be sixty rows in the books.
TEST_F(KeptBlock, TellsTheSameAnswerOnce)
{
    static_cast<void>(life_with_one());
    answers.clear();
    auto store = CandidateStore::open(folder());
    ASSERT_TRUE(store.has_value());
    TaskThread disk{16, {}};
    disk.start();
    KeptBlocks kept{test.loop,
                    {&first},
                    *std::move(store),
                    disk,
                    {.found = [](const FoundFile&) {},
                     .answer = [this](const NodeAnswer& answer) { answers.push_back(answer); }},
                    std::chrono::milliseconds{0}};
    kept.add(hash, {7});
    for (const char* const reason : {"prev-blk-not-found", "prev-blk-not-found", "rejected"}) {
        kept.missing(0, {hash});
        ASSERT_TRUE(submits_become(first, 1));
        first.answer_submit(SubmitOutcome::unanswered, reason);
    }
    EXPECT_EQ(answers.size(), 2U);
    kept.missing(0, {hash});
    ASSERT_TRUE(submits_become(first, 1));
    first.answer_submit(SubmitOutcome::accepted);
    EXPECT_EQ(answers.size(), 3U);
    disk.stop();
}

TEST_F(KeptBlock, IsToldToTheBooksOfTheNextLifeWhichMayBeRestoredOnes)
{
    static_cast<void>(life_with_one());
    to_books.clear();
    const auto next = life();
    ASSERT_TRUE(next->resume().has_value());
    EXPECT_TRUE(tests::eventually(std::chrono::seconds{20}, [&] {
        turn();
        return to_books.size() == 1;
    }));
    EXPECT_EQ(to_books.front().hash, hash);
    EXPECT_EQ(to_books.front().coinbase, candidate(1).coinbase);
    EXPECT_TRUE(first.submits.empty()) << "the nodes have judged it";
    next->booked(hash);
    next->missing(0, {hash});
    EXPECT_TRUE(submits_become(first, 1));
}

TEST_F(KeptBlock, IsForgottenAWeekOfBlocksLater)
{
    const auto submitter = life_with_one();
    submitter->tip_moved({7 + 1007});
    turn();
    submitter->missing(0, {hash});
    EXPECT_TRUE(submits_become(first, 1));
    submitter->tip_moved({7 + 1008});
    EXPECT_TRUE(kept_become(0));
}

TEST_F(KeptBlock, IsNoneThatEveryNodeHasRefused)
{
    const auto submitter = life();
    found(*submitter, 1);
    first.answer_submit(SubmitOutcome::rejected, "bad-txns");
    second.answer_submit(SubmitOutcome::rejected, "bad-txns");
    book(*submitter, 1, 2);
    EXPECT_TRUE(files_become(0));
    EXPECT_TRUE(kept_become(0));
}

}  // namespace
}  // namespace pool
