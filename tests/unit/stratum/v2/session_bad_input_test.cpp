// What bad input gets on a v2 connection: closed for the right reason, counted, and nobody else
// notices. The table is in docs/stratum-v2.md.
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;
using stratum::EndReason;

class V2BadInput : public ::testing::Test {
protected:
    explicit V2BadInput(const stratum::ShardOptions& options = v2_options()) : talk(options)
    {
        talk.publish(1);
        good.emplace(talk);
        good->set_up();
        channel = good->open_extended();
        job = good->extended_job(channel);
    }
    // Whoever mines beside is mining still.
    void TearDown() override
    {
        good->say(good->extended_share(channel, job));
        talk.pass(seconds{2});
        good->listen();
        EXPECT_TRUE(good->take<SubmitSuccess>().has_value());
        EXPECT_EQ(talk.end_of(good->id), std::nullopt);
    }
    std::uint64_t ended(EndReason reason) const { return talk.shard.metrics().of(reason).value(); }

    Talk talk;
    std::optional<Peer> good;
    Peer::Channel channel;
    stratum::client::MiningJob job;
};

TEST_F(V2BadInput, AFirstActOfGarbageIsAnsweredAndWhatFollowsIsNoFrame)
{
    Peer peer{talk};
    const std::string answer = talk.send_bytes(peer.id, std::string(act1_bytes, '\xee'));
    EXPECT_EQ(answer.size(), act2_bytes);  // any 64 bytes are a key
    talk.send_bytes(peer.id, std::string(100, '\x01'));
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
    EXPECT_EQ(ended(EndReason::bad_frame), 1U);
    EXPECT_EQ(talk.shard.metrics().bad_frames.value(), 1U);
}

TEST_F(V2BadInput, AFirstActByteByByteIsNotWaitedForLongerThanOneThatDoesNotCome)
{
    Peer trickling{talk};
    Peer short_one{talk};
    talk.send_bytes(short_one.id, std::string(act1_bytes - 1, '\x01'));
    for (int second = 0; second < 4; ++second) {
        talk.send_bytes(trickling.id, "x");
        talk.pass(seconds{1});
    }
    EXPECT_EQ(talk.end_of(trickling.id), std::nullopt);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(trickling.id), EndReason::no_handshake);
    EXPECT_EQ(talk.end_of(short_one.id), EndReason::no_handshake);
    EXPECT_EQ(ended(EndReason::no_handshake), 2U);
    EXPECT_EQ(talk.shard.metrics().handshakes.value(), 1U);
}

TEST_F(V2BadInput, AnotherProtocolOrVersionIsRefusedByNameAndCounted)
{
    for (const int protocol : {1, 2, 3, 255}) {
        Peer peer{talk};
        ASSERT_TRUE(peer.shake_hands());
        SetupConnection setup = peer.setup_message();
        setup.protocol = static_cast<std::uint8_t>(protocol);
        peer.say(setup);
        EXPECT_EQ(peer.take<SetupError>(), (SetupError{0, {"unsupported-protocol"}}));
    }
    Peer old{talk};
    ASSERT_TRUE(old.shake_hands());
    SetupConnection setup = old.setup_message();
    setup.version_min = 0;
    setup.version_max = 1;
    old.say(setup);
    EXPECT_EQ(old.take<SetupError>(), (SetupError{0, {"protocol-version-mismatch"}}));
    EXPECT_EQ(ended(EndReason::setup_refused), 5U);
}

TEST_F(V2BadInput, AnythingBeforeTheSetupEndsTheConnection)
{
    Peer peer{talk};
    ASSERT_TRUE(peer.shake_hands());
    peer.say(OpenStandard{1, {"user.rig"}, 0, pool::Uint256::max()});
    EXPECT_EQ(peer.heard(), 0U);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
    EXPECT_EQ(talk.shard.metrics().bad_frames.value(), 1U);
}

// On the header alone, with nothing set aside for what it announces; before the setup 4 KiB are
// too many already.
TEST_F(V2BadInput, AFrameThatAnnouncesMoreThanItMayIsNotWaitedFor)
{
    const auto announce = [](Peer& peer, std::uint32_t length) {
        std::string header;
        append_header(header, {0, false, SetupConnection::id.type, length});
        std::string wire;
        peer.ciphers.send.seal(pool::as_bytes(header), {}, wire);
        peer.say_bytes(wire);
    };
    Peer early{talk};
    ASSERT_TRUE(early.shake_hands());
    announce(early, 4097);
    EXPECT_EQ(talk.end_of(early.id), EndReason::frame_too_long);
    Peer late{talk};
    late.set_up();
    announce(late, (1U << 16) + 1);
    EXPECT_EQ(talk.end_of(late.id), EndReason::frame_too_long);
    Peer most{talk};
    most.set_up();
    announce(most, payload_bytes_max);
    EXPECT_EQ(talk.end_of(most.id), EndReason::frame_too_long);
    EXPECT_EQ(ended(EndReason::frame_too_long), 3U);
}

TEST_F(V2BadInput, AFrameWithoutItsLastByteTakesTheNextOnesFirstAndIsNone)
{
    Peer peer{talk};
    peer.set_up();
    std::string frame;
    append_frame(frame, OpenStandard{1, {"user.rig"}, 0, pool::Uint256::max()});
    std::string wire;
    seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
    const char last = wire.back();
    wire.pop_back();
    peer.say_bytes(wire);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt) << "it may be on its way";
    // What comes in its place is another byte, but once in 256.
    const char other = last == 'x' ? 'y' : 'x';
    peer.say_bytes({&other, 1});
    EXPECT_EQ(peer.heard(), 0U);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
    EXPECT_EQ(talk.shard.metrics().bad_frames.value(), 1U);
}

TEST_F(V2BadInput, AFrameThatIsSentAgainIsNone)
{
    Peer peer{talk};
    peer.set_up();
    std::string frame;
    append_frame(frame, OpenStandard{1, {"user.rig"}, 0, pool::Uint256::max()});
    std::string wire;
    seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
    peer.say_bytes(wire);
    EXPECT_TRUE(peer.take<OpenStandardSuccess>().has_value());
    peer.say_bytes(wire);
    EXPECT_EQ(peer.take<OpenStandardSuccess>(), std::nullopt);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::bad_frame);
}

// The prefix is another channel's, but not before the job has lost its place and its life after it.
TEST_F(V2BadInput, AShareIsWorthNothingToWhoHasItsPrefixLater)
{
    stratum::ShardOptions options = v2_options();
    options.prefixes.count = 1;
    options.v2.channel_within = std::chrono::hours{1};
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto old_job = peer.extended_job(first);
    auto share = peer.extended_share(first, old_job);
    peer.say(share);
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value());
    peer.say(CloseChannel{first.id, {}});
    small.pass(stratum::PrefixPool::rest + seconds{1});

    // The node is silent, so the job is the newest one still.
    peer.say(OpenExtended{3, {"user.rig"}, 0, pool::Uint256::max(), 4});
    EXPECT_EQ(peer.take<OpenError>(), (OpenError{3, {"channel-capacity-exhausted"}}));
    small.publish(1);
    small.pass(stratum::PrefixPool::rest + seconds{1});
    const auto second = peer.open_extended();
    ASSERT_EQ(second.prefix, first.prefix);
    share.channel = second.id;
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-job-id");
    EXPECT_EQ(small.log.shares.size(), 1U);
}

TEST_F(V2BadInput, SharesForChannelsThatAreNotItsOwnEndAConnection)
{
    Peer peer{talk};
    peer.set_up();
    const auto own = peer.open_extended();
    auto share = peer.extended_share(own, peer.extended_job(own));
    for (std::uint32_t i = 0; i < 32; ++i) {
        share.channel = own.id + 1 + i;
        peer.say(share);
        EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
    }
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_bad_requests);
    EXPECT_EQ(talk.shard.metrics().malformed_submits.value(), 32U);
}

// Nonces are counted, never said: an end that is near is seen long before it.
TEST(V2Nonces, AreNotUsedUp)
{
    stratum::ShardOptions options = v2_options();
    options.v2.nonces_max = 40;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    Peer other{talk};
    other.set_up();
    other.open_extended();
    for (int i = 0; i < 18; ++i) peer.say(peer.extended_share(channel, job));
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(peer.id), EndReason::nonces_used_up);
    EXPECT_FALSE(is_misbehaviour(EndReason::nonces_used_up));
    peer.listen();
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value()) << "what was earned is said before";
    EXPECT_EQ(talk.log.shares.size(), 18U);
    EXPECT_EQ(talk.end_of(other.id), std::nullopt);
}

// Who only listens is looked at for them, too.
TEST(V2Nonces, AreNotUsedUpByJobs)
{
    stratum::ShardOptions options = v2_options();
    options.v2.nonces_max = 40;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.begin_mining();
    talk.pass(seconds{1});
    for (int i = 0; i < 40; ++i) talk.publish(1);
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{5});
    EXPECT_EQ(talk.end_of(peer.id), EndReason::nonces_used_up);
}

}  // namespace
}  // namespace tests
