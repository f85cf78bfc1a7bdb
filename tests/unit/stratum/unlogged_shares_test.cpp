#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

// Good shares that cannot be written down: they are refused, openly, and count for nobody.
namespace tests {
namespace {

TEST(UnloggedShares, AreRefusedOpenlyOfAnAccountThatMayNotBeginNowAndOfNobodyElse)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner old{talk, "user.w1"};
    TalkingMiner fresh{talk, "user2.w1"};
    talk.log.members_max = 1;
    EXPECT_TRUE(contains(old.submit(old.find()), "true"));
    EXPECT_EQ(
        fresh.submit(fresh.find()),
        Lines{R"({"id":9,"result":null,"error":[20,"Too many new accounts, try later",null]})"});
    EXPECT_TRUE(contains(old.submit(old.find()), "true"));
    const stratum::ShardMetrics& metrics = talk.shard.metrics();
    EXPECT_EQ(metrics.shares_too_new.value(), 1U);
    EXPECT_EQ(metrics.shares_unlogged.value(), 0U) << "the disk is fine";
    EXPECT_EQ(metrics.of(pool::Judgement::accepted).value(), 2U);
    ASSERT_EQ(talk.log.shares.size(), 2U) << "and booked to nobody else";
    talk.log.members_max = 2;
    EXPECT_TRUE(contains(fresh.submit(fresh.find()), "true"));
    ASSERT_EQ(talk.log.shares.size(), 3U);
    EXPECT_EQ(talk.log.who(talk.log.shares[1]), "user.w1");
    EXPECT_EQ(talk.log.who(talk.log.shares[2]), "user2.w1");
}

TEST(UnloggedShares, AreRefusedOpenlyWhenTheLogFails)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.log.failing = true;
    EXPECT_EQ(miner.submit(miner.find()),
              Lines{R"({"id":9,"result":null,"error":[20,"Share log unavailable",null]})"});
    EXPECT_EQ(talk.shard.metrics().shares_unlogged.value(), 1U);
    EXPECT_EQ(talk.shard.snapshot(talk.now)[0].workers[0].counts.accepted, 0U);
    // Also behind a new job, which can't be noted either; none of them counts as accepted.
    talk.publish(1);
    miner.take_in(talk.hear(miner.id));
    EXPECT_TRUE(contains(miner.submit(miner.find()), "Share log unavailable"));
    const stratum::ShardMetrics& metrics = talk.shard.metrics();
    EXPECT_EQ(metrics.shares_unlogged.value(), 2U);
    EXPECT_EQ(metrics.of(pool::Judgement::accepted).value(), 0U);
    EXPECT_EQ(metrics.share_log_failed.value(), 1);
    talk.log.failing = false;
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(metrics.of(pool::Judgement::accepted).value(), 1U);
    EXPECT_EQ(metrics.share_log_failed.value(), 0);
}

}  // namespace
}  // namespace tests
