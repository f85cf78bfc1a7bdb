// What a v2 connection says and is told, through a real shard: setup, channels, jobs, shares and
// what bad input gets.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;
using stratum::EndReason;

class V2Session : public ::testing::Test {
protected:
    Talk talk{v2_options()};
};

TEST_F(V2Session, AnswersTheHandshakeAndTheSetup)
{
    Peer peer{talk};
    ASSERT_TRUE(peer.shake_hands());
    peer.say(peer.setup_message());
    const auto success = peer.take<SetupSuccess>();
    ASSERT_TRUE(success.has_value());
    EXPECT_EQ(*success, (SetupSuccess{2, 0}));
    EXPECT_EQ(talk.shard.metrics().handshakes.value(), 1U);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
}

TEST_F(V2Session, TakesTheFirstActByteByByte)
{
    Peer peer{talk};
    EXPECT_EQ(talk.send_bytes(peer.id, std::string(63, '\x01')), "");
    EXPECT_EQ(talk.send_bytes(peer.id, "\x02").size(), act2_bytes);
}

struct Refusal {
    SetupConnection setup;
    SetupError error;
};

TEST_F(V2Session, RefusesOtherProtocolsVersionsAndFlagsAndHangsUp)
{
    Peer example{talk};
    std::vector<Refusal> refusals(4, {example.setup_message(), {}});
    refusals[0].setup.protocol = 2;
    refusals[0].error = {0, {"unsupported-protocol"}};
    refusals[1].setup.version_min = 3;
    refusals[1].setup.version_max = 9;
    refusals[1].error = {0, {"protocol-version-mismatch"}};
    refusals[2].setup.version_max = 1;
    refusals[2].error = {0, {"protocol-version-mismatch"}};
    refusals[3].setup.flags = 0x80000001;
    refusals[3].error = {0x80000000, {"unsupported-feature-flags"}};
    for (const Refusal& refusal : refusals) {
        Peer peer{talk};
        ASSERT_TRUE(peer.shake_hands());
        peer.say(refusal.setup);
        const auto error = peer.take<SetupError>();
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(*error, refusal.error);
        EXPECT_EQ(talk.end_of(peer.id), EndReason::setup_refused);
    }
}

// sv2-apps#876: any frame after a rejected setup killed the reference pool's accept loop.
TEST_F(V2Session, SvTwoApps876TwoFramesBehindARefusedSetupHurtNobody)
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

TEST_F(V2Session, GivesAStandardChannelItsJobForLaterAndThenTheTip)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up(1);
    const auto channel = peer.open_standard();
    EXPECT_EQ(channel.prefix.size(), 12U);
    EXPECT_EQ(channel.group, 0U);
    EXPECT_EQ(channel.target, pool::target_of({-22}));
    EXPECT_EQ(peer.heard_types(), (std::vector<int>{0x15, 0x20}));
    const auto job = peer.standard_job(channel);
    EXPECT_EQ(job.previous.bytes[0], 1);
    EXPECT_EQ(job.version & rolling_mask_v2, 0U);
}

TEST_F(V2Session, AcceptsAShareOfAStandardChannelAndRecordsIt)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up(1);
    const auto channel = peer.open_standard();
    const auto share = peer.share(channel, peer.standard_job(channel));
    peer.say(share);
    const auto ack = peer.take<SubmitSuccess>();
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(*ack, (SubmitSuccess{channel.id, share.sequence, 1, 0}));
    ASSERT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(talk.log.shares[0].version, share.version);
    EXPECT_EQ(talk.log.shares[0].work, pool::work_of(channel.target));
    EXPECT_TRUE(std::equal(channel.prefix.begin(), channel.prefix.end(),
                           talk.log.shares[0].extranonce.begin()));
}

TEST_F(V2Session, AcceptsAShareOfAnExtendedChannelAndRollsAllOfBip323)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    EXPECT_EQ(channel.prefix.size(), 4U);
    EXPECT_EQ(channel.rolled, 8U);
    auto job = peer.extended_job(channel);
    job.version |= rolling_mask_v2;
    peer.say(peer.extended_share(channel, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST_F(V2Session, RefusesWhatNoHeaderCanBeMadeOf)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    auto share = peer.extended_share(channel, job);
    const auto refused = [&](std::string_view code) {
        peer.say(share);
        const auto error = peer.take<SubmitError>();
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(*error, (SubmitError{share.channel, share.sequence, {code}}));
    };
    const auto good = share;
    share.job ^= 1;
    refused("invalid-job-id");
    share = good;
    share.channel = 99;
    refused("invalid-channel-id");
    share = good;
    share.extranonce.value = share.extranonce.value.first(7);
    refused("bad-extranonce-size");
    share = good;
    peer.say(SubmitStandard{channel.id, 5, job.number, 0, job.time.seconds, job.version});
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
    peer.say(good);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    EXPECT_TRUE(talk.log.shares.size() == 1);
}

TEST_F(V2Session, SaysWhyAShareIsNotGood)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    const auto code_of = [&peer](const SubmitExtended& share) {
        peer.say(share);
        const auto error = peer.take<SubmitError>();
        return error ? std::string{error->code.value} : "accepted";
    };
    const auto good = peer.extended_share(channel, job);
    EXPECT_EQ(code_of(good), "accepted");
    EXPECT_EQ(code_of(good), "duplicate-share");

    auto other = job;
    other.version ^= 1;
    EXPECT_EQ(code_of(peer.extended_share(channel, other)), "invalid-non-rollable-version-bit");
    other = job;
    other.time.seconds += 8000;
    EXPECT_EQ(code_of(peer.extended_share(channel, other)), "invalid-share");
    other.time.seconds = job.time.seconds - 4000;
    EXPECT_EQ(code_of(peer.extended_share(channel, other)), "invalid-share");
    other = job;
    other.target = pool::Uint256::max();  // any hash: with all likelihood too easy
    EXPECT_EQ(code_of(peer.extended_share(channel, other)), "difficulty-too-low");

    const auto late = peer.extended_share(channel, job);
    talk.publish(2);
    peer.listen();
    EXPECT_EQ(code_of(late), "stale-share");
}

// stratum#2013: most shares refused as invalid job id. A job of the tip stays good when others
// follow.
TEST_F(V2Session, Stratum2013AnOlderJobOfTheTipIsStillGood)
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
TEST_F(V2Session, Stratum2329AShareIsCountedOnceThoughTheJobsTimeMoves)
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
TEST_F(V2Session, Stratum2260AClosedChannelsPrefixIsNobodysWhileItsJobsLive)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    const auto share = peer.extended_share(first, job);
    peer.say(CloseChannel{first.id, {"done"}});
    for (int i = 0; i < 50; ++i) {
        const auto next = peer.open_extended();
        EXPECT_NE(next.prefix, first.prefix);
        EXPECT_NE(next.id, first.id);
        peer.say(CloseChannel{next.id, {}});
    }
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
    EXPECT_TRUE(talk.log.shares.empty());
}

TEST_F(V2Session, Stratum2330AShareOfOneChannelIsWorthNothingOnAnother)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    const auto second = peer.open_extended("user2.rig");
    auto share = peer.extended_share(first, job);
    peer.say(share);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    share.channel = second.id;
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "difficulty-too-low");
    EXPECT_EQ(talk.log.shares.size(), 1U);
}

// stratum#2096: a share that solved a block skipped the duplicate check.
TEST_F(V2Session, Stratum2096ABlockIsHandedOutTwiceAndCreditedOnce)
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
    EXPECT_GE(talk.candidates.size(), 1U);
}

// sv2-apps#730: the allocator was full, and the whole pool stopped.
TEST_F(V2Session, SvTwoApps730RefusesOneChannelWhenPrefixesRunOut)
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

// sv2-apps#731: unbounded queues. A flood of channels is bounded, and the flooder is sent away.
TEST_F(V2Session, SvTwoApps731AFloodOfChannelsIsBounded)
{
    stratum::ShardOptions options = v2_options();
    options.v2.channels_max = 10;
    Talk small{options};
    Peer peer{small};
    peer.set_up();
    for (std::uint32_t i = 0; i < 60 && !small.end_of(peer.id); ++i) {
        peer.say(OpenStandard{i, {"user.rig"}, 0, pool::Uint256::max()});
    }
    EXPECT_EQ(small.end_of(peer.id), EndReason::too_many_bad_requests);
    EXPECT_EQ(small.shard.metrics().channels.value(), 0);
}

// sv2-apps#2396, stratum#2396: tip A, tip B, tip A again; the same share must not count twice.
TEST_F(V2Session, Stratum2396ATipThatComesBackBringsNoSecondCredit)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto share = peer.extended_share(channel, peer.extended_job(channel));
    peer.say(share);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    talk.publish(2);
    talk.publish(1);
    peer.listen();
    peer.say(share);
    const auto error = peer.take<SubmitError>();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(talk.log.shares.size(), 1U);
}

TEST_F(V2Session, OpensForAnyRateThatIsOneAndRefusesTheRest)
{
    Peer peer{talk};
    peer.set_up();
    const auto asked = [&peer](float rate) {
        peer.say(OpenStandard{1, {"user.rig"}, rate, pool::Uint256::max()});
        const auto error = peer.take<OpenError>();
        return error ? std::string{error->code.value} : "opened";
    };
    EXPECT_EQ(asked(std::numeric_limits<float>::quiet_NaN()), "invalid-nominal-hashrate");
    EXPECT_EQ(asked(std::numeric_limits<float>::infinity()), "invalid-nominal-hashrate");
    EXPECT_EQ(asked(-1), "invalid-nominal-hashrate");
    EXPECT_EQ(asked(0), "opened");
    EXPECT_EQ(asked(std::numeric_limits<float>::max()), "opened");
    EXPECT_EQ(asked(std::numeric_limits<float>::denorm_min()), "opened");
}

TEST_F(V2Session, SetsTheTargetByTheRateOnTheGridAndUnderTheMinersMaximum)
{
    Peer peer{talk};
    peer.set_up();
    // 2^32 hashes a share at difficulty 1; ten shares a minute, so 2^32 / 6 hashes a second.
    const auto one = peer.open_standard("user.rig", std::ldexp(1.01F, 32) / 6);
    EXPECT_EQ(one.target, pool::target_of({0}));
    const pool::Uint256 low = pool::target_of({10}) - pool::Uint256{12345};
    peer.say(OpenStandard{2, {"user.rig"}, 0, low});
    EXPECT_EQ(peer.take<OpenStandardSuccess>()->target, low);
    peer.say(OpenStandard{3, {"user.rig"}, 0, pool::Uint256{1}});
    EXPECT_EQ(peer.take<OpenError>()->code.value, "max-target-out-of-range");
}

TEST_F(V2Session, TellsApartWhoMayNotMine)
{
    Peer peer{talk};
    peer.set_up();
    const auto asked = [&peer](std::string_view user) {
        peer.say(OpenExtended{1, {user}, 0, pool::Uint256::max(), 2});
        const auto error = peer.take<OpenError>();
        return error ? std::string{error->code.value} : "opened";
    };
    EXPECT_EQ(asked(""), "invalid-user-identity");
    EXPECT_EQ(asked("nobody.rig"), "unknown-user");
    EXPECT_EQ(asked("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.rig"), "invalid-user-identity");
    EXPECT_EQ(asked("user"), "opened");
    peer.say(OpenExtended{1, {"user"}, 0, pool::Uint256::max(), 9});
    EXPECT_EQ(peer.take<OpenError>()->code.value, "unsupported-min-extranonce-size");
}

TEST_F(V2Session, OffersMinersOfStandardJobsNoExtendedChannel)
{
    Peer peer{talk};
    peer.set_up(1);
    peer.say(OpenExtended{1, {"user"}, 0, pool::Uint256::max(), 2});
    EXPECT_EQ(peer.take<OpenError>()->code.value,
              "extended-channels-not-supported-for-standard-jobs");
}

TEST_F(V2Session, SpeaksToSeveralChannelsAsAGroupAndToOneByItsNumber)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    peer.extended_job(first);
    talk.publish(1);
    peer.listen();
    auto job = peer.take<NewExtendedJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->channel, first.id);
    EXPECT_TRUE(job->min_time.has_value());

    const auto second = peer.open_standard("user.other");
    EXPECT_EQ(second.group, first.group);
    peer.standard_job(second);
    talk.publish(2);
    peer.listen();
    EXPECT_EQ(peer.heard_types(), (std::vector<int>{0x1f, 0x20}));
    job = peer.take<NewExtendedJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->channel, first.group);
    EXPECT_FALSE(job->min_time.has_value());
}

TEST_F(V2Session, FreezesTheTargetWithTheJob)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto before = peer.extended_job(channel);
    const pool::Uint256 harder = pool::target_of({-21});
    peer.say(UpdateChannel{channel.id, 0, harder});
    EXPECT_EQ(*peer.take<SetTarget>(), (SetTarget{channel.id, harder}));
    auto easy = peer.extended_share(channel, before);
    peer.say(easy);
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    EXPECT_EQ(talk.log.shares.back().work, pool::work_of(channel.target));

    talk.publish(2);
    peer.listen();
    auto after = peer.extended_job(channel);
    after.target = harder;
    peer.say(peer.extended_share(channel, after));
    talk.pass(seconds{2});
    peer.listen();
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    EXPECT_EQ(talk.log.shares.back().work, pool::work_of(harder));
}

// Sums are exact over any batching: difficulty 2^-4 sixteen times is one.
TEST_F(V2Session, AcknowledgesWithTheExactSum)
{
    AckBatch acks;
    const pool::U128 work = pool::work_of(pool::target_of({-4}));
    std::uint64_t sum = 0;
    std::uint32_t count = 0;
    pool::SteadyTime now{seconds{1}};
    for (std::uint32_t i = 0; i < 1000; ++i) {
        acks.add(i, work);
        if (i % 7 != 0) continue;
        const auto ack = acks.take(now);
        EXPECT_EQ(ack.last_sequence, i);
        sum += ack.shares_sum;
        count += ack.accepted;
    }
    const auto last = acks.take(now);
    EXPECT_EQ(count + last.accepted, 1000U);
    EXPECT_EQ(sum + last.shares_sum, std::uint64_t(work * 1000 / 4'295'032'833U));
}

TEST_F(V2Session, AcknowledgesAtOnceThenTogetherAndNeverLaterThanASecondOrSo)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    peer.say(peer.extended_share(channel, job));
    EXPECT_EQ(peer.take<SubmitSuccess>()->accepted, 1U);
    for (int i = 0; i < 5; ++i) peer.say(peer.extended_share(channel, job));
    EXPECT_FALSE(peer.take<SubmitSuccess>().has_value());
    talk.pass(seconds{1});
    peer.listen();
    EXPECT_EQ(peer.take<SubmitSuccess>()->accepted, 5U);
}

TEST_F(V2Session, RefusesAShareThatTheLogDidNotTake)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    talk.log.failing = true;
    peer.say(peer.extended_share(channel, job));
    EXPECT_TRUE(peer.take<SubmitError>().has_value());
    EXPECT_FALSE(peer.take<SubmitSuccess>().has_value());
}

TEST_F(V2Session, CountsWorkersOfAProxyByTheNameBehindTheShare)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    peer.say(RequestExtensions{5, {{2, 77}}});
    EXPECT_EQ(*peer.take<RequestExtensionsSuccess>(), (RequestExtensionsSuccess{5, {{2}}}));
    const auto channel = peer.open_extended("user.proxy");
    const auto job = peer.extended_job(channel);
    const std::string little{"\x02\x00\x01\x04\x00rig7", 9};
    const std::string big{"\x00\x02\x01\x00\x04rig8", 9};
    peer.say(peer.extended_share(channel, job), little);
    peer.say(peer.extended_share(channel, job), big);
    peer.say(peer.extended_share(channel, job), "\x02");  // torn: the channel's own worker
    const auto shots = talk.shard.snapshot(talk.now);
    ASSERT_EQ(shots.size(), 1U);
    ASSERT_EQ(shots[0].workers.size(), 3U);
    EXPECT_EQ(shots[0].workers[0].worker, "proxy");
    EXPECT_EQ(shots[0].workers[1].worker, "rig7");
    EXPECT_EQ(shots[0].workers[2].worker, "rig8");
    for (const auto& worker : shots[0].workers) EXPECT_EQ(worker.counts.accepted, 1U);
}

TEST_F(V2Session, RefusesExtensionsThatNobodyKnows)
{
    Peer peer{talk};
    peer.set_up();
    peer.say(RequestExtensions{9, {{77}}});
    EXPECT_EQ(*peer.take<RequestExtensionsError>(), (RequestExtensionsError{9, {{77}}, {}}));
}

TEST_F(V2Session, RefusesCustomWorkCleanly)
{
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    SetCustomJob custom;
    custom.channel = channel.id;
    custom.request = 4;
    peer.say(custom);
    EXPECT_EQ(*peer.take<SetCustomJobError>(),
              (SetCustomJobError{channel.id, 4, {"jd-not-supported"}}));
}

TEST_F(V2Session, ClosesAConnectionWhoseFramesAreNotSealedByIt)
{
    Peer peer{talk};
    peer.set_up();
    peer.say_bytes(std::string(22, '\x05'));
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
}

TEST_F(V2Session, ClosesAConnectionThatAnnouncesSixteenMegabytes)
{
    Peer peer{talk};
    peer.set_up();
    std::string header;
    append_header(header, {0, false, 0x10, payload_bytes_max});
    std::string wire;
    peer.ciphers.send.seal(pool::as_bytes(header), {}, wire);
    peer.say_bytes(wire);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::frame_too_long);
}

TEST_F(V2Session, ClosesAConnectionWhoseMessageIsTorn)
{
    Peer peer{talk};
    peer.set_up();
    std::string frame;
    append_header(frame, {0, false, OpenStandard::id.type, 3});
    frame += "abc";
    peer.say_frame(frame);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
}

TEST_F(V2Session, ClosesThoseWhoWaitTooLong)
{
    Peer silent{talk};
    Peer no_setup{talk};
    ASSERT_TRUE(no_setup.shake_hands());
    Peer no_channel{talk};
    no_channel.set_up();
    talk.pass(seconds{61});
    EXPECT_EQ(talk.end_of(silent.id), EndReason::no_handshake);
    EXPECT_EQ(talk.end_of(no_setup.id), EndReason::no_setup);
    EXPECT_EQ(talk.end_of(no_channel.id), EndReason::no_channel);
}

TEST_F(V2Session, DropsWhatItDoesNotKnowAndInTheEndWhoeverKeepsSayingIt)
{
    Peer peer{talk};
    peer.set_up();
    std::string foreign;
    append_header(foreign, {0x4001, true, 3, 4});
    foreign += "abcd";
    for (int i = 0; i < 100; ++i) peer.say_frame(foreign);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    std::string unknown;
    append_header(unknown, {0, false, 0x7f, 0});
    for (int i = 0; i < 32; ++i) peer.say_frame(unknown);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_bad_requests);
}

TEST_F(V2Session, GivesEveryPrefixBackWhenItEnds)
{
    Peer peer{talk};
    peer.set_up();
    for (int i = 0; i < 5; ++i) peer.open_extended();
    EXPECT_EQ(talk.shard.metrics().channels.value(), 5);
    talk.closed(peer.id);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().channels.value(), 0);
    EXPECT_EQ(talk.shard.metrics().prefixes_leased.value(), 0);
    EXPECT_EQ(talk.shard.metrics().prefixes_resting.value(), 5);
}

}  // namespace
}  // namespace tests
