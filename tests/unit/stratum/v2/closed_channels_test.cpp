// Channels that the miner has closed and whose last share waits for its verdict: they are spoken to
// no more, and count for nothing where it is decided how the others are.
#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here

class V2ClosedChannel : public ::testing::Test {
protected:
    V2ClosedChannel()
    {
        talk.publish(1);
        peer.set_up();
        first = peer.open_extended("user.first");
        first_job = peer.extended_job(first);
        second = peer.open_extended("user.second");
        second_job = peer.extended_job(second);
    }
    // Read, and not judged yet.
    template <typename... Messages>
    void read_only(const Messages&... messages)
    {
        std::string wire;
        const auto seal = [&](const auto& message) {
            std::string frame;
            append_frame(frame, message);
            seal_frame(peer.ciphers.send, pool::as_bytes(frame), wire);
        };
        (seal(messages), ...);
        talk.shard.on_bytes(peer.id, pool::as_bytes(wire), talk.now);
    }
    void judge()
    {
        talk.end_turn();
        peer.listen();
    }
    void release()
    {
        talk.shard.release_jobs(peer.id, talk.now);
        judge();
    }

    Talk talk{v2_options()};
    Peer peer{talk};
    Peer::Channel first;
    Peer::Channel second;
    stratum::client::MiningJob first_job;
    stratum::client::MiningJob second_job;
};

// The variant goes out with the verdicts.
TEST_F(V2ClosedChannel, IsNotToldOfADifficultyThatComesWithItsLastVerdict)
{
    talk.shard.fix_difficulty(peer.id, {-10});
    read_only(peer.extended_share(first, first_job), peer.extended_share(second, second_job),
              CloseChannel{second.id, {"done"}});
    judge();
    ASSERT_EQ(talk.shard.metrics().variant_jobs.value(), 1U);
    const auto target = peer.take<SetTarget>();
    ASSERT_TRUE(target.has_value());
    EXPECT_EQ(target->channel, first.id);
    EXPECT_FALSE(peer.take<SetTarget>().has_value());
    const auto job = peer.take<NewExtendedJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->channel, first.id) << "one alone is no group: some firmware drops those jobs";
}

// A job that was held while the peer did not read may go out before what it says then is judged.
TEST_F(V2ClosedChannel, MakesNoGroupOfTheOneThatIsLeft)
{
    talk.shard.hold_jobs(peer.id);
    talk.publish(2);
    read_only(peer.extended_share(first, first_job), CloseChannel{first.id, {"done"}});
    release();
    const auto job = peer.take<NewExtendedJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->channel, second.id);
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
    EXPECT_TRUE(peer.take<SubmitError>().has_value()) << "judged it is, and late by then";
}

// It alone has had a job of this tip: that says nothing of the others.
TEST_F(V2ClosedChannel, InFrontOfTheOthersDoesNotKeepThemFromBeingToldTogether)
{
    peer.say(CloseChannel{second.id, {"done"}});
    talk.shard.hold_jobs(peer.id);
    peer.open_extended("user.third");
    peer.open_extended("user.fourth");
    talk.publish(1);
    talk.shard.fix_difficulty(peer.id, {-20});
    read_only(peer.extended_share(first, first_job), CloseChannel{first.id, {"done"}});
    release();
    const auto job = peer.take<NewExtendedJob>();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(job->channel, first.group);
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
    int told = 0;
    while (const auto target = peer.take<SetTarget>()) {
        EXPECT_NE(target->channel, first.id);
        ++told;
    }
    EXPECT_EQ(told, 2);
}

// Nor does its new target for the job of the next tip, which all of them have.
TEST_F(V2ClosedChannel, InFrontOfTheOthersDoesNotCostThemTheShortMessageOfATip)
{
    peer.extended_job(peer.open_extended("user.third"));
    const auto prepared = talk.make_job(1);
    prepared->previous = {};
    talk.shard.prepare(prepared, talk.now);
    talk.pace(std::chrono::milliseconds{1100});
    peer.listen();
    ASSERT_TRUE(peer.take<NewExtendedJob>().has_value());

    talk.shard.hold_jobs(peer.id);
    const auto job = std::make_shared<pool::Job>(*prepared);
    job->previous = talk.make_job(2)->previous;
    job->prepared = prepared;
    talk.publish(job);
    constexpr float rate_of_a_thousandth = 700'000;
    read_only(UpdateChannel{first.id, rate_of_a_thousandth, pool::Uint256::max()},
              peer.extended_share(first, first_job), CloseChannel{first.id, {"done"}});
    release();
    const auto tip = peer.take<SetNewPrevHash>();
    ASSERT_TRUE(tip.has_value());
    EXPECT_EQ(tip->channel, first.group);
    EXPECT_FALSE(peer.take<SetNewPrevHash>().has_value());
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
}

}  // namespace
}  // namespace tests
