// Defects that users and auditors found in the reference pool, by name and number: none of them is
// ours.
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/target.h"
#include "pool/work/job.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;
using stratum::EndReason;

class V2Regression : public ::testing::Test {
protected:
    Talk talk{v2_options()};
};

// sv2-apps#876: any frame after a rejected setup killed the reference pool's accept loop.
TEST_F(V2Regression, SvTwoApps876TwoFramesBehindARefusedSetupHurtNobody)
{
    Peer peer{talk};
    ASSERT_TRUE(peer.shake_hands());
    SetupConnection setup = peer.setup_message();
    setup.protocol = 1;
    std::string frames;
    std::string wire;
    for (int i = 0; i < 3; ++i) {
        frames.clear();
        append_frame(frames, setup);
        seal_frame(peer.ciphers.send, pool::as_bytes(frames), wire);
    }
    peer.say_bytes(wire);
    EXPECT_TRUE(peer.take<SetupError>().has_value());
    EXPECT_EQ(peer.heard(), 0U);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::setup_refused);

    Peer next{talk};
    next.set_up();
    EXPECT_EQ(talk.end_of(next.id), std::nullopt);
}

// stratum#2013: most shares refused as invalid job id. A job of the tip stays good when others
// follow.
TEST_F(V2Regression, Stratum2013AnOlderJobOfTheTipIsStillGood)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    for (int i = 0; i < 20; ++i) talk.publish(1);
    peer.listen();
    peer.say(peer.extended_share(channel, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

// stratum#2329: the duplicate table was flushed by a message that only moved the time on, and a
// proof was paid twice.
TEST_F(V2Regression, Stratum2329AShareIsCountedOnceThoughTheJobsTimeMoves)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto share = peer.extended_share(channel, peer.extended_job(channel));
    peer.say(share);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    talk.pass(seconds{30});
    auto later = talk.make_job(1);
    later->clean = true;
    talk.publish(later);
    peer.listen();
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "duplicate-share");
    EXPECT_EQ(talk.log.shares.size(), 1U);
}

// stratum#2260, #2330: a prefix that went back too early let shares of one channel be replayed on
// another.
TEST_F(V2Regression, Stratum2260AClosedChannelsPrefixIsNobodysWhileItsJobsLive)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 5;
    options.v2.channel_within = std::chrono::hours{1};
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    const auto share = peer.extended_share(first, job);
    peer.say(CloseChannel{first.id, {"done"}});
    for (int i = 0; i < 3; ++i) {
        const auto next = peer.open_extended();
        EXPECT_NE(next.prefix, first.prefix);
        EXPECT_NE(next.id, first.id);
        peer.say(CloseChannel{next.id, {}});
    }
    Peer other{small};
    other.set_up();
    EXPECT_NE(other.open_extended().prefix, first.prefix);
    // The first one's would be the next, and is to be had by nobody.
    Peer late{small};
    late.set_up();
    for (Peer* each : {&peer, &late}) {
        each->say(OpenExtended{3, {"user.rig"}, 0, pool::Uint256::max(), 4});
        EXPECT_EQ(*each->take<OpenError>(), (OpenError{3, {"channel-capacity-exhausted"}}));
    }
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
    EXPECT_TRUE(small.log.shares.empty());
    small.publish(1);
    small.pass(stratum::PrefixPool::rest + std::chrono::seconds{1});
    EXPECT_EQ(peer.open_extended().prefix, first.prefix);
}

// stratum#2330: likewise, by the end of a connection; and what was kept of prefixes grew for ever.
TEST_F(V2Regression, Stratum2330APrefixOfAConnectionThatEndedIsNobodysWhileItsJobsLive)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 3;
    Talk small{options};
    small.publish(1);
    std::optional<Peer> first{std::in_place, small};
    first->set_up(1);
    const auto channel = first->open_standard();
    const auto job = first->standard_job(channel);
    const auto paid = first->share(channel, job);
    const auto unpaid = first->share(channel, job);  // found, and kept for the next connection
    first->say(paid);
    ASSERT_TRUE(first->take<SubmitSuccess>().has_value());
    small.closed(first->id);

    Peer next{small};
    next.set_up(1);
    std::vector<std::uint32_t> channels;
    for (std::uint32_t request = 0; request < 4; ++request) {
        next.say(OpenStandard{request, {"user2.rig"}, 0, pool::Uint256::max()});
        const auto opened = next.take<OpenStandardSuccess>();
        if (!opened) continue;
        channels.push_back(opened->channel);
        EXPECT_FALSE(std::equal(channel.prefix.begin(), channel.prefix.end(),
                                opened->prefix.value.begin(), opened->prefix.value.end()));
    }
    EXPECT_EQ(channels.size(), 2U) << "the third prefix rests";
    for (const std::uint32_t other : channels) {
        for (auto replayed : {paid, unpaid}) {
            replayed.channel = other;
            next.say(replayed);
            EXPECT_EQ(next.take<SubmitError>()->code.value, "difficulty-too-low");
        }
    }
    EXPECT_EQ(small.log.shares.size(), 1U);
}

TEST_F(V2Regression, Stratum2330WhatIsKeptOfPrefixesGoesWithTheirRest)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    peer.open_extended();
    constexpr int opened = 400;
    for (int i = 0; i < opened; ++i) {
        peer.say(CloseChannel{peer.open_extended().id, {""}});
        talk.pass(seconds{1});
    }
    EXPECT_EQ(talk.shard.metrics().prefixes_leased.value(), 1);
    EXPECT_EQ(talk.shard.metrics().prefixes_resting.value(), opened);
    for (int i = 0; i < opened; ++i) {
        peer.say(CloseChannel{peer.open_extended().id, {""}});
        talk.publish(1);
        talk.pass(seconds{2});
    }
    EXPECT_LE(talk.shard.metrics().prefixes_resting.value(), opened);
    talk.publish(1);
    talk.pass(stratum::PrefixPool::rest);
    peer.open_extended();
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().prefixes_resting.value(), 0);
    EXPECT_EQ(talk.shard.metrics().prefixes_leased.value(), 2);
}

// stratum#2096: a share that solved a block skipped the duplicate check.
TEST_F(V2Regression, Stratum2096ABlockIsHandedOutTwiceAndCreditedOnce)
{
    auto easy = talk.make_job(1);
    easy->bits = {0x207fffff};
    easy->network_target = *pool::target_from_compact(easy->bits);
    talk.publish(easy);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    auto job = peer.extended_job(channel);
    job.target = easy->network_target;
    const auto block = peer.extended_share(channel, job);
    peer.say(block);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    peer.say(block);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "duplicate-share");
    EXPECT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(talk.candidates.size(), 2U);
}

// sv2-apps#730: the allocator was full, and the whole pool stopped.
TEST_F(V2Regression, SvTwoApps730RefusesOneChannelWhenPrefixesRunOut)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 2;
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    peer.open_extended();
    peer.say(OpenExtended{3, {"user.rig"}, 0, pool::Uint256::max(), 4});
    EXPECT_EQ(*peer.take<OpenError>(), (OpenError{3, {"channel-capacity-exhausted"}}));
    peer.say(peer.extended_share(first, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

// sv2-apps#731: unbounded queues. A flood of channels is bounded however slowly it comes, takes
// nobody else's room, and the flooder is sent away.
TEST_F(V2Regression, SvTwoApps731AFloodOfChannelsIsBounded)
{
    stratum::ShardOptions options = v2_options();
    options.v2.channels_max = 10;
    Talk small{options};
    small.publish(1);
    Peer other{small};
    other.set_up();
    const auto channel = other.open_extended();
    const auto job = other.extended_job(channel);
    Peer peer{small};
    peer.set_up();
    std::uint32_t asked = 0;
    for (; asked < 200 && !small.end_of(peer.id); ++asked) {
        peer.say(OpenStandard{asked, {"user.rig"}, 0, pool::Uint256::max()});
        ASSERT_LE(small.shard.metrics().channels.value(), 11);
        small.pass(seconds{1});  // slow enough for the pace of openings
    }
    EXPECT_EQ(asked, 110U) << "ten refusals for each channel that it may have";
    EXPECT_EQ(small.end_of(peer.id), EndReason::too_many_bad_requests);
    EXPECT_EQ(small.shard.metrics().channels_refused.value(), 100U);
    EXPECT_EQ(small.shard.metrics().channels.value(), 1);
    EXPECT_EQ(small.shard.metrics().prefixes_resting.value(), 10);
    other.say(other.extended_share(channel, job));
    EXPECT_TRUE(other.take<SubmitSuccess>().has_value());
}

// One customer of a proxy has mistyped the account of all of his machines.
TEST_F(V2Regression, NamesThatNobodyHasLeaveAProxyToItsOtherCustomers)
{
    stratum::ShardOptions options = v2_options();
    options.v2.channels_max = 100;
    options.v2.workers_max = 100;
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    const auto ask = [&peer](std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            peer.say(OpenStandard{i, {"nobody.rig"}, 0, pool::Uint256::max()});
        }
    };
    ask(31);
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    ask(68);
    ASSERT_EQ(small.end_of(peer.id), std::nullopt);
    peer.say(peer.extended_share(channel, job));
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value()) << "a good share begins it anew";
    ask(99);
    EXPECT_EQ(small.end_of(peer.id), std::nullopt);
    ask(1);
    EXPECT_EQ(small.end_of(peer.id), EndReason::too_many_bad_requests);

    Peer guesser{small};
    guesser.set_up();
    for (std::uint32_t i = 0; i < 32; ++i) {
        ASSERT_EQ(small.end_of(guesser.id), std::nullopt);
        guesser.say(OpenStandard{i, {"nobody.rig"}, 0, pool::Uint256::max()});
    }
    EXPECT_EQ(small.end_of(guesser.id), EndReason::too_many_bad_requests);
}

// Nobody misbehaves who asks for what we have run out of.
TEST_F(V2Regression, PrefixesThatHaveRunOutAreNoBadRequestOfAProxy)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 2;
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    for (int i = 0; i < 2; ++i) peer.open_extended();
    for (std::uint32_t i = 0; i < 40; ++i) {
        peer.say(OpenExtended{i, {"user.rig"}, 0, pool::Uint256::max(), 4});
        EXPECT_EQ(peer.take<OpenError>()->code.value, "channel-capacity-exhausted");
    }
    EXPECT_EQ(small.end_of(peer.id), std::nullopt);
}

// Likewise over connections: each channel costs a job at every tip, whoever's it is.
TEST_F(V2Regression, SvTwoApps731AFloodOfChannelsIsBoundedForAnAddressOverAllItsConnections)
{
    stratum::GateOptions limits;
    limits.address.channels = 5;
    stratum::Gate gate{limits};
    stratum::ShardOptions options = v2_options();
    options.gate = &gate;
    Talk small{options};
    small.publish(1);
    const auto opened = [&](Peer& peer, std::uint32_t request) {
        peer.say(OpenStandard{request, {"user.rig"}, 0, pool::Uint256::max()});
        return peer.take<OpenStandardSuccess>().has_value();
    };
    Peer one{small};
    Peer two{small};
    one.set_up();
    two.set_up();
    for (std::uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(opened(one, i));
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(opened(two, i)) << "the first is its own";
    EXPECT_FALSE(opened(two, 3));
    EXPECT_EQ(two.take<OpenError>()->code.value, "channel-capacity-exhausted");
    EXPECT_FALSE(opened(one, 4));
    const auto resting = small.shard.metrics().prefixes_resting.value();
    small.closed(one.id);
    small.pass(seconds{1});
    EXPECT_EQ(small.shard.metrics().prefixes_resting.value(), resting + 4);
    for (std::uint32_t i = 10; i < 13; ++i) EXPECT_TRUE(opened(two, i)) << "three came back";
    EXPECT_FALSE(opened(two, 13));
    two.say(CloseChannel{2, {"done"}});  // its first: channels count from two
    EXPECT_TRUE(opened(two, 14));
}

// Likewise: jobs for a peer that does not read are not piled up, the newest replaces the others.
TEST_F(V2Regression, SvTwoApps731JobsForAPeerThatDoesNotReadAreNotQueued)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    for (int i = 0; i < 3; ++i) peer.open_extended();
    peer.listen();
    while (peer.take<NewExtendedJob>() || peer.take<SetNewPrevHash>()) {
    }
    talk.shard.hold_jobs(peer.id);
    for (int i = 0; i < 1000; ++i) talk.publish(static_cast<std::uint8_t>(2 + i % 2));
    talk.shard.release_jobs(peer.id, talk.now);
    talk.pass(seconds{1});
    peer.listen();
    EXPECT_EQ(peer.heard_types(),
              (std::vector<int>{NewExtendedJob::id.type, SetNewPrevHash::id.type}));
    EXPECT_EQ(talk.shard.metrics().jobs_superseded.value(), 999U);
}

// stratum#2396: tip A, tip B, tip A again with the very same template. The share that was paid for
// the first job of A is stale for good, and no share of the job that comes back.
TEST_F(V2Regression, Stratum2396ATipThatComesBackBringsNoSecondCredit)
{
    auto source = std::make_shared<pool::BlockTemplate>();
    source->height = {900'000};
    source->previous.bytes.fill(1);
    source->version = 0x20000000;
    source->bits = {0x1d00ffff};
    source->network_target = pool::difficulty_one_target();
    source->time_min = {pool::to_seconds(talk.now.wall).seconds - 3600};
    source->time_now = pool::to_seconds(talk.now.wall);
    source->reward = {312'500'000};
    const pool::CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    const auto job_of = [&](std::uint64_t id) {
        auto made = pool::make_job({id}, source, plan, true);
        return made ? *made : nullptr;
    };
    talk.publish(job_of(0x5001));
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto share = peer.extended_share(channel, peer.extended_job(channel));
    peer.say(share);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    talk.publish(2);
    talk.publish(job_of(0x5003));
    peer.listen();
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "stale-share");
    auto again = share;
    again.job = 0x5003;
    peer.say(again);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "difficulty-too-low");
    EXPECT_EQ(talk.log.shares.size(), 1U) << "not even as a stale one";
}

}  // namespace
}  // namespace tests
