#include "stratum/first_share.h"

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"
#include "tests/unit/stratum/v2/peer.h"

namespace stratum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr pool::SteadyTime epoch{};
constexpr pool::JobId job1{1};
constexpr pool::JobId job2{2};

TEST(FirstShare, IsMeasuredFromAJobsSendingOnceAJob)
{
    FirstShare first;
    EXPECT_FALSE(first.times().has_value());
    first.sent(job1, epoch);
    first.came(job1, epoch + milliseconds{640});
    first.came(job1, epoch + seconds{9});
    ASSERT_TRUE(first.times().has_value());
    EXPECT_EQ(first.times()->last, milliseconds{640});
    EXPECT_EQ(first.times()->mean, milliseconds{640});
    first.sent(job2, epoch + seconds{30});
    first.came(job2, epoch + seconds{30});
    EXPECT_EQ(first.times()->last, milliseconds{0}) << "faster than the clock is a time, too";
    EXPECT_EQ(first.times()->mean, milliseconds{560}) << "an eighth of the way";
}

TEST(FirstShare, SaysNothingOfAJobThatIsNotTheNewest)
{
    FirstShare first;
    first.came(job1, epoch);
    first.sent(job1, epoch);
    first.sent(job2, epoch + seconds{1});
    first.came(job1, epoch + seconds{2});
    EXPECT_FALSE(first.times().has_value());
    first.came(job2, epoch + seconds{4});
    EXPECT_EQ(first.times()->last, seconds{3});
}

// A connection of v2 may have a thousand channels, and some open when its first has long had
// shares.
TEST(FirstShare, IsNotMeasuredAgainWhenAnotherChannelGetsTheSameJob)
{
    FirstShare first;
    first.sent(job1, epoch);
    first.sent(job1, epoch + seconds{1});
    first.came(job1, epoch + seconds{3});
    first.sent(job1, epoch + seconds{5});
    first.came(job1, epoch + seconds{6});
    EXPECT_EQ(first.times()->last, seconds{3});
}

// A variant goes to the channels that need it, and the job to those that open behind it.
TEST(FirstShare, IsNotMeasuredAgainWhenTheJobComesOnceMoreBehindAVariant)
{
    FirstShare first;
    constexpr pool::JobId variant{0x80100001};
    first.sent(job1, epoch);
    first.came(job1, epoch + seconds{3});
    first.sent(variant, epoch + seconds{5});
    first.sent(job1, epoch + seconds{20});
    first.came(job1, epoch + seconds{21});
    EXPECT_EQ(first.times()->last, seconds{3});
    first.came(variant, epoch + seconds{25});
    EXPECT_EQ(first.times()->last, seconds{20});
}

TEST(FirstShare, IsToldOfAConnectionByItsAcceptedSharesAlone)
{
    tests::Talk talk;
    talk.publish(1);
    tests::TalkingMiner miner{talk, "user.rig"};
    const auto times = [&talk] { return talk.shard.snapshot(talk.now).at(0).first_share; };
    talk.pass(seconds{2});
    miner.submit(miner.find({.target = pool::Uint256::max(), .not_target = miner.target}));
    EXPECT_FALSE(times().has_value()) << "below the difficulty";
    talk.pass(seconds{1});
    miner.submit(miner.find());
    ASSERT_TRUE(times().has_value());
    EXPECT_EQ(times()->last, seconds{3});

    talk.publish(2);
    miner.take_in(talk.hear(miner.id));
    talk.pass(seconds{1});
    const auto share = miner.find();
    miner.submit(share);
    talk.pass(seconds{1});
    miner.submit(share);
    EXPECT_EQ(times()->last, seconds{1}) << "from the second job on";
    EXPECT_EQ(times()->mean, milliseconds{2750});
}

TEST(FirstShare, IsNotCountedWhereTheShareLogFails)
{
    tests::Talk talk;
    talk.publish(1);
    tests::TalkingMiner miner{talk, "user.rig"};
    talk.log.failing = true;
    miner.submit(miner.find());
    EXPECT_FALSE(talk.shard.snapshot(talk.now).at(0).first_share.has_value());
}

TEST(FirstShare, CountsForAConnectionOfV2FromTheFirstOfItsChannelsThatGetsTheJob)
{
    tests::Talk talk{tests::v2_options()};
    talk.publish(1);
    tests::Peer peer{talk};
    peer.set_up();
    const auto times = [&talk] { return talk.shard.snapshot(talk.now).at(0).first_share; };
    const auto early = peer.open_extended("user.early");
    const auto job = peer.extended_job(early);
    talk.pass(seconds{2});
    const auto late = peer.open_extended("user.late");
    EXPECT_FALSE(times().has_value());
    peer.say(peer.extended_share(late, peer.extended_job(late)));
    ASSERT_TRUE(times().has_value());
    EXPECT_EQ(times()->last, seconds{2});
    talk.pass(seconds{3});
    peer.say(peer.extended_share(early, job));
    EXPECT_EQ(times()->last, seconds{2}) << "that was not the first";
}

TEST(FirstShare, IsNotMeasuredAnewOverV2ForAChannelThatOpensBehindAVariant)
{
    tests::Talk talk{tests::v2_options()};
    talk.publish(1);
    tests::Peer peer{talk};
    peer.set_up();
    const auto times = [&talk] { return talk.shard.snapshot(talk.now).at(0).first_share; };
    const auto first = peer.open_extended("user.first");
    const auto second = peer.open_extended("user.second");
    const auto job = peer.extended_job(second);
    talk.pass(seconds{1});
    peer.say(peer.extended_share(second, job));
    ASSERT_TRUE(times().has_value());
    EXPECT_EQ(times()->last, seconds{1});
    constexpr float rate_of_a_thousandth = 700'000;
    peer.say(v2::UpdateChannel{first.id, rate_of_a_thousandth, pool::Uint256::max()});
    talk.pass(seconds{5});
    ASSERT_GT(talk.shard.metrics().variant_jobs.value(), 0U);
    peer.open_extended("user.third");
    talk.pass(seconds{4});
    peer.say(peer.extended_share(second, job));
    EXPECT_EQ(times()->last, seconds{1}) << "it has had that job long since";
}

}  // namespace
}  // namespace stratum
