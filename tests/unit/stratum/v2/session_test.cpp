// What a v2 connection says and is told, through a real shard: setup, channels, jobs, and what bad
// input gets.
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
    peer.say(OpenStandard{2, {"user.rig"}, 0, pool::target_of({10})});
    EXPECT_EQ(peer.take<OpenStandardSuccess>()->target, pool::target_of({10}));
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

TEST_F(V2Session, GivesNoChannelTheSameJobTwice)
{
    talk.publish(1);
    for (int i = 0; i < 100; ++i) talk.open();  // whose turn is before
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    peer.extended_job(first);
    const auto job = talk.make_job(1);
    job->routine = true;
    talk.publish(job);  // goes round by and by
    // Opened meanwhile: it begins with the new job, which the first has yet to get.
    const auto second = peer.open_extended("user.other");
    peer.extended_job(second);
    talk.pace(std::chrono::milliseconds{1100});
    peer.listen();
    const auto late = peer.take<NewExtendedJob>();
    ASSERT_TRUE(late.has_value());
    EXPECT_EQ(late->channel, first.id);
    EXPECT_EQ(late->job, static_cast<std::uint32_t>(job->id.value));
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
}

// What a bit says the type says, too; firmware is known that sets it wrong.
TEST_F(V2Session, BearsAChannelBitThatIsSetWrong)
{
    talk.publish(1);
    Peer peer{talk};
    ASSERT_TRUE(peer.shake_hands());
    const auto say_with_other_bit = [&peer](const auto& message) {
        std::string frame;
        append_frame(frame, message);
        frame[1] = static_cast<char>(frame[1] ^ '\x80');
        peer.say_frame(frame);
    };
    say_with_other_bit(peer.setup_message());
    ASSERT_TRUE(peer.take<SetupSuccess>().has_value());
    say_with_other_bit(OpenExtended{8, {"user.rig"}, 0, pool::Uint256::max(), 4});
    const auto opened = peer.take<OpenExtendedSuccess>();
    ASSERT_TRUE(opened.has_value());
    const Peer::Channel channel{opened->channel,
                                opened->group,
                                opened->target,
                                {opened->prefix.value.begin(), opened->prefix.value.end()},
                                opened->extranonce_size};
    say_with_other_bit(peer.extended_share(channel, peer.extended_job(channel)));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    say_with_other_bit(UpdateChannel{channel.id, 0, pool::Uint256::max()});
    EXPECT_TRUE(peer.take<SetTarget>().has_value());
    say_with_other_bit(CloseChannel{channel.id, {""}});
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().channels.value(), 0);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
}

TEST_F(V2Session, RefusesAnUpdateToWhatItDoesNotServeAndLeavesTheChannelAsItWas)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    const auto refused = [&peer](std::uint32_t id, float rate, const pool::Uint256& target) {
        peer.say(UpdateChannel{id, rate, target});
        const auto error = peer.take<UpdateError>();
        return error ? std::string{error->code.value} : "taken";
    };
    // Harder than the port's hardest: no share would ever meet it.
    EXPECT_EQ(refused(channel.id, 0, pool::Uint256{1}), "max-target-out-of-range");
    EXPECT_EQ(refused(channel.id, 0, pool::Uint256{}), "max-target-out-of-range");
    EXPECT_EQ(refused(channel.id, -1, pool::Uint256::max()), "invalid-nominal-hashrate");
    EXPECT_EQ(refused(channel.id + 1, 0, pool::Uint256::max()), "invalid-channel-id");
    EXPECT_EQ(peer.heard(), 0U);
    peer.say(peer.extended_share(channel, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST_F(V2Session, RefusesExtensionsThatNobodyKnows)
{
    Peer peer{talk};
    peer.set_up();
    peer.say(RequestExtensions{9, {{77}}});
    EXPECT_EQ(*peer.take<RequestExtensionsError>(), (RequestExtensionsError{9, {{77}}, {}}));
}

TEST_F(V2Session, EndsAConnectionThatNegotiatesWithoutEnd)
{
    Peer peer{talk};
    peer.set_up();
    for (int i = 0; i < 1000 && !talk.end_of(peer.id); ++i) {
        peer.say(RequestExtensions{9, {{2}}});
        talk.pass(std::chrono::seconds{1});
    }
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::too_many_bad_requests);
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

// Each channel takes a prefix that rests for ten minutes: one connection must not take them all.
TEST(V2Channels, AreOpenedNoFasterThanAProxyNeeds)
{
    stratum::ShardOptions options = v2_options();
    options.v2.channels_max = 20;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto opens_and_closes = [&peer] {
        peer.say(OpenExtended{.request = 1,
                              .user = {"user.rig"},
                              .hash_rate = 0,
                              .target_max = pool::Uint256::max(),
                              .extranonce_min = 4});
        const auto opened = peer.take<OpenExtendedSuccess>();
        if (opened) peer.say(CloseChannel{opened->channel, {""}});
        return opened.has_value();
    };
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(opens_and_closes()) << i;
    EXPECT_FALSE(opens_and_closes());
    EXPECT_EQ(peer.take<OpenError>()->code.value, "channel-capacity-exhausted");
    talk.pass(seconds{1});
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(opens_and_closes()) << i;
    EXPECT_FALSE(opens_and_closes());
    // Whoever goes on and on is sent away: two were refused so far.
    for (std::size_t i = 2; i + 1 < options.v2.bad_requests_max; ++i) opens_and_closes();
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    opens_and_closes();
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_bad_requests);
    EXPECT_EQ(talk.shard.metrics().authorized.value(), 24U);
}

// A proxy with more miners than it may have channels: those that have one go on mining.
TEST(V2Channels, ThatAreOpenOutliveTheRefusalOfMore)
{
    stratum::ShardOptions options = v2_options();
    options.v2.channels_max = 10;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    for (int i = 1; i < 10; ++i) peer.open_extended();
    for (std::uint32_t i = 0; i < 50; ++i) {
        peer.say(OpenExtended{i, {"user.rig"}, 0, pool::Uint256::max(), 4});
        EXPECT_EQ(*peer.take<OpenError>(), (OpenError{i, {"channel-capacity-exhausted"}}));
    }
    peer.say(peer.extended_share(first, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST(V2Channels, AShareThatCameJustBeforeTheCloseIsAcknowledged)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto share = peer.extended_share(channel, peer.extended_job(channel));
    peer.say_together(share, CloseChannel{channel.id, {""}});
    const auto ack = peer.take<SubmitSuccess>();
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(ack->last_sequence, share.sequence);
    EXPECT_EQ(talk.log.shares.size(), 1U);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().channels.value(), 0);
    EXPECT_EQ(talk.shard.metrics().prefixes_resting.value(), 1);
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
}

// Who takes standard jobs only has no group; 0 is no channel's number.
TEST(V2Channels, AreNotAllClosedByTheNumberOfAGroupThatIsNotThere)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    peer.say(CloseChannel{0, {""}});
    peer.say(peer.share(channel, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST(V2Channels, AConnectionWithoutAnyIsClosedAsOneThatNeverOpenedOne)
{
    const stratum::ShardOptions options = v2_options();
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    talk.pass(options.v2.channel_within + seconds{1});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt) << "it has one";
    peer.say(CloseChannel{channel.id, {""}});
    talk.pass(options.v2.channel_within - seconds{1});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{2});
    EXPECT_EQ(talk.end_of(peer.id), EndReason::no_channel);
}

}  // namespace
}  // namespace tests
