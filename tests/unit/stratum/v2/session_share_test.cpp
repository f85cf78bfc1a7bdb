// Shares on v2 channels, through a real shard: accepted, refused with the reference's words,
// acknowledged, counted.
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

class V2Share : public ::testing::Test {
protected:
    Talk talk{v2_options()};
};

TEST_F(V2Share, AcceptsAShareOfAStandardChannelAndRecordsIt)
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

TEST_F(V2Share, AcceptsAShareOfAnExtendedChannelAndRollsAllOfBip323)
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

TEST_F(V2Share, RefusesWhatNoHeaderCanBeMadeOf)
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

TEST_F(V2Share, SaysWhyAShareIsNotGood)
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

TEST_F(V2Share, FreezesTheTargetWithTheJob)
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
TEST_F(V2Share, AcknowledgesWithTheExactSum)
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

TEST_F(V2Share, AcknowledgesAtOnceThenTogetherAndNeverLaterThanASecondOrSo)
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

TEST_F(V2Share, AcknowledgesWhatWaitsForMoreBeforeTheConnectionGoes)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    peer.say(peer.extended_share(channel, job));
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value());
    for (int i = 0; i < 3; ++i) peer.say(peer.extended_share(channel, job));
    ASSERT_FALSE(peer.take<SubmitSuccess>().has_value());
    talk.shard.acknowledge(peer.id, talk.now);
    talk.end_turn();
    peer.listen();
    EXPECT_EQ(peer.take<SubmitSuccess>()->accepted, 3U);
}

// A miner that allows nothing easier than this, and an admin who would have it far easier.
TEST_F(V2Share, AsksForNoNewJobEverySecondWhereTheMinersMaximumIsHarderThanTheBounds)
{
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    peer.extended_job(channel);
    peer.say(UpdateChannel{channel.id, 0, pool::target_of({-16})});
    talk.publish(2);
    talk.shard.set_bounds(peer.id, {-30}, {-24});
    talk.publish(3);
    peer.listen();
    ASSERT_TRUE(peer.take<NewExtendedJob>().has_value());
    while (peer.take<NewExtendedJob>()) {
    }
    for (int i = 0; i < 5; ++i) {
        talk.pass(seconds{1});
        peer.listen();
    }
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
}

TEST_F(V2Share, RefusesAShareThatTheLogDidNotTake)
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

TEST_F(V2Share, CountsWorkersOfAProxyByTheNameBehindTheShare)
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

TEST(V2Flood, EndsAConnectionThatSendsHardlyAGoodShareAndDelaysItsWorker)
{
    stratum::Gate gate{stratum::GateOptions{}};
    stratum::ShardOptions options = v2_options();
    options.gate = &gate;
    options.session.bad_shares_max = 10;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended("user.flood");
    const auto share = peer.extended_share(channel, peer.extended_job(channel));
    peer.say(share);
    for (int i = 0; i < 9; ++i) peer.say(share);
    EXPECT_FALSE(talk.end_of(peer.id).has_value());
    peer.say(share);
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_bad_shares);

    Peer again{talk};
    again.set_up();
    again.say(OpenExtended{.request = 1,
                           .user = {"user.flood"},
                           .hash_rate = 0,
                           .target_max = pool::Uint256::max(),
                           .extranonce_min = 4});
    EXPECT_TRUE(again.take<OpenError>().has_value());
    again.open_extended("user.other");
    talk.pass(seconds{3});
    again.open_extended("user.flood");
}

TEST(V2Flood, CountsWhatComesForAnOldJobWithoutWorkAsBad)
{
    stratum::ShardOptions options = v2_options();
    options.session.bad_shares_max = 10;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_extended();
    const auto kept = peer.extended_share(channel, peer.extended_job(channel));
    talk.publish(2);
    const auto answer = [&] {
        peer.say(kept);
        const auto error = peer.take<SubmitError>();
        return error ? std::string{error->code.value} : "none";
    };
    EXPECT_EQ(answer(), "stale-share") << "late, with its work";
    for (int i = 0; i < 9; ++i) EXPECT_EQ(answer(), "stale-share") << i;
    EXPECT_FALSE(talk.end_of(peer.id).has_value());
    answer();
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_bad_shares);
}

TEST(V2Flood, EndsAConnectionThatSendsFramesTooFast)
{
    stratum::ShardOptions options = v2_options();
    options.v2.frames_per_second = 10;
    options.v2.frames_burst = 50;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk};
    peer.set_up();
    const auto channel = peer.open_standard();
    for (int i = 0; i < 60 && !talk.end_of(peer.id); ++i) {
        peer.say(UpdateChannel{channel.id, 1.0F, pool::Uint256::max()});
    }
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_requests);
}

// As in v1: a job keeps its promise when the difficulty rises, but nobody shall mine the easy ones
// for as long as they live.
TEST(V2Flood, EndsWhoKeepsToEasierJobsFromBeforeAChannelsDifficultyRose)
{
    stratum::Gate gate{stratum::GateOptions{}};
    stratum::ShardOptions options = v2_options();
    options.gate = &gate;
    options.session.difficulty.easy_shares = 30;
    Talk talk{options};
    talk.publish(1);
    Peer peer{talk, options.session.difficulty};
    peer.set_up();
    const auto channel = peer.open_extended("user.easy");
    const auto neighbour = peer.open_extended("user.other");
    const auto first = peer.extended_job(channel);
    EXPECT_TRUE(talk.shard.fix_difficulty(peer.id, {-20}));
    talk.publish(1);
    peer.listen();
    ASSERT_TRUE(peer.take<SetTarget>().has_value());

    for (int i = 0; i < 30; ++i) peer.say(peer.extended_share(channel, first));
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    EXPECT_EQ(talk.log.shares.size(), 30U) << "each is good at what its job promised";
    // A hundred a minute are ten times what is wanted.
    talk.pass(std::chrono::seconds{6});
    for (int i = 0; i < 10; ++i) peer.say(peer.extended_share(channel, first));
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    peer.say(peer.extended_share(channel, first));
    EXPECT_EQ(talk.end_of(peer.id), EndReason::too_many_easy_shares);
    EXPECT_EQ(talk.log.shares.size(), 41U);
    std::uint32_t acknowledged = 0;
    while (const auto success = peer.take<SubmitSuccess>()) acknowledged += success->accepted;
    EXPECT_EQ(acknowledged, 41U) << "what it has earned is said before";
    EXPECT_TRUE(gate.delayed("192.0.2.1:4000", "user.easy", talk.now.steady));
    EXPECT_NE(neighbour.id, channel.id);
}

// Ticks come at any time within a second: one that finds a share not due yet would leave it to the
// next, and a miner that counts its answers would wait for two seconds.
TEST(V2Acknowledgements, OfAShareThatWaitsComeWithTheNextTickWheneverThatIs)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    talk.pass(std::chrono::seconds{1});
    const auto wait = [&talk](std::chrono::milliseconds time) {
        talk.now.steady += time;
        talk.now.wall.value += static_cast<std::uint64_t>(time.count());
    };
    wait(std::chrono::milliseconds{300});
    peer.say(peer.share(channel, job));
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value()) << "nothing was acknowledged lately";
    wait(std::chrono::milliseconds{100});
    peer.say(peer.share(channel, job));
    EXPECT_EQ(peer.heard(), 0U);
    wait(std::chrono::milliseconds{600});
    talk.shard.on_tick(talk.now);
    talk.end_turn();
    peer.listen();
    const auto ack = peer.take<SubmitSuccess>();
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(ack->accepted, 1U);
}

}  // namespace
}  // namespace tests
