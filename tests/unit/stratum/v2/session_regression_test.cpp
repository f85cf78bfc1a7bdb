// Defects that users and auditors found in the reference pool, by name and number: none of them is
// ours.
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
    Talk small{options};
    small.publish(1);
    Peer peer{small};
    peer.set_up();
    const auto first = peer.open_extended();
    const auto job = peer.extended_job(first);
    const auto share = peer.extended_share(first, job);
    peer.say(CloseChannel{first.id, {"done"}});
    for (int i = 0; i < 4; ++i) {
        const auto next = peer.open_extended();
        EXPECT_NE(next.prefix, first.prefix);
        EXPECT_NE(next.id, first.id);
        peer.say(CloseChannel{next.id, {}});
    }
    // The first one's would be the next, and is not to be had.
    peer.say(OpenExtended{3, {"user.rig"}, 0, pool::Uint256::max(), 4});
    EXPECT_EQ(*peer.take<OpenError>(), (OpenError{3, {"channel-capacity-exhausted"}}));
    peer.say(share);
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-channel-id");
    EXPECT_TRUE(small.log.shares.empty());
    small.pass(stratum::PrefixPool::rest + std::chrono::seconds{1});
    EXPECT_EQ(peer.open_extended().prefix, first.prefix);
}

TEST_F(V2Regression, Stratum2330AShareOfOneChannelIsWorthNothingOnAnother)
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
    EXPECT_GE(talk.candidates.size(), 1U);
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

// sv2-apps#731: unbounded queues. A flood of channels is bounded, and the flooder is sent away.
TEST_F(V2Regression, SvTwoApps731AFloodOfChannelsIsBounded)
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
TEST_F(V2Regression, Stratum2396ATipThatComesBackBringsNoSecondCredit)
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

}  // namespace
}  // namespace tests
