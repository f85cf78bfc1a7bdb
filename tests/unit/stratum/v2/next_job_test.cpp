// The empty job of a tip to come is with v2's miners before the tip is: the tip itself then costs
// one short message.
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::milliseconds;

class V2NextJob : public ::testing::Test {
protected:
    V2NextJob() { talk.publish(1); }

    void prepare()
    {
        auto job = talk.make_job(1);
        job->previous = {};
        prepared = job;
        talk.shard.prepare(prepared, talk.now);
        talk.pace(milliseconds{1100});
    }
    // The prepared job on tip `tip`, as the work desk makes it.
    std::shared_ptr<const pool::Job> on_tip(std::uint8_t tip)
    {
        auto job = std::make_shared<pool::Job>(*prepared);
        job->previous = talk.make_job(tip)->previous;
        job->prepared = prepared;
        return job;
    }

    Talk talk{v2_options()};
    std::shared_ptr<const pool::Job> prepared;
};

TEST_F(V2NextJob, IsSentAheadAndTheTipIsOneShortMessageBehindWhichSharesAreGood)
{
    Peer peer{talk};
    const auto channel = peer.begin_mining().channel;
    prepare();
    peer.listen();
    ASSERT_EQ(peer.heard_types(), (std::vector<int>{NewJob::id.type}));

    const auto job = on_tip(2);
    talk.publish(job);
    peer.listen();
    ASSERT_EQ(peer.heard_types(), (std::vector<int>{NewJob::id.type, SetNewPrevHash::id.type}));
    const auto mined = peer.standard_job(channel);
    EXPECT_EQ(mined.number, job->id.value);
    EXPECT_EQ(mined.previous, job->previous);
    peer.say(peer.share(channel, mined));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST_F(V2NextJob, GoesToAGroupOnce)
{
    Peer peer{talk};
    peer.set_up();
    const auto first = peer.open_extended();
    peer.extended_job(first);
    peer.extended_job(peer.open_extended("user.other"));
    prepare();
    talk.publish(on_tip(2));
    peer.listen();
    ASSERT_EQ(peer.heard_types(),
              (std::vector<int>{NewExtendedJob::id.type, SetNewPrevHash::id.type}));
    const auto tip = *peer.take<SetNewPrevHash>();
    EXPECT_EQ(tip.channel, first.group);
    const auto mined = peer.extended_job(first);
    EXPECT_EQ(tip.job, mined.number);
}

TEST_F(V2NextJob, IsSaidWholeWhereOneChannelOfAGroupHadItAlone)
{
    Peer peer{talk};
    peer.set_up();
    peer.extended_job(peer.open_extended());
    peer.extended_job(peer.open_extended("user.other"));
    prepare();
    peer.listen();
    ASSERT_TRUE(peer.take<NewExtendedJob>().has_value());
    peer.extended_job(peer.open_extended("user.third"));
    while (peer.take<NewExtendedJob>()) {
    }
    talk.publish(on_tip(2));
    peer.listen();
    EXPECT_EQ(peer.heard_types(),
              (std::vector<int>{NewExtendedJob::id.type, SetNewPrevHash::id.type}));
}

TEST_F(V2NextJob, IsWithAChannelThatOpensLaterToo)
{
    prepare();
    Peer peer{talk};
    peer.set_up();
    peer.open_extended();
    EXPECT_EQ(peer.heard_types(),
              (std::vector<int>{NewExtendedJob::id.type, SetNewPrevHash::id.type,
                                NewExtendedJob::id.type}));
    talk.publish(on_tip(2));
    peer.listen();
    EXPECT_EQ(peer.heard_types().size(), 4U);
    EXPECT_EQ(peer.heard_types().back(), int{SetNewPrevHash::id.type});
}

// A tip of another height or reward comes with a job of its own; miners forget what they had.
TEST_F(V2NextJob, IsSentAgainWhenATipComesThatItWasNotFor)
{
    Peer peer{talk};
    const auto channel = peer.begin_mining().channel;
    prepare();
    peer.listen();
    ASSERT_TRUE(peer.take<NewJob>().has_value());
    talk.publish(2);
    talk.pace(milliseconds{1100});
    peer.listen();
    EXPECT_EQ(peer.heard_types(),
              (std::vector<int>{NewJob::id.type, SetNewPrevHash::id.type, NewJob::id.type}));
    const auto other = peer.standard_job(channel);
    talk.publish(on_tip(3));
    peer.listen();
    EXPECT_EQ(peer.heard_types(), (std::vector<int>{NewJob::id.type, SetNewPrevHash::id.type}));
    const auto mined = peer.standard_job(channel);
    EXPECT_NE(mined.number, other.number);
    EXPECT_EQ(mined.number, prepared->id.value);
}

// The specification has a target hold for jobs that were sent ahead; older miners froze theirs when
// the job came. Behind the target comes the job once more, so that both mean the same.
TEST_F(V2NextJob, IsSaidWholeBehindATargetThatCameAfterIt)
{
    Peer peer{talk};
    const auto channel = peer.begin_mining().channel;
    prepare();
    peer.listen();
    ASSERT_TRUE(peer.take<NewJob>().has_value());
    ASSERT_TRUE(talk.shard.fix_difficulty(peer.id, {-20}));
    const auto job = on_tip(2);
    talk.publish(job);
    peer.listen();
    ASSERT_EQ(peer.heard_types(),
              (std::vector<int>{SetTarget::id.type, NewJob::id.type, SetNewPrevHash::id.type}));
    const auto target = peer.take<SetTarget>()->target_max;
    EXPECT_EQ(target, pool::target_of({-20}));
    auto mined = peer.standard_job(channel);
    EXPECT_EQ(mined.number, job->id.value);
    mined.target = target;
    peer.say(peer.share(channel, mined));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

TEST_F(V2NextJob, IsSaidWholeBehindATargetThatItsMinerAskedFor)
{
    Peer peer{talk};
    const auto channel = peer.begin_mining().channel;
    prepare();
    peer.say(UpdateChannel{channel.id, 0, pool::target_of({-21})});
    ASSERT_TRUE(peer.take<SetTarget>().has_value());
    ASSERT_TRUE(peer.take<NewJob>().has_value());
    talk.publish(on_tip(2));
    peer.listen();
    EXPECT_EQ(peer.heard_types(), (std::vector<int>{NewJob::id.type, SetNewPrevHash::id.type}));
}

TEST_F(V2NextJob, CanNotBeMinedBeforeItsTip)
{
    Peer peer{talk};
    auto [channel, job] = peer.begin_mining();
    prepare();
    peer.listen();
    job.number = peer.take<NewJob>()->job;
    peer.say(peer.share(channel, job));
    EXPECT_EQ(peer.take<SubmitError>()->code.value, "invalid-job-id");
}

// A connection waits for its turn of a routine job, has opened a channel meanwhile and so has the
// job, and gets another one for a new difficulty. Its turn must not bring it the first one again,
// under another target: a job's target is frozen when it is sent.
TEST(V2RoutineJob, ComesOnceSoThatItsTargetHolds)
{
    Talk talk{v2_options()};
    talk.publish(1);
    for (int i = 0; i < 100; ++i) talk.open();  // whose turn is before
    Peer peer{talk};
    peer.set_up();
    const auto routine = talk.make_job(1);
    routine->routine = true;
    talk.publish(routine);
    const auto channel = peer.open_extended();
    const auto job = peer.extended_job(channel);
    ASSERT_EQ(job.number, routine->id.value);

    peer.say(UpdateChannel{channel.id, 1e15F, channel.target});
    talk.pass(std::chrono::seconds{1});
    peer.listen();
    const auto variant = peer.take<NewExtendedJob>();
    ASSERT_TRUE(variant.has_value());
    EXPECT_NE(variant->job, job.number);
    talk.pace(milliseconds{1100});
    peer.listen();
    EXPECT_FALSE(peer.take<NewExtendedJob>().has_value());
    peer.say(peer.extended_share(channel, job));
    EXPECT_TRUE(peer.take<SubmitSuccess>().has_value());
}

}  // namespace
}  // namespace tests
