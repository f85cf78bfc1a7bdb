#include <gtest/gtest.h>

#include "stratum/user_agent.h"
#include "tests/unit/stratum/talk.h"

// What else a connection lives through: hints, jobs, bad lines, deadlines.
namespace tests {
namespace {

using std::chrono::seconds;
using stratum::EndReason;

constexpr std::string_view subscribe =
    R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})";
constexpr std::string_view authorize =
    R"({"id":2,"method":"mining.authorize","params":["user.w1","x"]})";
constexpr std::string_view configure =
    R"({"id":0,"method":"mining.configure","params":[["version-rolling"],)"
    R"({"version-rolling.mask":"ffffffff","version-rolling.min-bit-count":2}]})";

TEST(Optional, GetsNoReplyWithoutAnId)
{
    for (const std::string_view request :
         {R"({"id":null,"method":"mining.suggest_target","params":[")"
          R"(00000000ffff0000000000000000000000000000000000000000000000000000"]})",
          R"({"id":null,"method":"mining.capabilities","params":[{"notify":[]}]})",
          R"({"method":"mining.suggest_difficulty","params":[1]})",
          R"({"id":null,"method":"mining.extranonce.subscribe","params":[]})",
          R"({"id":1,"result":"cgminer/4.12","error":null})", R"({"method":"pong"})"}) {
        Talk talk;
        const auto id = talk.open();
        EXPECT_TRUE(talk.say(id, request).empty()) << request;
        EXPECT_EQ(talk.say(id, subscribe).size(), 1U);
    }
}

TEST(Optional, IsNeverAnErrorBeforeAuthorize)
{
    Talk talk;
    const auto id = talk.open();
    talk.say(id, subscribe);
    EXPECT_EQ(talk.say(id, R"({"id":3,"method":"mining.extranonce.subscribe","params":[]})"),
              Lines{R"({"id":3,"result":true,"error":null})"});
    EXPECT_TRUE(talk.say(id, R"({"id":4,"method":"mining.multi_version","params":[1]})").empty());
    EXPECT_TRUE(talk.say(id, R"({"id":31,"method":"mining.frobnicate","params":[]})").empty());
    EXPECT_TRUE(talk.say(id, R"({"id":32,"method":"server.version","params":[]})").empty());
    EXPECT_TRUE(talk.say(id, R"({"id":33,"method":null})").empty());
    EXPECT_EQ(talk.say(id, authorize).size(), 1U);
}

TEST(Version, IsAskedOnceAndOnlyOfMinersThatNamedNone)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner named{talk, "user.w1"};
    EXPECT_EQ(named.submit(named.find()).size(), 1U);

    const auto id = talk.open();
    TalkingMiner silent{talk, id};
    silent.user = "user.w2";
    Lines said = silent.say(R"({"id":1,"method":"mining.subscribe","params":[]})");
    said = silent.say(R"({"id":2,"method":"mining.authorize","params":["user.w2","x"]})");
    EXPECT_FALSE(contains(said, "get_version"));
    EXPECT_EQ(silent.submit(silent.find()),
              (Lines{R"({"id":9,"result":true,"error":null})",
                     R"({"id":77077,"method":"client.get_version","params":[]})"}));
    EXPECT_EQ(silent.submit(silent.find()).size(), 1U);

    EXPECT_TRUE(silent.say(R"({"id":1,"result":"not ours","error":null})").empty());
    EXPECT_TRUE(
        silent.say(R"({"id":77077,"result":"cpu\u001b[31mminer/2.5<","error":null})").empty());
    EXPECT_TRUE(silent.say(R"({"id":77077,"result":"other/1","error":null})").empty());
    for (const auto& shot : talk.shard.snapshot(talk.now)) {
        EXPECT_EQ(shot.user_agent, shot.id == id ? "cpu_31mminer/2.5_" : "conf/1.0");
    }
}

TEST(Optional, IsAnsweredAfterAuthorize)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const auto ask = [&miner](std::string_view method) {
        const Lines lines =
            miner.say(R"({"id":"q","method":")" + std::string{method} + R"(","params":[]})");
        return lines.size() == 1 ? lines[0] : "not one line";
    };
    EXPECT_EQ(ask("mining.ping"), R"({"id":"q","result":"pong","error":null})");
    EXPECT_EQ(ask("mining.multi_version"), R"({"id":"q","result":true,"error":null})");
    EXPECT_EQ(ask("mining.get_transactions"), R"({"id":"q","result":[],"error":null})");
    EXPECT_EQ(ask("agent.get_capabilities"),
              R"({"id":"q","result":{"capabilities":[]},"error":null})");
    EXPECT_EQ(ask("mining.hashrate_report"), R"({"id":"q","result":true,"error":null})");
    EXPECT_EQ(ask("foo.bar"), R"({"id":"q","result":null,"error":[-3,"Method not found",null]})");
    EXPECT_EQ(ask("mining.bye"), R"({"id":"q","result":true,"error":null})");
    EXPECT_EQ(talk.end_of(miner.id), EndReason::asked);
}

// Every name that firmware, proxies and agents have for the same: none counts as unknown.
TEST(Optional, IsKnownByEachOfItsNames)
{
    Talk talk;
    talk.publish(1);
    constexpr std::string_view thanks = R"({"id":"q","result":true,"error":null})";
    struct Case {
        std::string_view method;
        Lines answer;
        bool leaves = false;
    };
    const std::vector<Case> cases{
        {"mining.get_txnhashes", {R"({"id":"q","result":[],"error":null})"}},
        {"mining.report", {std::string{thanks}}},
        {"eth_submitHashrate", {std::string{thanks}}},
        {"agent.anything", {std::string{thanks}}},
        {"mining.capabilities", {std::string{thanks}}},
        {"mining.pong", {}},
        {"pong", {}},
        {"mining.term", {std::string{thanks}}, true},
        {"mining.unsubscribe", {std::string{thanks}}, true},
        {"mining.deauthorize", {std::string{thanks}}, true}};
    for (const Case& each : cases) {
        TalkingMiner miner{talk, "user.w1"};
        EXPECT_EQ(
            miner.say(R"({"id":"q","method":")" + std::string{each.method} + R"(","params":[]})"),
            each.answer)
            << each.method;
        EXPECT_EQ(talk.end_of(miner.id) == EndReason::asked, each.leaves) << each.method;
    }
    EXPECT_EQ(talk.shard.metrics().unknown_methods.value(), 0U);
}

TEST(Optional, LeavesTheShortNameOfAuthorizeToOldFirmware)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, talk.open()};
    miner.user = "user.w1";
    miner.say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})");
    EXPECT_TRUE(contains(miner.say(R"({"id":2,"method":"mining.auth","params":["user.w1","x"]})"),
                         R"({"id":2,"result":true,"error":null})"));
    ASSERT_FALSE(miner.jobs.empty());
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_EQ(talk.log.who(talk.log.shares.back()), "user.w1");
}

TEST(SuggestDifficulty, IsThankedForAndTakesEffectWithTheNextJob)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_EQ(miner.say(R"({"id":21,"method":"mining.suggest_difficulty","params":[0.001]})"),
              Lines{R"({"id":21,"result":true,"error":null})"});
    talk.publish(1);
    const Lines lines = talk.hear(miner.id);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], R"({"id":null,"method":"mining.set_difficulty","params":[0.0009765625]})");
    // Sixteen times harder than before is worth a flush of the miner's queue.
    EXPECT_TRUE(lines[1].ends_with(",true]}"));
}

TEST(SuggestDifficulty, IsIdempotentAndSurvivesNonsense)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    for (const std::string_view value : {"0", "-1", "1e300", "\"x\"", "null", "[]"}) {
        EXPECT_EQ(miner.say(R"({"id":21,"method":"mining.suggest_difficulty","params":[)" +
                            std::string{value} + "]}"),
                  Lines{R"({"id":21,"result":true,"error":null})"});
    }
    talk.publish(1);
    EXPECT_EQ(talk.hear(miner.id).size(), 1U);  // no new difficulty
}

TEST(SuggestTarget, MeansTheSameAsADifficulty)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    talk.say(id, R"({"id":null,"method":"mining.suggest_target","params":[")"
                 R"(000003fffc000000000000000000000000000000000000000000000000000000"]})");
    talk.say(id, subscribe);
    EXPECT_TRUE(contains(talk.say(id, authorize), R"("params":[0.0009765625]})"));
}

TEST(Notify, IsCleanOnANewTipOnly)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.publish(1);
    Lines lines = talk.hear(miner.id);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].ends_with(",false]}"));
    talk.publish(2);
    lines = talk.hear(miner.id);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].ends_with(",true]}"));
}

TEST(Configure, SaysAtOnceWhatHoldsForAMinerThatChangesItsMask)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const Lines lines =
        miner.say(R"({"id":8,"method":"mining.configure","params":[["version-rolling"],)"
                  R"({"version-rolling.mask":"00c00000"}]})");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1], R"({"id":null,"method":"mining.set_version_mask","params":["00c00000"]})");
}

// A key that stands twice in an answer is read as either by whoever reads it.
TEST(Configure, AnswersEachKeyOnce)
{
    Talk talk;
    const auto id = talk.open();
    for (const std::string_view codes :
         {R"("version-rolling","version-rolling.mask")",
          R"("version-rolling.mask","version-rolling")",
          R"("version-rolling","info","version-rolling","version\u002drolling","info")"}) {
        const Lines lines = talk.say(id, R"({"id":5,"method":"mining.configure","params":[[)" +
                                             std::string{codes} + "],{}]}");
        ASSERT_EQ(lines.size(), 1U);
        for (const std::string_view key :
             {R"("version-rolling":)", R"("version-rolling.mask":)", R"("info":)"}) {
            EXPECT_EQ(lines[0].find(key), lines[0].rfind(key)) << codes << lines[0];
        }
    }
}

// An answer without some of its keys would be taken for a refusal of them.
TEST(Configure, AnswersSixteenExtensionsOrSaysThatTheyAreTooMany)
{
    Talk talk;
    const auto id = talk.open();
    const auto answer = [&](int count) {
        std::string codes = R"("version-rolling")";
        for (int i = 2; i <= count; ++i) codes += ",\"x" + std::to_string(i) + '"';
        const Lines lines =
            talk.say(id, R"({"id":5,"method":"mining.configure","params":[[)" + codes + "],{}]}");
        return lines.empty() ? "" : lines[0];
    };
    EXPECT_NE(answer(16).find(R"("x16":false)"), std::string::npos) << answer(16);
    EXPECT_EQ(answer(17), R"({"id":5,"result":null,"error":[20,"More than 16 extensions",null]})");
    EXPECT_FALSE(talk.end_of(id));
    EXPECT_NE(answer(1).find(R"("version-rolling":true)"), std::string::npos) << "and it stays";
}

TEST(Configure, KeepsWhatAMinerTellsOfItselfForPeopleToRead)
{
    Talk talk;
    const auto id = talk.open();
    talk.say(id, R"({"id":1,"method":"mining.subscribe","params":["bosminer"]})");
    talk.say(id, R"({"id":0,"method":"mining.configure","params":[["info"],)"
                 R"({"info.hw-version":"S19\u0007","info.sw-version":"1.2","info.hw-id":7}]})");
    const auto shown = [&talk] { return talk.shard.snapshot(talk.now).at(0).user_agent; };
    EXPECT_EQ(shown(), "bosminer (S19, 1.2)");
    // Bounded, and nothing in it that a page or a terminal could stumble over. Where it thinks it
    // is connected to is its own affair: there may be a password in it.
    talk.say(id, R"({"id":0,"method":"mining.configure","params":[["info"],{"info.hw-version":)"
                 "\"\\u001b" +
                     std::string(1000, 'h') + R"(","info.sw-version":"<b>'&","info.hw-id":")" +
                     std::string(1000, 'i') +
                     R"(","info.connection-url":"stratum+tcp://u:secret@pool"}]})");
    const std::string hardware(stratum::user_agent_bytes_max, 'h');
    const std::string number(stratum::user_agent_bytes_max, 'i');
    EXPECT_EQ(shown(), "bosminer (" + hardware + ", _b___, " + number + ")");
}

TEST(Notify, AnnouncesAMaskThatTheChainHasNarrowed)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const auto job = talk.make_job(1);
    job->rolling_mask = 0x0fffe000;
    job->version = 0x30000000;
    talk.publish(job);
    const Lines lines = talk.hear(miner.id);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], R"({"id":null,"method":"mining.set_version_mask","params":["0fffe000"]})");
}

TEST(Framing, ClosesOnBadLines)
{
    struct Case {
        std::string sent;
        EndReason end;
    };
    const std::vector<Case> cases{
        {"{\"id\":1,\"method\":\n", EndReason::bad_line},
        {"[]\n", EndReason::bad_line},
        {std::string(2000, '[') + "\n", EndReason::bad_line},
        {"{\"id\":1,\"method\":\"" + std::string(131'072, 'A'), EndReason::line_too_long},
    };
    for (const Case& bad : cases) {
        Talk talk;
        const auto id = talk.open();
        const Lines lines = talk.send(id, bad.sent);
        EXPECT_EQ(talk.end_of(id), bad.end);
        EXPECT_EQ(lines.empty(), bad.end == EndReason::line_too_long);
        EXPECT_TRUE(talk.say(id, subscribe).empty());
    }
}

TEST(Framing, HoldsLinesToTheDepthAndTheNumberOfValuesThatAreConfigured)
{
    const auto end_of = [](std::size_t depth, std::size_t values, const std::string& params) {
        auto options = Talk::default_options();
        options.session.json.depth_max = depth;
        options.session.json.values_max = values;
        Talk talk{options};
        const auto id = talk.open();
        talk.say(id, R"({"id":1,"method":"mining.ping","params":)" + params + "}");
        return talk.end_of(id);
    };
    EXPECT_EQ(end_of(4, 32, "[[[1]]]"), std::nullopt);
    EXPECT_EQ(end_of(4, 32, "[[[[1]]]]"), EndReason::bad_line);
    EXPECT_EQ(end_of(5, 32, "[[[[1]]]]"), std::nullopt);
    std::string many = "[0";
    for (int i = 1; i < 40; ++i) many += ",0";
    EXPECT_EQ(end_of(4, 32, many + "]"), EndReason::bad_line);
    EXPECT_EQ(end_of(4, 64, many + "]"), std::nullopt);
}

TEST(Framing, AllowsLongerLinesAfterAuthorize)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w1"};
    const std::string long_line =
        R"({"id":1,"method":"mining.ping","params":[")" + std::string(6000, 'x') + R"("]})";
    EXPECT_EQ(miner.say(long_line).size(), 1U);
    const auto id = talk.open();
    talk.say(id, long_line);
    EXPECT_EQ(talk.end_of(id), EndReason::line_too_long);
}

TEST(Deadlines, EndThoseThatDoNotGetOn)
{
    Talk talk;
    const auto silent = talk.open();
    const auto only_configures = talk.open();
    talk.say(only_configures, configure);
    const auto only_subscribes = talk.open();
    talk.say(only_subscribes, subscribe);
    const auto slow = talk.open();
    talk.send(slow, "{\"id\":");
    talk.pass(seconds{14});
    EXPECT_FALSE(talk.end_of(silent).has_value());
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(silent), EndReason::no_first_line);
    EXPECT_EQ(talk.end_of(slow), EndReason::slow_first_line);
    talk.pass(seconds{15});
    EXPECT_EQ(talk.end_of(only_configures), EndReason::no_subscribe);
    talk.pass(seconds{30});
    EXPECT_EQ(talk.end_of(only_subscribes), EndReason::no_authorize);
    EXPECT_EQ(talk.shard.session_count(), 0U);
}

TEST(Deadlines, EndALineThatNeverEnds)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w1"};
    for (int second = 0; second < 15; ++second) {
        talk.send(miner.id, " ");
        talk.pass(seconds{1});
    }
    EXPECT_EQ(talk.end_of(miner.id), EndReason::slow_line);
}

TEST(Deadlines, EndAMinerAfterHalfAnHourOfSilence)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.pass(std::chrono::minutes{30} - seconds{1});
    EXPECT_FALSE(talk.end_of(miner.id).has_value());
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(miner.id), EndReason::idle);
}

TEST(Deadlines, LeaveAMinerAloneWhoseSharesAreRare)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.pass(std::chrono::minutes{20});
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    talk.pass(std::chrono::minutes{60});
    EXPECT_FALSE(talk.end_of(miner.id).has_value());
}

// Ten shares a minute at 2^-30 is one in 1.7 hours at 2^-20.
TEST(Deadlines, LeaveAMinerAloneThatHasSaidHowSlowItIs)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, talk.open()};
    miner.say(R"({"id":1,"method":"mining.subscribe","params":[]})");
    miner.say(R"({"id":2,"method":"mining.authorize","params":["user.w","d=1e-9,md=9.6e-7"]})");
    ASSERT_EQ(miner.jobs.size(), 1U);
    talk.pass(std::chrono::hours{5});
    EXPECT_FALSE(talk.end_of(miner.id).has_value());
    talk.pass(std::chrono::hours{30});
    EXPECT_EQ(talk.end_of(miner.id), EndReason::idle);
}

TEST(Abuse, EndsAConnectionThatAsksForThirtyTwoThingsNobodyHas)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w1"};
    for (int i = 0; i < 31; ++i) miner.say(R"({"id":1,"method":"foo","params":[]})");
    EXPECT_FALSE(talk.end_of(miner.id).has_value());
    miner.say(R"({"id":1,"method":"foo","params":[]})");
    EXPECT_EQ(talk.end_of(miner.id), EndReason::too_many_bad_requests);
}

// A connection has one difficulty: what one customer of a proxy asks for is not for the others.
TEST(Password, OfAnotherAccountOnTheConnectionChangesNothing)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner proxy{talk, "user.w1"};
    EXPECT_EQ(proxy.difficulties.back(), 0x1p-22);
    proxy.say(R"({"id":3,"method":"mining.authorize","params":["user2.w1","d=1,md=1,fd=1"]})");
    talk.pass(seconds{2});
    talk.publish(1);
    proxy.take_in(talk.hear(proxy.id));
    EXPECT_EQ(proxy.difficulties.back(), 0x1p-22);
    proxy.say(
        R"({"id":4,"method":"mining.authorize","params":["user.w2","d=0.00000095367431640625"]})");
    talk.publish(1);
    proxy.take_in(talk.hear(proxy.id));
    EXPECT_EQ(proxy.difficulties.back(), 0x1p-20);
}

// Work for those that only subscribe comes after three seconds; what is negotiated and asked for
// afterwards is not left for the next regular job.
TEST(LateAuthorize, IsFollowedByMaskDifficultyAndOtherWorkAtOnce)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, talk.open()};
    miner.user = "user.w1";
    miner.say(configure);
    miner.say(subscribe);
    talk.pass(seconds{4});
    miner.take_in(talk.hear(miner.id));
    ASSERT_EQ(miner.jobs.size(), 1U);
    talk.pass(seconds{6});
    const Lines lines = miner.say(
        R"({"id":2,"method":"mining.authorize","params":["user.w1","d=0.000000476837158203125"]})");
    ASSERT_EQ(lines.size(), 4U) << "reply, mask, difficulty, job";
    EXPECT_EQ(lines[0], R"({"id":2,"result":true,"error":null})");
    EXPECT_TRUE(contains({lines[1]}, R"("mining.set_version_mask","params":["1fffe000"])"));
    EXPECT_EQ(miner.difficulties.back(), 0x1p-21);
    ASSERT_EQ(miner.jobs.size(), 2U);
    EXPECT_TRUE(miner.jobs[1]->clean);
    EXPECT_NE(miner.jobs[1]->coinbase_suffix, miner.jobs[0]->coinbase_suffix);
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_TRUE(contains(miner.submit(miner.find(*miner.jobs[0], {})), "true"));
    talk.pass(seconds{5});
    EXPECT_TRUE(talk.hear(miner.id).empty()) << "once";
}

// A miner whose set_difficulty was lost is told it anew with whatever job comes first, and not once
// more behind a job that was clean anyway.
TEST(LostDifficulty, IsRepeatedOnce)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner one{talk, "user.w1"};
    TalkingMiner other{talk, "user.w2"};
    for (TalkingMiner* miner : {&one, &other}) {
        for (int i = 0; i < 20; ++i) {
            const auto promised = *miner->target;
            miner->submit(miner->find({.target = pool::Uint256::max(), .not_target = promised}));
        }
    }
    EXPECT_EQ(one.difficulties.size(), 2U);
    ASSERT_EQ(other.difficulties.size(), 1U) << "its turn would have come in a tenth of a second";
    talk.publish(2);
    other.take_in(talk.hear(other.id));
    EXPECT_EQ(other.difficulties.size(), 2U);
    EXPECT_TRUE(other.jobs.back()->clean);
    talk.pass(seconds{2});
    EXPECT_TRUE(talk.hear(other.id).empty());
}

}  // namespace
}  // namespace tests
