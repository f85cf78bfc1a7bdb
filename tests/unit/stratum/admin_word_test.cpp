#include <string>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/talk.h"

// What an admin says to sessions while they mine.
namespace tests {
namespace {

using std::chrono::seconds;

stratum::WorkerSnapshot only_worker(Talk& talk)
{
    const auto sessions = talk.shard.snapshot(talk.now);
    EXPECT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions.front().workers.size(), 1U);
    return sessions.front().workers.front();
}

TEST(AdminsWord, BeginsTheCountsOfAWorkerAnewAndLeavesItMining)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.rig"};
    TalkingMiner other{talk, "user.other"};
    miner.submit(miner.find());
    other.submit(other.find());
    EXPECT_EQ(talk.shard.reset_worker("user", "nobody"), 0U);
    EXPECT_EQ(talk.shard.reset_worker("user2", "rig"), 0U);
    EXPECT_EQ(talk.shard.reset_worker("user", "rig"), 1U);
    for (const auto& session : talk.shard.snapshot(talk.now)) {
        const auto& worker = session.workers.front();
        const bool reset = worker.worker == "rig";
        EXPECT_EQ(worker.counts.accepted, reset ? 0U : 1U) << worker.worker;
        EXPECT_EQ(worker.best_hash == pool::Uint256::max(), reset) << worker.worker;
    }
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    talk.closed(other.id);
    EXPECT_EQ(only_worker(talk).counts.accepted, 1U);
}

TEST(AdminsWord, ForgetsWhatAWorkerDidBefore)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.rig"};
    miner.submit(miner.find());
    talk.closed(miner.id);
    ASSERT_EQ(talk.shard.past_workers(talk.now).size(), 1U);
    EXPECT_EQ(talk.shard.reset_worker("user", "rig"), 1U);
    EXPECT_TRUE(talk.shard.past_workers(talk.now).empty());
}

TEST(AdminsWord, MovesTheBoundsOfADifficultyWithTheNextJobAndBreaksNoPromise)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.rig"};
    const auto easy = miner.find();
    const double before = miner.difficulties.back();
    talk.shard.set_bounds(miner.id, {-10}, {20});
    talk.publish(2);
    miner.take_in(talk.hear(miner.id));
    EXPECT_EQ(miner.difficulties.back(), 0x1p-10);
    EXPECT_LT(before, 0x1p-10);
    // Of the job before: late for the tip, but not for its difficulty.
    EXPECT_FALSE(contains(miner.submit(easy), "low difficulty"));
    talk.shard.set_bounds(miner.id, {-30}, {-25});
    talk.publish(3);
    miner.take_in(talk.hear(miner.id));
    EXPECT_EQ(miner.difficulties.back(), 0x1p-25);
}

}  // namespace
}  // namespace tests
