// A proxy of standard channels, more than can be told of a job in one turn: who is told with which
// tick, of a job and of a difficulty.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;

constexpr std::size_t many = 100;
constexpr float rate_of_a_thousandth = 700'000;  // hashes a second: ten shares of 2^-10 a minute

stratum::ShardOptions narrow_options()
{
    stratum::ShardOptions options = v2_options();
    options.v2.answers_bytes = 8192;
    return options;
}

class ProxyTurns : public ::testing::Test {
protected:
    ProxyTurns()
    {
        talk.publish(1);
        peer.set_up(1);
        for (std::size_t i = 0; i < many; ++i) {
            peer.say(OpenStandard{7, {"user.rig"}, 0, pool::Uint256::max()});
            const auto opened = peer.take<OpenStandardSuccess>();
            if (!opened) continue;
            channels.push_back(opened->channel);
            if (i % 10 == 9) settle();
        }
        EXPECT_EQ(channels.size(), many);
    }
    void settle()
    {
        talk.pass(seconds{5});
        listen();
        jobs.clear();
        targets.clear();
    }
    // How many messages came since the last time.
    std::size_t listen()
    {
        peer.listen();
        std::size_t count = 0;
        while (const auto message = peer.take<NewJob>()) {
            ++jobs[message->channel];
            ++count;
        }
        while (const auto message = peer.take<SetTarget>()) {
            targets[message->channel] = message->target_max;
            ++count;
        }
        return count;
    }
    void publish_routine_job()
    {
        const auto job = talk.make_job(1);
        job->routine = true;
        talk.publish(job);
        listen();
    }
    void ask_for_more(std::uint32_t channel)
    {
        peer.say(UpdateChannel{channel, rate_of_a_thousandth, pool::Uint256::max()});
        ASSERT_TRUE(peer.take<SetTarget>().has_value());
    }
    // Of the channels that have not got a job yet, more with each tick.
    void expect_more_with_each_tick()
    {
        listen();
        EXPECT_LT(jobs.size(), many);
        for (std::size_t before = jobs.size(); before < many; before = jobs.size()) {
            talk.pass(seconds{1});
            listen();
            ASSERT_GT(jobs.size(), before);
        }
    }
    void expect_one_job_each()
    {
        EXPECT_EQ(jobs.size(), many);
        EXPECT_TRUE(std::all_of(jobs.begin(), jobs.end(), [](const auto& channel) {
            return channel.second == 1;
        })) << "no channel gets two";
    }

    Talk talk{narrow_options()};
    Peer peer{talk};
    std::vector<std::uint32_t> channels;
    std::map<std::uint32_t, int> jobs;  // that channels got
    std::map<std::uint32_t, pool::Uint256> targets;
};

constexpr seconds quiet{11};

TEST_F(ProxyTurns, BringTheJobOfATipInPartsOneATick)
{
    talk.pass(quiet);
    settle();
    talk.publish(2);
    expect_more_with_each_tick();
}

TEST_F(ProxyTurns, BringARoutineJobInPartsOneATick)
{
    talk.pass(quiet);
    settle();
    publish_routine_job();
    expect_more_with_each_tick();
}

// 161 bytes each, a target and a job, of 6144 in a turn: 39 channels.
TEST_F(ProxyTurns, BringADifficultyInPartsOneATickAndToEachChannelOnce)
{
    talk.pass(quiet);
    settle();
    talk.shard.fix_difficulty(peer.id, {-10});
    for (const std::size_t told : {39U, 78U, 100U}) {
        talk.pass(seconds{1});
        listen();
        EXPECT_EQ(targets.size(), told);
    }
    expect_one_job_each();
    for (const auto& [channel, target] : targets) {
        EXPECT_EQ(target, pool::target_of({-10})) << channel;
    }
    talk.pass(seconds{10});
    EXPECT_EQ(listen(), 0U) << "all is said";
}

// The parts of the job bring it to those who have not got the job yet; then the others get other
// work.
TEST_F(ProxyTurns, BringADifficultyThatComesWithinAJobsTurnsToEachChannel)
{
    publish_routine_job();
    ASSERT_EQ(jobs.size(), 71U);
    jobs.clear();
    talk.shard.fix_difficulty(peer.id, {-10});
    for (int tick = 0; tick < 6; ++tick) {
        talk.pass(seconds{1});
        listen();
    }
    EXPECT_EQ(targets.size(), many);
    expect_one_job_each();
    talk.pass(seconds{10});
    EXPECT_EQ(listen(), 0U) << "all is said";
}

TEST_F(ProxyTurns, BringWorkForANewDifficultyToTheChannelThatNeedsItAndToNoOther)
{
    ask_for_more(channels[50]);
    talk.pass(seconds{2});
    listen();
    EXPECT_EQ(jobs, (std::map<std::uint32_t, int>{{channels[50], 1}}));
}

TEST_F(ProxyTurns, BringAJobFirstToThoseWhoseDifficultyIsFarOff)
{
    ask_for_more(channels.back());
    publish_routine_job();
    EXPECT_LT(jobs.size(), many);
    EXPECT_EQ(jobs.count(channels.back()), 1U);
}

// Jobs may come faster than all channels can be told of one: each has its turn all the same.
TEST_F(ProxyTurns, GoOnWithTheNextJobWhereTheLastOneEnded)
{
    for (int round = 0; round < 3; ++round) publish_routine_job();
    ASSERT_EQ(jobs.size(), many);
    for (const auto& [channel, count] : jobs) {
        EXPECT_GE(count, 2) << channel << ": 71 of 100 each time";
        EXPECT_LE(count, 3) << channel;
    }
}

}  // namespace
}  // namespace tests
