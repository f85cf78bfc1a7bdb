// Job declaration in coinbase-only mode, through a real shard: tokens, custom jobs, their shares
// and blocks.
#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/v2/declarator.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using pool::Sats;
using std::chrono::seconds;
using stratum::EndReason;

class V2Declare : public ::testing::Test {
protected:
    V2Declare()
    {
        own = talk.make_job(1);
        talk.publish(own);
    }
    Talk talk{declaring_options()};
    std::shared_ptr<pool::Job> own;
};

TEST_F(V2Declare, PaysForSharesOfAJobThatTheMinerHasPutTogetherItself)
{
    Declarator miner{talk};
    EXPECT_EQ(miner.mining.heard(), 0U) << "who selects its work gets none of ours";
    auto work = miner.work(*own);
    miner.declare(work);
    const std::uint32_t number = miner.accepted();

    const auto share = miner.mining.extended_share(miner.channel, miner.mined(work, number));
    miner.mining.say(share);
    EXPECT_EQ(miner.mining.take<SubmitSuccess>(),
              (SubmitSuccess{miner.channel.id, share.sequence, 1, 0}));
    ASSERT_EQ(talk.log.shares.size(), 1U);
    const pool::ShareRecord& record = talk.log.shares[0];
    EXPECT_EQ(record.work, pool::work_of(miner.channel.target));
    EXPECT_EQ(static_cast<std::uint32_t>(record.job.value), number);
    EXPECT_TRUE(std::any_of(talk.log.jobs.begin(), talk.log.jobs.end(), [&record](const auto& job) {
        return job.job == record.job;
    })) << "the log knows the job before its share";

    miner.mining.say(share);
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "duplicate-share");
    EXPECT_EQ(talk.shard.metrics().custom_jobs.value(), 1U);
    EXPECT_EQ(talk.shard.metrics().tokens_issued.value(), 1U);
}

TEST_F(V2Declare, HandsOutABlockOfSuchAJobWithWhatItPaysThePool)
{
    own = talk.make_job(2);
    own->network_target = pool::target_of(pool::Difficulty{-22});
    talk.publish(own);
    Declarator miner{talk};
    auto work = miner.work(*own);
    miner.declare(work);
    const auto job = miner.mined(work, miner.accepted());
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_TRUE(talk.candidates[0].job->declared);
    EXPECT_EQ(talk.candidates[0].job->reward, own->reward + Sats{1234});
    EXPECT_EQ(talk.candidates[0].judgement, pool::Judgement::accepted);
    EXPECT_EQ(talk.candidates[0].account, "user");
}

TEST_F(V2Declare, TakesATokenOnce)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    EXPECT_EQ(miner.declared(work), "accepted");
    EXPECT_EQ(miner.declared(work), "invalid-mining-job-token");
    // Nor with another template: what the token stands for was declared.
    work.call.merkle_path.values = {pool::Digest{4}};
    EXPECT_EQ(miner.declared(work), "invalid-mining-job-token");
    auto next = miner.work(*own);
    EXPECT_EQ(miner.declared(next), "accepted");
}

// The same block declared again under another token would be the same work, and each share of it
// paid twice: the token's serial in the coinbase makes it other work.
TEST_F(V2Declare, MakesTheSameBlockUnderAnotherTokenOtherWork)
{
    Declarator miner{talk};
    auto first = miner.work(*own);
    miner.declare(first);
    const auto job = miner.mined(first, miner.accepted());
    auto second = miner.work(*own);
    second.outputs = first.outputs;
    EXPECT_EQ(miner.declared(second), "invalid-coinbase-tx-outputs");
    second = miner.work(*own);
    miner.declare(second);
    const std::uint32_t other = miner.accepted();
    auto share = miner.mining.extended_share(miner.channel, job);
    miner.mining.say(share);
    ASSERT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    share.job = other;
    miner.mining.say(share);
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "difficulty-too-low");
}

TEST_F(V2Declare, TakesNoBlockThatTwoTokensCouldBothDeclare)
{
    Declarator miner{talk};
    auto first = miner.work(*own);
    auto second = miner.work(*own);
    auto both = pool::parse_outputs(first.outputs);
    const auto others = pool::parse_outputs(second.outputs);
    ASSERT_TRUE(both && others);
    both->push_back(others->back());
    first.outputs = second.outputs = pool::serialise(*both);
    EXPECT_EQ(miner.declared(first), "invalid-coinbase-tx-outputs");
    EXPECT_EQ(miner.declared(second), "invalid-coinbase-tx-outputs");
}

TEST_F(V2Declare, TakesNoTokenThatIsForgedExpiredOrOfAnotherAccount)
{
    Declarator miner{talk};
    auto forged = miner.work(*own);
    forged.token[10] ^= 1;
    EXPECT_EQ(miner.declared(forged), "invalid-mining-job-token");

    Declarator other{talk, "user2.rig"};
    auto stolen = other.work(*own);
    stolen.call.channel = miner.channel.id;
    EXPECT_EQ(miner.declared(stolen), "invalid-mining-job-token");

    auto old = miner.work(*own);
    talk.pass(seconds{3601});
    own = talk.make_job(1);
    talk.publish(own);
    Declarator later{talk};
    old.call.channel = later.channel.id;
    EXPECT_EQ(later.declared(old), "invalid-mining-job-token");
    auto fresh = later.work(*own);
    EXPECT_EQ(later.declared(fresh), "accepted");
}

TEST_F(V2Declare, RefusesWhatDoesNotFitOurTipByTheReferencesWords)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    work.call.bits = 0x207fffff;
    EXPECT_EQ(miner.declared(work), "invalid-nbits");
    work.call.bits = own->bits.value;
    work.call.channel = 77;
    EXPECT_EQ(miner.declared(work), "invalid-channel-id");
    // A refused job has not used up its token.
    work.call.channel = miner.channel.id;
    EXPECT_EQ(miner.declared(work), "accepted");
}

TEST_F(V2Declare, AnswersAtOnceForATipThatHasBeen)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    own = talk.make_job(2);
    talk.publish(own);
    EXPECT_EQ(miner.declared(work), "stale-chain-tip");
}

TEST_F(V2Declare, HoldsAJobForATipThatIsStillToCome)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    const auto next = talk.make_job(2);
    work.call.previous = next->previous.bytes;
    miner.declare(work);
    EXPECT_EQ(miner.mining.heard(), 0U);
    talk.publish(next);
    miner.mining.listen();
    EXPECT_TRUE(miner.mining.take<SetCustomJobSuccess>().has_value());
}

TEST_F(V2Declare, HoldsItForTwoSecondsOnly)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    work.call.previous.fill(0x77);
    miner.declare(work);
    talk.pass(seconds{1});
    miner.mining.listen();
    EXPECT_EQ(miner.mining.heard(), 0U);
    talk.pass(seconds{1});
    miner.mining.listen();
    EXPECT_EQ(miner.refused(), "stale-chain-tip");
    // And so many at once, not more.
    for (int i = 0; i < 4; ++i) miner.declare(work);
    EXPECT_EQ(miner.mining.heard(), 0U);
    miner.declare(work);
    EXPECT_EQ(miner.refused(), "stale-chain-tip");
}

TEST_F(V2Declare, KeepsEarlierJobsOfTheTipGoodAndMakesThemStaleWithIt)
{
    Declarator miner{talk};
    auto first = miner.work(*own);
    miner.declare(first);
    const auto job = miner.mined(first, miner.accepted());
    auto second = miner.work(*own);
    miner.declare(second);
    const auto newer = miner.mined(second, miner.accepted());
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    talk.publish(2);
    miner.mining.say(miner.mining.extended_share(miner.channel, newer));
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "stale-share");
}

TEST_F(V2Declare, KeepsTheJobThatIsMinedOnHoweverLongTheTemplateStays)
{
    Declarator miner{talk};
    auto first = miner.work(*own);
    miner.declare(first);
    const auto job = miner.mined(first, miner.accepted());
    for (int minute = 0; minute < 20; ++minute) {
        talk.pass(seconds{60});
        auto again = std::make_shared<pool::Job>(*talk.make_job(1));
        again->routine = true;
        talk.publish(again);
    }
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    auto second = miner.work(*own);
    second.call.min_time = job.time.seconds;
    EXPECT_EQ(miner.declared(second), "accepted");
    // Its ten minutes begin with its successor, which miners behind a slow line hear of later.
    talk.pass(seconds{599});
    own = talk.make_job(1);
    talk.publish(own);
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    EXPECT_EQ(miner.mining.take<SubmitError>(), std::nullopt);
    talk.pass(seconds{2});
    miner.mining.listen();
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "invalid-job-id");
}

TEST_F(V2Declare, LetsTheOldestJobsGoWhenAConnectionHasMany)
{
    Declarator miner{talk};
    auto first = miner.work(*own);
    miner.declare(first);
    const auto oldest = miner.mined(first, miner.accepted());
    for (int i = 0; i < 16; ++i) {
        talk.pass(seconds{1});
        auto next = miner.work(*own);
        ASSERT_EQ(miner.declared(next), "accepted") << i;
    }
    miner.mining.say(miner.mining.extended_share(miner.channel, oldest));
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "invalid-job-id");
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().custom_jobs_live.value(), 16);
    talk.closed(miner.mining.id);
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().custom_jobs_live.value(), 0);
}

// The first is still what a channel has, though sixteen have come since for the other one.
TEST_F(V2Declare, KeepsTheOldestJobForTheChannelThatIsMiningOnIt)
{
    Declarator miner{talk};
    const auto other = miner.mining.open_extended("user.rig2");
    auto first = miner.work(*own);
    miner.declare(first);
    const auto oldest = miner.mined(first, miner.accepted());
    std::optional<stratum::client::MiningJob> second;
    for (int i = 0; i < 20; ++i) {
        talk.pass(seconds{2});
        auto next = miner.work(*own);
        next.call.channel = other.id;
        miner.declare(next);
        const std::uint32_t number = miner.accepted();
        if (second) continue;
        second = miner.mined(next, number);
        second->extranonce1 = other.prefix;
    }
    miner.mining.say(miner.mining.extended_share(miner.channel, oldest));
    EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    miner.mining.say(miner.mining.extended_share(other, *second));
    EXPECT_EQ(miner.mining.take<SubmitError>()->code.value, "invalid-job-id");
    talk.pass(seconds{1});
    EXPECT_EQ(talk.shard.metrics().custom_jobs_live.value(), 16);
}

TEST_F(V2Declare, TakesNoMoreJobsThanItKeepsWhenEachIsMinedOn)
{
    Declarator miner{talk};
    std::vector<Peer::Channel> channels{miner.channel};
    for (int i = 0; i < 16; ++i) channels.push_back(miner.mining.open_extended("user.rig2"));
    std::vector<stratum::client::MiningJob> jobs;
    for (std::size_t i = 0; i < 16; ++i) {
        talk.pass(seconds{2});
        auto work = miner.work(*own);
        work.call.channel = channels[i].id;
        miner.declare(work);
        jobs.push_back(miner.mined(work, miner.accepted()));
        jobs.back().extranonce1 = channels[i].prefix;
    }
    auto more = miner.work(*own);
    more.call.channel = channels[16].id;
    EXPECT_EQ(miner.declared(more), "jd-not-supported");
    for (std::size_t i = 0; i < 16; ++i) {
        miner.mining.say(miner.mining.extended_share(channels[i], jobs[i]));
        EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value()) << i;
    }
    // In place of its own it is taken: that is mined on no more.
    more.call.channel = channels[3].id;
    EXPECT_EQ(miner.declared(more), "accepted");
}

TEST_F(V2Declare, SlowsDownWhoDeclaresWithoutEnd)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    work.call.bits = 1;
    for (int i = 0; i < 70; ++i) miner.declare(work);
    EXPECT_EQ(talk.end_of(miner.mining.id), EndReason::too_many_bad_requests);
    EXPECT_EQ(talk.end_of(miner.tokens.id), std::nullopt);
    for (int i = 0; i < 40; ++i) miner.ask_token();
    EXPECT_EQ(talk.end_of(miner.tokens.id), EndReason::too_many_requests);
}

TEST_F(V2Declare, DeclaresForAWholeGroupAtOnce)
{
    Declarator miner{talk};
    const auto second = miner.mining.open_extended("user.rig2");
    auto work = miner.work(*own);
    work.call.channel = miner.channel.group;
    miner.declare(work);
    const std::uint32_t number = miner.accepted();
    miner.mining.say(miner.mining.extended_share(miner.channel, miner.mined(work, number)));
    EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    auto job = miner.mined(work, number);
    job.extranonce1 = second.prefix;
    miner.mining.say(miner.mining.extended_share(second, job));
    EXPECT_TRUE(miner.mining.take<SubmitSuccess>().has_value());
    // A channel of another account's is not paid by this token.
    miner.mining.open_extended("user2.rig");
    auto mixed = miner.work(*own);
    mixed.call.channel = miner.channel.group;
    EXPECT_EQ(miner.declared(mixed), "invalid-mining-job-token");
}

TEST_F(V2Declare, TellsTargetsWithoutJobs)
{
    auto limits = Talk::default_options().session.difficulty;
    limits.vary = true;
    Declarator miner{talk, "user.rig", limits};
    auto work = miner.work(*own);
    miner.declare(work);
    auto job = miner.mined(work, miner.accepted());
    for (int i = 0; i < 100; ++i) {
        miner.mining.say(miner.mining.extended_share(miner.channel, job));
        talk.pass(seconds{1});
    }
    miner.mining.listen();
    const auto told = miner.mining.take<SetTarget>();
    ASSERT_TRUE(told.has_value());
    EXPECT_LT(told->target_max, miner.channel.target);
    // Frozen with a job: the one that is mined on keeps its own.
    miner.mining.say(miner.mining.extended_share(miner.channel, job));
    EXPECT_EQ(miner.mining.take<SubmitError>(), std::nullopt);
    EXPECT_EQ(miner.mining.take<NewExtendedJob>(), std::nullopt);
    EXPECT_EQ(miner.mining.take<SetNewPrevHash>(), std::nullopt);
}

TEST_F(V2Declare, RefusesFullTemplateModeAtSetupAndItsMessages)
{
    Peer full{talk};
    ASSERT_TRUE(full.shake_hands());
    SetupConnection setup = full.setup_message();
    setup.protocol = 1;
    setup.flags = 1;  // DECLARE_TX_DATA
    full.say(setup);
    EXPECT_EQ(full.take<SetupError>(), (SetupError{1, {"unsupported-feature-flags"}}));
    EXPECT_EQ(talk.end_of(full.id), EndReason::setup_refused);

    Declarator miner{talk};
    DeclareJob declare;
    declare.request = 9;
    miner.tokens.say(declare);
    const auto error = miner.tokens.take<DeclareJobError>();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->request, 9U);
    EXPECT_EQ(error->code.value, "invalid-job");
    EXPECT_TRUE(miner.ask_token().has_value()) << "the connection goes on";
}

TEST_F(V2Declare, OpensNoStandardChannelForCustomWork)
{
    Declarator miner{talk};
    miner.mining.say(OpenStandard{7, {"user.rig"}, 0, pool::Uint256::max()});
    EXPECT_EQ(miner.mining.take<OpenError>()->code.value,
              "standard-channels-not-supported-for-custom-work");
}

TEST_F(V2Declare, ClosesOnWhoAsksATokenForNobody)
{
    Declarator miner{talk};
    miner.tokens.say(AllocateToken{{"nobody-at-all"}, 5});
    EXPECT_EQ(miner.tokens.take<AllocateTokenSuccess>(), std::nullopt);
    EXPECT_EQ(talk.end_of(miner.tokens.id), EndReason::setup_refused);
}

TEST_F(V2Declare, LeavesADeclaratorInPeaceAndNotOneThatAsksNothing)
{
    Declarator miner{talk};
    ASSERT_TRUE(miner.ask_token().has_value());
    Declarator silent{talk};
    talk.pass(seconds{3600});
    EXPECT_EQ(talk.end_of(miner.tokens.id), std::nullopt);
    EXPECT_EQ(talk.end_of(silent.tokens.id), EndReason::no_channel);
}

TEST_F(V2Declare, AsksDeclaratorsToConnectAgainToo)
{
    Declarator miner{talk};
    ASSERT_TRUE(miner.ask_token().has_value());
    talk.shard.ask_to_reconnect(std::chrono::milliseconds{100}, talk.now);
    talk.pace(std::chrono::milliseconds{200});
    miner.tokens.listen();
    miner.mining.listen();
    EXPECT_TRUE(miner.tokens.take<Reconnect>().has_value());
    EXPECT_TRUE(miner.mining.take<Reconnect>().has_value());
}

TEST_F(V2Declare, TakesTokensOfTheKeyBeforeTheLast)
{
    Declarator miner{talk};
    auto work = miner.work(*own);
    talk.shard.set_identity(v2_options().identity);
    EXPECT_EQ(miner.declared(work), "accepted");
}

// Off, or before anybody knows what a coinbase has to pay.
TEST(V2DeclareOff, IsRefusedAtSetup)
{
    Talk off{v2_options()};
    off.publish(1);
    Talk early{declaring_options()};
    for (Talk* talk : {&off, &early}) {
        Peer tokens{*talk};
        ASSERT_TRUE(tokens.shake_hands());
        SetupConnection setup = tokens.setup_message();
        setup.protocol = 1;
        tokens.say(setup);
        EXPECT_EQ(tokens.take<SetupError>(), (SetupError{0, {"unsupported-protocol"}}));
        Peer mining{*talk};
        ASSERT_TRUE(mining.shake_hands());
        setup.protocol = 0;
        setup.flags = selects_work;
        mining.say(setup);
        EXPECT_EQ(mining.take<SetupError>(),
                  (SetupError{selects_work, {"unsupported-feature-flags"}}));
    }
}

}  // namespace
}  // namespace tests
