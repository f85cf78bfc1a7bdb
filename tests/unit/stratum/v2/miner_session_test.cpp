// zubr-miner's end of a v2 connection, against what any pool may say: messages that ours never
// sends.
#include <string>

#include <gtest/gtest.h>

#include "stratum/client/v2_session.h"
#include "stratum/v2/codec.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_mining.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using stratum::client::V2MinerSession;

// A pool that says what it is told to.
class V2Miner : public ::testing::Test {
protected:
    V2Miner()
    {
        Identity identity{curve.make_pair(), {}, {}};
        const std::string act1 = miner.take_output();
        HandshakeReply reply =
            respond(curve, identity, curve.make_pair(), pool::as_bytes(act1).first<act1_bytes>());
        ciphers = reply.ciphers;
        EXPECT_TRUE(miner.on_bytes(reply.act2).has_value());
        say(SetupSuccess{2, 0});
        const pool::Bytes prefix{1, 2, 3, 4};
        say(OpenExtendedSuccess{.request = 1,
                                .channel = 5,
                                .target = pool::Uint256::max(),
                                .extranonce_size = 8,
                                .prefix = {prefix},
                                .group = 1});
    }
    template <typename Message>
    void say(const Message& message)
    {
        std::string frame;
        append_frame(frame, message);
        std::string wire;
        seal_frame(ciphers.send, pool::as_bytes(frame), wire);
        const auto heard = miner.on_bytes(pool::as_bytes(wire));
        EXPECT_TRUE(heard.has_value()) << heard.error().detail;
    }
    void say_job(std::uint32_t channel, std::uint32_t job, Option32 min_time)
    {
        say(NewExtendedJob{.channel = channel,
                           .job = job,
                           .min_time = min_time,
                           .version = 0x20000000,
                           .version_rolling = true,
                           .merkle_path = {},
                           .coinbase_prefix = {},
                           .coinbase_suffix = {}});
    }
    std::uint32_t mines_on() const { return miner.job() == nullptr ? 0 : miner.job()->number; }

    Curve curve;
    V2MinerSession miner{{.user = "user.rig"}, {}};
    Ciphers ciphers;
};

// Specification, 5.3.10: it holds for jobs that come after it, not for those sent for later before.
TEST_F(V2Miner, TakesAnotherExtranoncePrefixForTheJobsBehindIt)
{
    say_job(5, 10, std::nullopt);
    const pool::Bytes other{9, 9, 9, 9};
    say(SetPrefix{5, {other}});
    say_job(5, 11, std::nullopt);
    say(SetNewPrevHash{.channel = 5, .job = 10, .previous = {}, .min_time = 1, .bits = 0x207fffff});
    EXPECT_EQ(miner.job()->extranonce1, (pool::Bytes{1, 2, 3, 4}));
    say_job(5, 12, 1);
    EXPECT_EQ(miner.job()->extranonce1, other);
    const pool::Bytes somebody_elses{7, 7, 7, 7};
    say(SetPrefix{6, {somebody_elses}});
    say_job(5, 13, 1);
    EXPECT_EQ(miner.job()->extranonce1, other);
}

TEST_F(V2Miner, ListensToTheGroupThatItIsPutInto)
{
    say_job(1, 10, 1);
    EXPECT_EQ(mines_on(), 10U) << "the group that it was opened in";
    say(SetGroup{7, {{3, 5}}});
    say_job(1, 11, 1);
    EXPECT_EQ(mines_on(), 10U) << "not its group any more";
    say_job(7, 12, 1);
    EXPECT_EQ(mines_on(), 12U);
    say(SetGroup{8, {{3, 4}}});
    say_job(8, 13, 1);
    EXPECT_EQ(mines_on(), 12U) << "a group of others";
    say_job(5, 14, 1);
    EXPECT_EQ(mines_on(), 14U) << "its own number, whatever group it is in";
}

}  // namespace
}  // namespace tests
