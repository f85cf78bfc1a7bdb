// Sessions that nothing has happened to for a while, and then something does: a loop looks only at
// those that have something to do (see CallList), so whatever happens must say so.
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "stratum/difficulty_policy.h"
#include "stratum/gate.h"
#include "tests/unit/stratum/v2/declarator.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds quiet{11};

template <typename... Messages>
std::string sealed(Peer& peer, const Messages&... messages)
{
    std::string wire;
    const auto seal = [&](const auto& message) {
        std::string frame;
        append_frame(frame, message);
        seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
    };
    (seal(messages), ...);
    return wire;
}

// What was read is judged behind a tick: the look that reading asked for is over by then.
void read_then_tick(Talk& talk, Peer& peer, const std::string& wire)
{
    talk.shard.on_bytes(peer.id, pool::as_bytes(wire), talk.now);
    talk.now.steady += milliseconds{500};
    talk.now.wall.value += 500;
    talk.shard.on_tick(talk.now);
    talk.end_turn();
    peer.listen();
}

TEST(QuietSession, HearsOfAShareWithTheTickAfterItsVerdict)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    talk.pass(quiet);
    peer.say(peer.share(channel, job));
    ASSERT_TRUE(peer.take<SubmitSuccess>().has_value()) << "nothing was acknowledged lately";
    read_then_tick(talk, peer, sealed(peer, peer.share(channel, job)));
    EXPECT_EQ(peer.heard(), 0U);
    talk.pass(seconds{1});
    peer.listen();
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST(QuietSession, LosesAChannelThatIsClosedWithTheTickAfterItsLastVerdict)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    const auto [channel, job] = peer.begin_mining();
    talk.pass(quiet);
    const auto share = peer.share(channel, job);
    read_then_tick(talk, peer, sealed(peer, share, CloseChannel{channel.id, {"done"}}));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
    EXPECT_EQ(talk.shard.metrics().channels.value(), 1);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().channels.value(), 0);
}

TEST(QuietSession, GetsANewDifficultyWithTheTickAfterAnAdminsWord)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner fixed{talk, "user.w1"};
    TalkingMiner bounded{talk, "user.w2"};
    talk.pass(quiet);
    talk.shard.fix_difficulty(fixed.id, {-10});
    talk.shard.set_bounds(bounded.id, {-12}, {20});
    talk.pass(seconds{1});
    fixed.take_in(talk.hear(fixed.id));
    bounded.take_in(talk.hear(bounded.id));
    EXPECT_EQ(fixed.difficulties.back(), 0x1p-10);
    EXPECT_EQ(bounded.difficulties.back(), 0x1p-12);
}

// Who selects its work gets no job that could bring a new target.
TEST(QuietSession, ThatSelectsItsWorkGetsANewTargetWithTheTickAfterAnAdminsWord)
{
    Talk talk{declaring_options()};
    talk.publish(1);
    Declarator miner{talk};
    talk.pass(quiet);
    talk.shard.fix_difficulty(miner.mining.id, {-10});
    talk.pass(seconds{1});
    miner.mining.listen();
    const auto target = miner.mining.take<SetTarget>();
    ASSERT_TRUE(target.has_value());
    EXPECT_EQ(target->target_max, pool::target_of({-10}));
}

// While its peer does not read it wishes for nothing.
TEST(QuietSession, GetsANewDifficultyWithTheTickAfterItsPeerReadsAgain)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w"};
    talk.shard.hold_jobs(miner.id);
    talk.shard.fix_difficulty(miner.id, {-10});
    talk.pass(quiet);
    EXPECT_TRUE(talk.hear(miner.id).empty());
    talk.shard.release_jobs(miner.id, talk.now);
    talk.pass(seconds{1});
    miner.take_in(talk.hear(miner.id));
    EXPECT_EQ(miner.difficulties.back(), 0x1p-10);
}

TEST(QuietSession, MissesNoDeadlineByASecond)
{
    Talk talk{v2_options()};
    talk.publish(1);
    Peer peer{talk};
    peer.begin_mining();
    talk.pass(quiet);
    peer.say_bytes(std::string(21, '\x05'));  // one byte short of a header
    talk.pass(seconds{14});
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(peer.id), stratum::EndReason::slow_line);
}

TEST(QuietSession, HoldsADeclaredJobForATipForTwoSecondsAndForNoMore)
{
    Talk talk{declaring_options()};
    const auto own = talk.make_job(1);
    talk.publish(own);
    Declarator miner{talk};
    auto work = miner.work(*own);
    work.call.previous.fill(0x77);
    talk.pass(quiet);
    miner.declare(work);
    talk.pass(seconds{1});
    talk.publish(2);  // another tip than it waits for
    miner.mining.listen();
    EXPECT_EQ(miner.mining.heard(), 0U);
    talk.pass(seconds{1});
    miner.mining.listen();
    EXPECT_EQ(miner.refused(), "stale-chain-tip");
}

TEST(QuietSession, LosesADeclaredJobThatNobodyMinesOnAfterItsTenMinutes)
{
    Talk talk{declaring_options()};
    const auto own = talk.make_job(1);
    talk.publish(own);
    Declarator miner{talk};
    auto first = miner.work(*own);
    auto second = miner.work(*own);
    talk.pass(quiet);
    EXPECT_EQ(miner.declared(first), "accepted");
    EXPECT_EQ(miner.declared(second), "accepted");
    talk.pass(seconds{599});
    EXPECT_EQ(talk.shard.metrics().custom_jobs_live.value(), 2);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().custom_jobs_live.value(), 1);
}

// Of v2 as of v1. Nobody uses up its nonces in an hour.
TEST(QuietSession, OfV2IsNotLookedAtForHalfAnHour)
{
    Talk talk{v2_options()};
    talk.publish(1);
    std::deque<Peer> peers;
    // A tick looks at so many right away; in five seconds' ticks these were one in six too many.
    for (std::size_t i = 0; i < 6 * stratum::Spread::first; ++i) {
        peers.emplace_back(talk).begin_mining();
    }
    talk.pass(quiet);
    for (int second = 0; second < 25 * 60; ++second) {
        talk.now.steady += seconds{1};
        talk.shard.on_tick(talk.now);
        // More are due than are looked at right with the tick.
        ASSERT_FALSE(talk.shard.pacing()) << second;
    }
}

TEST(QuietSession, TellsTheGateOfAShareWithinAQuarterMinute)
{
    const auto address = *stratum::parse_peer("192.0.2.1:4000");
    const stratum::GateOptions limits;
    stratum::Gate gate{limits};
    stratum::ShardOptions options = Talk::default_options();
    options.gate = &gate;
    Talk talk{options};
    ASSERT_EQ(gate.admit(address, talk.now.steady), stratum::Gate::Answer::welcome);
    talk.publish(1);
    TalkingMiner miner{talk, "user.w"};
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));  // told at once
    talk.pass(quiet);
    const pool::SteadyTime shared = talk.now.steady;
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    talk.pass(seconds{16});
    // Where nobody has mined for so long, so much is a ban.
    const auto almost = shared + std::chrono::minutes{10} - seconds{1};
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(gate.misbehaved(address, almost));
}

TEST(QuietPolicy, IsAsGoodAsNewOnceItsMinerHasSuggestedSomething)
{
    constexpr pool::SteadyTime start = pool::SteadyTime{} + seconds{3600};
    stratum::DifficultyPolicy policy{{.min = {0}, .max = {40}, .start = {0}}, start};
    pool::SteadyTime now = start;
    for (int second = 0; second < 61; ++second) policy.on_tick(now += seconds{1});
    ASSERT_EQ(policy.next_look(), now + seconds{60});
    policy.suggest({6}, now);  // right behind the look that found it at its lowest
    stratum::DifficultyPolicy fresh{{.min = {0}, .max = {40}, .start = {6}}, now};
    for (int second = 1; second <= 300; ++second) {
        now += seconds{1};
        policy.on_tick(now);
        fresh.on_tick(now);
        ASSERT_EQ(policy.next(), fresh.next()) << second;
    }
    EXPECT_EQ(policy.next(), pool::Difficulty{0});
}

// Once a silence has told all it can, which takes a minute, there is one look a minute left.
TEST(QuietPool, LooksAtTenThousandIdleSessionsAboutOnceAMinute)
{
    constexpr int many = 10'000;
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty = {.min = {-22}, .max = {40}, .start = {-22}};
    Talk talk{options};
    talk.publish(1);
    for (int i = 0; i < many; ++i) {
        talk.say(talk.open(), R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})"
                              "\n"
                              R"({"id":2,"method":"mining.authorize","params":["user.w","x"]})");
    }
    // At least; a tick begins with a few, which are hardly worth counting.
    const auto looks_of_a_minute = [&talk] {
        std::size_t looks = 0;
        for (int second = 0; second < 60; ++second) {
            talk.now.steady += milliseconds{500};
            talk.shard.on_tick(talk.now);
            talk.now.steady += milliseconds{500};
            while (talk.shard.pacing()) {
                talk.shard.pace(talk.now);
                looks += stratum::Spread::turn_max;
            }
            talk.end_turn();
        }
        return looks;
    };
    looks_of_a_minute();
    looks_of_a_minute();
    const std::size_t looks = looks_of_a_minute();
    EXPECT_GT(looks, many * 9 / 10);
    EXPECT_LT(looks, many * 11 / 10);
}

}  // namespace
}  // namespace tests
