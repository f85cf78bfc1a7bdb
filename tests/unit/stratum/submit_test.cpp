#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/talk.h"

// The submit area of the Stratum v1 checklist.
namespace tests {
namespace {

using std::chrono::seconds;
using Wish = TalkingMiner::Wish;
using Share = TalkingMiner::Share;

Lines good(std::string_view id = "9")
{
    return {R"({"id":)" + std::string{id} + R"(,"result":true,"error":null})"};
}
Lines refused(int code, std::string_view text)
{
    return {R"({"id":9,"result":null,"error":[)" + std::to_string(code) + ",\"" +
            std::string{text} + "\",null]}"};
}

struct Mining {
    Talk talk;
    TalkingMiner miner;
    explicit Mining(bool configure = true) : talk(), miner(start(talk), "user.w1", configure) {}
    static Talk& start(Talk& talk)
    {
        talk.publish(1);
        return talk;
    }
};

TEST(Submit, TakesSixAndFiveParameters)
{
    for (const bool configure : {true, false}) {
        Mining mining{configure};
        TalkingMiner& miner = mining.miner;
        EXPECT_EQ(miner.submit(miner.find({.bits = 0x00c0e000})), good());
        EXPECT_EQ(miner.submit(miner.find({.bits = 0x1fffe000})), good());
        EXPECT_EQ(miner.submit(miner.find({.bits = 0})), good());
        EXPECT_EQ(miner.submit(miner.find({.six = false})), good());
        EXPECT_EQ(mining.talk.log.shares.size(), 4U);
    }
}

TEST(Submit, RecordsWhatWasHashedAndForWhom)
{
    Mining mining;
    const Share share = mining.miner.find({.bits = 0x2000});
    mining.miner.submit(share);
    ASSERT_EQ(mining.talk.log.shares.size(), 1U);
    const pool::ShareRecord& record = mining.talk.log.shares[0];
    EXPECT_EQ(record.kind, pool::RecordKind::share);
    EXPECT_EQ(mining.talk.log.who(record), "user.w1");
    EXPECT_EQ(record.bits.value, 0x1d00ffffU);
    EXPECT_EQ(record.version, 0x20002000U);
    EXPECT_EQ(record.job.value, 0x6a0001U);
    // 2^-22: floor(2^256 / (0xffff * 2^230 + 1)) = floor(2^26 / 0xffff) in effect.
    EXPECT_EQ(pool::to_decimal(record.work), "1024");
    EXPECT_EQ(record.extranonce[0], 7);  // the server's id leads the prefix
    ASSERT_EQ(mining.talk.log.jobs.size(), 1U);
    EXPECT_EQ(mining.talk.log.jobs[0].prefix_length, 4);
    EXPECT_EQ(mining.talk.log.jobs[0].rolled_length, 8);
}

TEST(Submit, TakesSloppyHex)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    Share share = miner.find({.nonce_below = 0x10000000});
    share.nonce.erase(0, share.nonce.find_first_not_of('0'));
    share.extranonce2 = "0x" + share.extranonce2;
    share.time = "0x" + share.time;
    for (char& c : share.job) c = static_cast<char>(std::toupper(c));
    for (char& c : share.nonce) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(miner.submit(share), good());
}

TEST(Submit, KnowsADuplicateInEveryDisguise)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    const Share share = miner.find({.bits = 0});
    EXPECT_EQ(miner.submit(share), good());
    Share disguised = share;
    for (char& c : disguised.nonce) c = static_cast<char>(std::toupper(c));
    const Lines duplicate = refused(22, "Duplicate share");
    EXPECT_EQ(miner.submit(disguised), duplicate);
    disguised.nonce = "0x" + share.nonce;
    EXPECT_EQ(miner.submit(disguised), duplicate);
    disguised.bits = "";
    EXPECT_EQ(miner.submit(disguised), duplicate);
    EXPECT_EQ(miner.submit(share, "9", "user.w2"), duplicate);
    EXPECT_EQ(mining.talk.log.shares.size(), 1U);
}

TEST(Submit, KnowsADuplicateWithinOneTurn)
{
    Mining mining;
    const std::string line = mining.miner.submit_line(mining.miner.find());
    const Lines lines = mining.miner.say(line + "\n" + line);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(contains({lines[0]}, "true"));
    EXPECT_TRUE(contains({lines[1]}, "[22,"));
}

TEST(Submit, CreditsNothingForAShareOfAnotherConnection)
{
    Mining mining;
    const Share share = mining.miner.find();
    EXPECT_EQ(mining.miner.submit(share), good());
    TalkingMiner other{mining.talk, "user.w1"};
    EXPECT_TRUE(contains(other.submit(share), "\"error\":[23,"));
    EXPECT_EQ(mining.talk.log.shares.size(), 1U);
}

TEST(Submit, RefusesWhatNoHeaderCanBeBuiltFrom)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    Share share = miner.find();
    share.extranonce2 = "00000000";
    EXPECT_EQ(miner.submit(share), refused(20, "Invalid extranonce2 size"));
    share.extranonce2 = "000000000000000000";
    EXPECT_EQ(miner.submit(share), refused(20, "Invalid extranonce2 size"));
    share = miner.find();
    share.job = "ffffff";
    EXPECT_EQ(miner.submit(share), refused(21, "Job not found"));
    share.job = "not hex";
    EXPECT_EQ(miner.submit(share), refused(21, "Job not found"));
    share = miner.find();
    share.nonce = "zzzzzzzz";
    EXPECT_EQ(miner.submit(share), refused(20, "Invalid params"));
    share = miner.find();
    share.time = "";
    EXPECT_EQ(miner.submit(share), refused(20, "Invalid params"));
    EXPECT_EQ(miner.say(R"({"id":9,"method":"mining.submit","params":null})"),
              refused(20, "Invalid params"));
    EXPECT_FALSE(mining.talk.end_of(miner.id).has_value());
    EXPECT_EQ(mining.talk.shard.metrics().malformed_submits.value(), 5U);
    EXPECT_EQ(miner.submit(miner.find()), good());
}

TEST(Submit, BeforeSubscribeAndAuthorizeIsRefusedAsSuch)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    const std::string_view submit =
        R"({"id":9,"method":"mining.submit","params":["user.w1","1","00","00000000","00000000"]})";
    EXPECT_EQ(talk.say(id, submit), refused(25, "Not subscribed"));
    talk.say(id, R"({"id":1,"method":"mining.subscribe","params":[]})");
    EXPECT_EQ(talk.say(id, submit), refused(24, "Unauthorized worker"));
}

TEST(Submit, RefusesLowDifficultyByTheWholeTarget)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    const auto& job = *miner.jobs.back();
    // The next easier difficulty, but not the job's.
    EXPECT_EQ(
        miner.submit(miner.find({.target = pool::target_of({-23}), .not_target = job.target})),
        refused(23, "Low difficulty share"));
}

TEST(Submit, RefusesTimesOutOfRange)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    EXPECT_EQ(miner.submit(miner.find({.time_offset = -3601})), refused(20, "Time too old"));
    EXPECT_EQ(miner.submit(miner.find({.time_offset = -3600})), good());
    EXPECT_EQ(miner.submit(miner.find({.time_offset = 60})), good());
    EXPECT_EQ(miner.submit(miner.find({.time_offset = 600})), good());
    EXPECT_EQ(miner.submit(miner.find({.time_offset = 7200})), good());
    EXPECT_EQ(miner.submit(miner.find({.time_offset = 7201})), refused(20, "Time too new"));
}

TEST(Submit, RefusesVersionBitsOutsideTheMask)
{
    Mining mining;
    EXPECT_EQ(mining.miner.submit(mining.miner.find({.bits = 0x20000001})),
              refused(20, "Invalid version mask"));
    EXPECT_EQ(mining.miner.submit(mining.miner.find({.bits = 0x40000000})),
              refused(20, "Invalid version mask"));
    EXPECT_FALSE(mining.talk.end_of(mining.miner.id).has_value());
}

TEST(Submit, HoldsAMinerToTheMaskItNegotiatedAfterAGraceForTheOldOne)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    // Twice, as some proxies do.
    for (int i = 0; i < 2; ++i) {
        miner.say(R"({"id":5,"method":"mining.configure","params":[["version-rolling"],)"
                  R"({"version-rolling.mask":"00c00000"}]})");
    }
    EXPECT_EQ(miner.submit(miner.find({.bits = 0x2000})), good());
    mining.talk.pass(seconds{10});
    EXPECT_EQ(miner.submit(miner.find({.bits = 0x2000})), refused(20, "Invalid version mask"));
    EXPECT_EQ(miner.submit(miner.find({.bits = 0x00400000})), good());
}

TEST(Submit, RefusesStaleSharesButRecordsTheirWorkOnce)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    const auto old_job = miner.jobs.back();
    mining.talk.publish(2);
    miner.take_in(mining.talk.hear(miner.id));
    const Share late = miner.find(*old_job, {});
    EXPECT_EQ(miner.submit(late), refused(21, "Stale"));
    EXPECT_EQ(miner.submit(late), refused(21, "Stale"));
    ASSERT_EQ(mining.talk.log.shares.size(), 1U);
    EXPECT_EQ(mining.talk.log.shares[0].kind, pool::RecordKind::stale);
    const auto shots = mining.talk.shard.snapshot(mining.talk.now);
    EXPECT_EQ(shots[0].workers[0].counts.stale, 2U);
    EXPECT_EQ(shots[0].workers[0].counts.accepted, 0U);
}

TEST(Submit, TakesSharesForOlderJobsOfTheTipForTenMinutes)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    const auto first = miner.jobs.back();
    for (int i = 0; i < 5; ++i) mining.talk.publish(1);
    mining.talk.hear(miner.id);
    EXPECT_EQ(miner.submit(miner.find(*first, {})), good());
    mining.talk.pass(seconds{601});
    mining.talk.publish(1);
    mining.talk.hear(miner.id);
    EXPECT_EQ(miner.submit(miner.find(*first, {})), refused(21, "Job not found"));
}

TEST(Submit, JudgesByTheDifficultyThatWasPromisedForItsJob)
{
    Mining mining;
    Talk& talk = mining.talk;
    TalkingMiner& miner = mining.miner;
    const auto first = miner.jobs.back();
    EXPECT_TRUE(talk.shard.fix_difficulty(miner.id, {-19}));
    talk.publish(1);
    miner.take_in(talk.hear(miner.id));
    const auto harder = miner.jobs.back();
    ASSERT_LT(harder->target, first->target);

    const Wish only_the_old{.target = first->target, .not_target = harder->target};
    EXPECT_EQ(miner.submit(miner.find(*first, only_the_old)), good());
    EXPECT_EQ(miner.submit(miner.find(*harder, only_the_old)), refused(23, "Low difficulty share"));
    EXPECT_EQ(miner.submit(miner.find(*harder, {})), good());
    ASSERT_EQ(talk.log.shares.size(), 2U);
    EXPECT_EQ(pool::to_decimal(talk.log.shares[0].work), "1024");
    EXPECT_EQ(pool::to_decimal(talk.log.shares[1].work), "8192");

    // Down again: the harder job stays as hard as it was.
    EXPECT_TRUE(talk.shard.fix_difficulty(miner.id, {-22}));
    talk.publish(1);
    miner.take_in(talk.hear(miner.id));
    EXPECT_EQ(miner.submit(miner.find(*harder, only_the_old)), refused(23, "Low difficulty share"));
}

TEST(Submit, CreditsTheNamedWorkerOfAnAuthorisedAccount)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    miner.say(R"({"id":11,"method":"mining.authorize","params":["user.w2","x"]})");
    miner.say(R"({"id":12,"method":"mining.authorize","params":["user2.z","x"]})");
    EXPECT_EQ(miner.submit(miner.find(), "9", "user.w2"), good());
    EXPECT_EQ(miner.submit(miner.find(), "9", "user2.z"), good());
    EXPECT_EQ(miner.submit(miner.find(), "9", "user.w9"), good());
    EXPECT_EQ(miner.submit(miner.find(), "9", "USER.w2"), good());
    const FakeShareLog& log = mining.talk.log;
    ASSERT_EQ(log.shares.size(), 4U);
    EXPECT_EQ(log.who(log.shares[0]), "user.w2");
    EXPECT_EQ(log.who(log.shares[1]), "user2.z");
    EXPECT_EQ(log.who(log.shares[2]), "user.w9");
    EXPECT_EQ(log.who(log.shares[3]), "user.w2");
    // Two accounts here: a third name could mean either.
    EXPECT_EQ(miner.submit(miner.find(), "9", "someone.w1"), refused(24, "Unauthorized worker"));
    EXPECT_EQ(log.shares.size(), 4U);
}

TEST(Submit, CreditsTheOnlyWorkerWhateverNameIsGiven)
{
    Mining mining;
    EXPECT_EQ(mining.miner.submit(mining.miner.find(), "9", "someoneelse.w1"), good());
    EXPECT_EQ(mining.talk.log.who(mining.talk.log.shares.at(0)), "user.w1");
}

// A name that a share brought is nobody who asked to be told from others.
TEST(Submit, CreditsTheOnlyWorkerThatAuthorisedWhateverNamesSharesBrought)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    EXPECT_EQ(miner.submit(miner.find(), "9", "user.w9"), good());
    EXPECT_EQ(miner.submit(miner.find(), "9", "someoneelse.w1"), good());
    EXPECT_EQ(mining.talk.log.who(mining.talk.log.shares.at(1)), "user.w1");
    const std::string again = R"({"id":11,"method":"mining.authorize","params":["user.w1","x"]})";
    miner.say(again);
    EXPECT_EQ(miner.submit(miner.find(), "9", "someoneelse.w1"), good());
    miner.say(R"({"id":12,"method":"mining.authorize","params":["user.w9","x"]})");
    miner.say(again);
    EXPECT_EQ(miner.submit(miner.find(), "9", "someoneelse.w1"),
              refused(24, "Unauthorized worker"));
}

TEST(Submit, EndsAConnectionThatSendsStaleSharesAndNoOthers)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.stale_shares_max = 5;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    std::vector<TalkingMiner::Share> kept;
    for (int i = 0; i < 5; ++i) kept.push_back(miner.find());
    talk.publish(2);
    miner.take_in(talk.hear(miner.id));
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(contains(miner.submit(kept[static_cast<std::size_t>(i)]), "[21,\"Stale\""));
    }
    EXPECT_FALSE(talk.end_of(miner.id).has_value()) << "a few are late with every tip";
    EXPECT_TRUE(contains(miner.submit(kept[4]), "[21,"));
    EXPECT_EQ(talk.end_of(miner.id), stratum::EndReason::too_many_stale_shares);
    EXPECT_FALSE(stratum::is_misbehaviour(stratum::EndReason::too_many_stale_shares));
}

// Any nonce would be late for an old job: who has done the work once has not done it again.
TEST(Submit, CountsWhatComesForAnOldJobWithoutWorkAsBad)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.bad_shares_max = 10;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const TalkingMiner::Share kept = miner.find();
    talk.publish(2);
    miner.take_in(talk.hear(miner.id));
    EXPECT_TRUE(contains(miner.submit(kept), "[21,\"Stale\""));
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(contains(miner.submit(kept), "[21,")) << i;
    EXPECT_FALSE(talk.end_of(miner.id).has_value());
    miner.submit(kept);
    EXPECT_EQ(talk.end_of(miner.id), stratum::EndReason::too_many_bad_shares);
}

TEST(Submit, TakesAShorterExtranonceFromAPortForOldFirmware)
{
    Talk talk;
    talk.publish(1);
    const pool::SessionId id = talk.shard.reserve();
    talk.shard.open(id, "192.0.2.1:4000", Talk::default_options().session.difficulty, talk.now, 4);
    TalkingMiner miner{talk, id};
    miner.user = "user.w1";
    const Lines said =
        miner.say(R"({"id":1,"method":"mining.subscribe","params":["cgminer/3.7"]})");
    miner.say(R"({"id":2,"method":"mining.authorize","params":["user.w1","x"]})");
    EXPECT_EQ(miner.extranonce2_bytes, 4U);
    ASSERT_EQ(miner.extranonce1.size(), 16U) << "the rest is zeros of the pool's";
    EXPECT_EQ(miner.extranonce1.substr(8), "00000000");

    const auto share = miner.find();
    ASSERT_EQ(share.extranonce2.size(), 8U);
    EXPECT_TRUE(contains(miner.submit(share), R"({"id":9,"result":true,)"));
    EXPECT_TRUE(contains(miner.submit(share), "[22,"));
    auto longer = miner.find();
    longer.extranonce2 = "00000000" + longer.extranonce2;
    EXPECT_TRUE(contains(miner.submit(longer), "Invalid extranonce2 size"));
}

TEST(Submit, AnswersEachOfManyWithOneId)
{
    Mining mining;
    EXPECT_EQ(mining.miner.submit(mining.miner.find(), "4"), good("4"));
    EXPECT_EQ(mining.miner.submit(mining.miner.find(), "4"), good("4"));
}

TEST(Replies, LeaveInTheOrderOfTheRequests)
{
    Mining mining;
    TalkingMiner& miner = mining.miner;
    const Share share = miner.find();
    Share unknown = share;
    unknown.job = "ffffff";
    const Lines lines = miner.say(miner.submit_line(share, "1") + "\n" +                     //
                                  R"({"id":2,"method":"mining.ping"})" + "\n" +              //
                                  miner.submit_line(unknown, "3") + "\n" +                   //
                                  miner.submit_line(share, "4") + "\n" +                     //
                                  R"({"id":5,"method":"mining.get_transactions"})" + "\n" +  //
                                  R"({"id":6,"method":"foo"})");
    EXPECT_EQ(lines, (Lines{R"({"id":1,"result":true,"error":null})",
                            R"({"id":2,"result":"pong","error":null})",
                            R"({"id":3,"result":null,"error":[21,"Job not found",null]})",
                            R"({"id":4,"result":null,"error":[22,"Duplicate share",null]})",
                            R"({"id":5,"result":[],"error":null})",
                            R"({"id":6,"result":null,"error":[-3,"Method not found",null]})"}));
}

}  // namespace
}  // namespace tests
