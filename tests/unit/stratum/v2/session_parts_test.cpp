// Jobs for a proxy with many channels: one by one they are more than a peer can be expected to read
// at a time, so they go in parts.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::milliseconds;
using std::chrono::seconds;

// A quarter of it takes a dozen extended jobs.
constexpr std::size_t answers_bytes = 32'768;
constexpr std::size_t many = 300;

stratum::ShardOptions narrow_options()
{
    stratum::ShardOptions options = v2_options();
    options.v2.answers_bytes = answers_bytes;
    return options;
}

class V2Parts : public ::testing::Test {
protected:
    V2Parts()
    {
        talk.publish(1);
        for (int i = 0; i < 100; ++i) TalkingMiner{talk, "user.w1"};  // whose turn is before
        peer.emplace(talk);
        peer->set_up();
    }

    // In one piece, as a proxy does that has come back.
    void open(std::size_t count)
    {
        std::string wire;
        for (std::size_t i = 0; i < count; ++i) {
            std::string frame;
            append_frame(frame, OpenExtended{.request = 1,
                                             .user = {"user.rig"},
                                             .hash_rate = 0,
                                             .target_max = pool::Uint256::max(),
                                             .extranonce_min = 4});
            seal_frame(peer->ciphers.send, pool::as_bytes(frame), wire);
        }
        peer->say_bytes(wire);
        take_all();
    }
    void open_by_and_by(std::size_t count)
    {
        for (std::size_t opened = 0; opened < count; opened += 50) {
            open(50);
            settle();
        }
    }
    // What a turn wrote, which may be no more than the connection's queue takes.
    void listen()
    {
        peer->listen();
        most_bytes = std::max(most_bytes, peer->heard_bytes());
        take_all();
    }
    // All who are owed something have got it.
    void settle()
    {
        for (int turn = 0; turn < 30; ++turn) {
            talk.pass(seconds{1});
            listen();
        }
    }
    void pace(milliseconds time)
    {
        for (milliseconds at{0}; at < time; at += milliseconds{10}) {
            talk.pace(milliseconds{10});
            listen();
        }
    }
    void take_all()
    {
        while (const auto opened = peer->take<OpenExtendedSuccess>()) {
            channels.push_back(
                {.id = opened->channel,
                 .group = opened->group,
                 .target = opened->target,
                 .prefix = {opened->prefix.value.begin(), opened->prefix.value.end()},
                 .rolled = opened->extranonce_size});
        }
        while (const auto job = peer->take<NewExtendedJob>()) {
            if (job->channel == group) {
                for (const Peer::Channel& channel : channels) ++times[job->job][channel.id];
            } else {
                ++times[job->job][job->channel];
            }
        }
        while (const auto tip = peer->take<SetNewPrevHash>()) {
            for (const Peer::Channel& channel : channels) {
                if (tip->channel != channel.id && tip->channel != group) continue;
                tips[channel.id].push_back(tip->previous[0]);
            }
        }
    }
    void expect_once_each(const pool::Job& job)
    {
        const auto& got = times[static_cast<std::uint32_t>(job.id.value)];
        EXPECT_EQ(got.size(), channels.size());
        EXPECT_TRUE(std::all_of(got.begin(), got.end(), [](const auto& channel) {
            return channel.second == 1;
        })) << "no channel gets the same job twice";
    }
    // Goes round by and by.
    std::shared_ptr<const pool::Job> publish_routine_job(std::uint8_t tip)
    {
        const auto job = talk.make_job(tip);
        job->routine = true;
        talk.publish(job);
        listen();
        return job;
    }

    static constexpr std::uint32_t group = 1;
    Talk talk{narrow_options()};
    std::optional<Peer> peer;
    std::vector<Peer::Channel> channels;
    std::map<std::uint32_t, std::map<std::uint32_t, int>> times;  // jobs that channels got
    std::map<std::uint32_t, std::vector<int>> tips;               // that channels heard of
    std::size_t most_bytes = 0;
};

TEST_F(V2Parts, AChannelThatIsOpenedInARoutineJobsRoundDoesNotMakeAFloodForTheOthers)
{
    open_by_and_by(many);
    const auto job = publish_routine_job(1);
    open(1);  // begins with the new job, which the others have yet to get
    pace(milliseconds{1100});
    settle();
    EXPECT_LE(most_bytes, answers_bytes);
    expect_once_each(*job);
    EXPECT_EQ(talk.end_of(peer->id), std::nullopt);
}

TEST_F(V2Parts, ARoutineJobThatWasHeldWhileFirstJobsWentOutDoesNotComeInOneFlood)
{
    for (std::size_t opened = 0; opened < 2 * many; opened += 50) open(50);
    talk.shard.hold_jobs(peer->id);
    const auto job = publish_routine_job(1);
    pace(milliseconds{1100});
    talk.shard.release_jobs(peer->id, talk.now);
    settle();
    EXPECT_LE(most_bytes, answers_bytes);
    expect_once_each(*job);
    for (const auto& [channel, heard] : tips) EXPECT_EQ(heard, std::vector<int>{1}) << channel;
}

TEST_F(V2Parts, ATipThatWasHeldWhileAChannelCameDoesNotComeInOneFloodAndEachHearsOfItFirst)
{
    open_by_and_by(many);
    talk.shard.hold_jobs(peer->id);
    talk.publish(2);
    open(1);  // knows the new tip
    talk.shard.release_jobs(peer->id, talk.now);
    talk.end_turn();
    listen();
    // The next one comes while half of them have not heard of the tip yet.
    const auto job = publish_routine_job(2);
    pace(milliseconds{1100});
    settle();
    EXPECT_LE(most_bytes, answers_bytes);
    expect_once_each(*job);
    ASSERT_EQ(tips.size(), channels.size());
    for (const auto& [channel, heard] : tips) {
        const bool last = channel == channels.back().id;
        EXPECT_EQ(heard, last ? std::vector<int>{2} : (std::vector<int>{1, 2})) << channel;
    }
    const auto next = talk.make_job(2);
    talk.publish(next);
    listen();
    EXPECT_EQ(peer->heard(), 0U);
    expect_once_each(*next);
}

// What is left over need not wait for a tick: who speaks reads as well.
TEST_F(V2Parts, TheRestFollowsWhenThePeerSaysSomething)
{
    open_by_and_by(many);
    const auto job = publish_routine_job(1);
    open(1);
    pace(milliseconds{1100});
    for (int turn = 0; turn < 30; ++turn) {
        peer->say(UpdateChannel{channels.front().id, 0, pool::Uint256::max()});
        listen();
    }
    expect_once_each(*job);
}

}  // namespace
}  // namespace tests
