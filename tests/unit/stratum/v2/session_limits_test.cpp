// What v2 connections share with those of v1: their port's difficulty, and jobs that wait for a
// peer that does not read.
#include <string>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;

TEST(V2Limits, AChannelHasTheDifficultyOfItsPort)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk, {.min = {-26}, .max = {40}, .start = {-25}, .vary = false}};
    peer.set_up(1);
    EXPECT_EQ(peer.open_standard().target, pool::target_of({-25}));
}

TEST(V2Limits, APeerThatDoesNotReadGetsTheNewestJobOnlyOnceItDoes)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    peer.begin_mining();
    talk.shard.hold_jobs(peer.id);
    talk.publish(2);
    talk.publish(3);
    const auto newest = talk.make_job(4);
    talk.publish(newest);
    peer.listen();
    EXPECT_EQ(peer.heard(), 0U);
    EXPECT_EQ(talk.shard.metrics().jobs_superseded.value(), 2U);

    talk.shard.release_jobs(peer.id, talk.now);
    talk.pass(seconds{1});
    peer.listen();
    const auto job = peer.take<NewJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->job, newest->id.value);
    const auto tip = peer.take<SetNewPrevHash>();
    ASSERT_TRUE(tip.has_value());
    EXPECT_EQ(tip->previous, newest->previous.bytes);
    EXPECT_FALSE(peer.take<NewJob>().has_value());
}

TEST(V2Limits, AFrameThatIsBegunAndNotEndedClosesTheConnection)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    peer.begin_mining();
    peer.say_bytes(std::string(21, '\x05'));  // one byte short of a header
    talk.pass(seconds{14});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{2});
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::slow_line);
    EXPECT_EQ(talk.shard.metrics().of(stratum::EndReason::slow_line).value(), 1U);
}

TEST(V2Limits, ChannelsLeavePrefixesToConnectionsThatHaveNone)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 8;
    Talk talk{options};
    talk.publish(1);
    Peer greedy{talk};
    greedy.set_up(1);
    for (int opened = 0; opened < 6; ++opened) greedy.open_standard();
    OpenStandard call;
    call.request = 9;
    call.user = {"user.rig"};
    call.target_max = pool::Uint256::max();
    greedy.say(call);
    const auto refused = greedy.take<OpenError>();
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->code.value, "channel-capacity-exhausted");

    TalkingMiner other{talk, "user.w1"};
    EXPECT_FALSE(other.jobs.empty());
}

TEST(V2Limits, SilenceForHalfAnHourEndsAConnectionOfWhichNobodyKnowsHowFastItIs)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    peer.begin_mining();
    talk.pass(seconds{1799});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::idle);
}

// Four hashes in six seconds, and 4096 for a share: one in 1.7 hours.
TEST(V2Limits, SilenceIsMeasuredByWhatASlowMinerHasSaidOfItself)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk, {.min = {-20}, .max = {40}, .start = {-20}}};
    peer.set_up(1);
    peer.standard_job(peer.open_standard("user.slow", 0.7F));
    talk.pass(std::chrono::hours{5});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(std::chrono::hours{30});
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::idle);
}

TEST(V2Limits, SilenceOfAProxyIsMeasuredByAllItsChannelsTogether)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk, {.min = {-20}, .max = {40}, .start = {-20}}};
    peer.set_up(1);
    for (int rig = 0; rig < 10; ++rig) peer.open_standard("user.slow", 0.7F);
    talk.pass(std::chrono::hours{3});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(std::chrono::hours{1});
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::idle);
}

TEST(V2Limits, SequenceNumbersAreTheMinersOwnAndComeBackAsTheyWere)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    for (const std::uint32_t sequence : {0xffffffffU, 0U, 7U, 7U, 3U}) {
        auto share = peer.share(channel, job);
        share.sequence = sequence;
        peer.say(share);
        talk.pass(seconds{2});
        peer.listen();
        const auto success = peer.take<SubmitSuccess>();
        ASSERT_TRUE(success.has_value()) << sequence;
        EXPECT_EQ(success->last_sequence, sequence);
        EXPECT_EQ(success->accepted, 1U);
    }
    EXPECT_EQ(talk.log.shares.size(), 5U);
}

TEST(V2Limits, ADrainAsksMinersToConnectAgainOnceTheyKnowWhatTheyHaveEarned)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    Peer idle{talk};
    idle.set_up(1);
    peer.say(peer.share(channel, job));
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value());
    peer.say(peer.share(channel, job));
    ASSERT_EQ(peer.heard(), 0U);  // its answer waits for others

    talk.shard.ask_to_reconnect(std::chrono::milliseconds{100}, talk.now);
    talk.pace(std::chrono::milliseconds{200});
    peer.listen();
    idle.listen();
    EXPECT_EQ(peer.heard_types(), (std::vector<int>{SubmitSuccess::id.type, Reconnect::id.type}));
    ASSERT_EQ(peer.take<SubmitSuccess>()->accepted, 1U);
    EXPECT_EQ(*peer.take<Reconnect>(), (Reconnect{{""}, 0}));
    EXPECT_EQ(idle.heard(), 0U);
    // It is served for as long as it stays.
    talk.publish(2);
    peer.listen();
    EXPECT_TRUE(peer.take<NewJob>().has_value());
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
}

// What the write queue would not take is not even made.
TEST(V2Limits, AnswersOfOneTurnAreBounded)
{
    stratum::ShardOptions options = v2_options();
    options.v2.answers_bytes = 4096;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up(1);
    const auto channel = peer.open_standard();
    const UpdateChannel update{channel.id, 1.0F, pool::Uint256::max()};
    for (int turn = 0; turn < 100; ++turn) peer.say(update);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt) << "as many, turn by turn";

    std::string wire;
    for (int i = 0; i < 1000; ++i) {
        std::string frame;
        append_frame(frame, update);
        seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
    }
    const std::uint64_t frames = talk.shard.metrics().frames.value();
    EXPECT_LE(talk.send_bytes(peer.id, wire).size(), 4096U + 256);
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::write_stalled);
    EXPECT_LE(talk.shard.metrics().frames.value(), frames + 100) << "the rest is not looked at";
}

// A proxy that comes back opens a channel for each of its machines at once, and its jobs are ten
// times as long as its words.
TEST(V2Limits, AProxyMayOpenAllItsChannelsAtOnceAndGetsTheirJobsAsItReads)
{
    stratum::ShardOptions options = v2_options();
    options.v2.answers_bytes = 32'768;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    constexpr std::uint32_t count = 100;
    std::string wire;
    for (std::uint32_t request = 0; request < count; ++request) {
        std::string frame;
        append_frame(frame, OpenExtended{.request = request,
                                         .user = {"user.rig"},
                                         .hash_rate = 0,
                                         .target_max = pool::Uint256::max(),
                                         .extranonce_min = 4});
        seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
    }
    peer.say_bytes(wire);
    std::vector<Peer::Channel> channels;
    while (const auto opened = peer.take<OpenExtendedSuccess>()) {
        channels.push_back({.id = opened->channel,
                            .group = opened->group,
                            .target = opened->target,
                            .prefix = {opened->prefix.value.begin(), opened->prefix.value.end()},
                            .rolled = opened->extranonce_size});
    }
    ASSERT_EQ(channels.size(), count);
    std::size_t jobs = 0;
    const auto take_jobs = [&] {
        while (peer.take<NewExtendedJob>()) ++jobs;
    };
    take_jobs();
    EXPECT_GT(jobs, 0U);
    EXPECT_LT(jobs, count);
    // A job of the same tip is for those who know it; the others still get their first one.
    talk.publish(1);
    peer.listen();
    take_jobs();
    EXPECT_LT(jobs, 2 * count);
    for (int turn = 0; turn < 20; ++turn) {
        talk.pass(seconds{1});
        peer.listen();
    }
    take_jobs();
    std::size_t tips = 0;
    while (peer.take<SetNewPrevHash>()) ++tips;
    EXPECT_EQ(tips, count) << "each channel heard of the tip, with its first job, once";
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);

    talk.publish(2);
    peer.listen();
    const auto job = peer.extended_job(channels.back());
    peer.say(peer.extended_share(channels.back(), job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

}  // namespace
}  // namespace tests
