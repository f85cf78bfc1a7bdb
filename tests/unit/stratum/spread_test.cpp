#include "stratum/spread.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using stratum::Spread;

constexpr milliseconds over{1000};
constexpr pool::SteadyTime start = pool::SteadyTime{} + std::chrono::hours{1};

std::vector<pool::SessionId> ids(std::size_t count)
{
    std::vector<pool::SessionId> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back({i});
    return out;
}

std::size_t jobs_heard(Talk& talk, const std::vector<pool::SessionId>& miners)
{
    std::size_t count = 0;
    for (const pool::SessionId id : miners) {
        for (const std::string& line : talk.hear(id)) {
            if (line.find("mining.notify") != std::string::npos) ++count;
        }
    }
    return count;
}

std::vector<pool::SessionId> mine(Talk& talk, std::size_t count)
{
    std::vector<pool::SessionId> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(TalkingMiner{talk, "user.w"}.id);
    return out;
}

std::shared_ptr<pool::Job> routine_job(Talk& talk, std::uint8_t tip)
{
    auto job = talk.make_job(tip);
    job->routine = true;
    return job;
}

TEST(Spread, TakesItsTimeEvenlyAndLeavesNobodyOutNorTwice)
{
    Spread spread;
    spread.begin(ids(10'000), over, start);
    std::set<std::uint64_t> seen;
    std::size_t most = 0;
    for (milliseconds at{0}; at < over; at += milliseconds{10}) {
        const auto due = spread.due(start + at);
        most = std::max(most, due.size());
        for (const pool::SessionId id : due) EXPECT_TRUE(seen.insert(id.value).second);
        if (at == over / 2) {
            EXPECT_NEAR(static_cast<double>(seen.size()), 5000, 200);
        }
    }
    EXPECT_LE(most, 110U);
    for (const pool::SessionId id : spread.due(start + over)) seen.insert(id.value);
    EXPECT_FALSE(spread.active());
    EXPECT_TRUE(spread.due(start + 2 * over).empty());
    EXPECT_EQ(seen.size(), 10'000U);
}

TEST(Spread, NeverTakesMoreThanItsPartOfATurnHoweverManyThereAre)
{
    Spread spread;
    spread.begin(ids(100'000), over, start);
    std::size_t sent = 0;
    for (milliseconds at{0}; spread.active(); at += milliseconds{10}) {
        const std::size_t now = spread.due(start + at).size();
        EXPECT_LE(now, Spread::turn_max);
        sent += now;
    }
    EXPECT_EQ(sent, 100'000U);
}

TEST(Spread, LetsNobodyWaitForeverWhenJobsComeFasterThanRounds)
{
    Spread spread;
    std::set<std::uint64_t> served;
    pool::SteadyTime now = start;
    for (int round = 0; round < 5; ++round) {
        spread.begin(ids(1000), over, now);
        for (int turn = 0; turn < 25; ++turn) {
            now += milliseconds{10};
            for (const pool::SessionId id : spread.due(now)) served.insert(id.value);
        }
    }
    EXPECT_EQ(served.size(), 1000U);
}

TEST(Spread, OfASmallPoolIsOverAtOnce)
{
    Spread spread;
    spread.begin(ids(Spread::first), over, start);
    EXPECT_EQ(spread.due(start).size(), Spread::first);
    EXPECT_FALSE(spread.active());
}

TEST(RoutineJobs, GoOutByAndByAndEachMinerGetsOne)
{
    Talk talk;
    talk.publish(1);
    const auto miners = mine(talk, 200);
    talk.publish(routine_job(talk, 1));
    EXPECT_EQ(jobs_heard(talk, miners), Spread::first);
    talk.pace(over / 2);
    const std::size_t by_half = jobs_heard(talk, miners);
    EXPECT_NEAR(static_cast<double>(by_half), 100, 10);
    talk.pace(over / 2);
    EXPECT_EQ(Spread::first + by_half + jobs_heard(talk, miners), 200U);
    EXPECT_FALSE(talk.shard.pacing());
}

TEST(RoutineJobs, GiveWayToACleanJobThatAllGetAtOnce)
{
    Talk talk;
    talk.publish(1);
    const auto miners = mine(talk, 200);
    talk.publish(routine_job(talk, 1));
    jobs_heard(talk, miners);
    talk.publish(2);
    EXPECT_EQ(jobs_heard(talk, miners), 200U);
    talk.pace(over);
    EXPECT_EQ(jobs_heard(talk, miners), 0U) << "what was left of the round is old work";
}

TEST(RoutineJobs, ReachNewcomersAtOnceAndDoNotComeAgain)
{
    Talk talk;
    talk.publish(1);
    const auto miners = mine(talk, 100);
    const pool::SessionId waiting = talk.open();
    const auto job = routine_job(talk, 1);
    talk.publish(job);
    TalkingMiner newcomer{talk, "user.new"};
    ASSERT_EQ(newcomer.jobs.size(), 1U);
    EXPECT_TRUE(contains(
        talk.say(waiting, R"({"id":1,"method":"mining.subscribe","params":[]})"
                          "\n"
                          R"({"id":2,"method":"mining.authorize","params":["user.x","x"]})"),
        "mining.notify"));
    talk.pace(over);
    EXPECT_EQ(jobs_heard(talk, {newcomer.id, waiting}), 0U);
    EXPECT_EQ(jobs_heard(talk, miners), 100U);
}

// Its turn in the round comes after it has the job, and another one for a new difficulty: what was
// promised for the job stays as it was.
TEST(RoutineJobs, AreNotSentAgainToWhomTheyWerePromisedAtAnotherDifficulty)
{
    Talk talk;
    talk.publish(1);
    const auto miners = mine(talk, 200);
    TalkingMiner newcomer{talk, talk.open()};
    newcomer.user = "user.new";
    newcomer.say(R"({"id":1,"method":"mining.subscribe","params":[]})");
    talk.publish(routine_job(talk, 1));
    newcomer.say(R"({"id":2,"method":"mining.authorize","params":["user.new","x"]})");
    ASSERT_EQ(newcomer.jobs.size(), 1U);
    const auto job = newcomer.jobs.back();
    newcomer.say(R"({"id":3,"method":"mining.suggest_difficulty","params":[0.000004]})");
    talk.pass(std::chrono::seconds{1});
    newcomer.take_in(talk.hear(newcomer.id));
    ASSERT_EQ(newcomer.jobs.size(), 2U) << "other work for the new difficulty";
    ASSERT_TRUE(talk.shard.pacing());
    talk.pace(over);
    newcomer.take_in(talk.hear(newcomer.id));
    EXPECT_EQ(newcomer.jobs.size(), 2U);
    const auto easy = newcomer.find(*job, {.not_target = pool::target_of({-18})});
    EXPECT_TRUE(contains(newcomer.submit(easy), R"("result":true)"));
}

// A share of the job before is good work until the tip moves, wherever the round is.
TEST(RoutineJobs, LeaveTheJobBeforeAsGoodAsItWas)
{
    Talk talk;
    talk.publish(1);
    mine(talk, 100);
    TalkingMiner miner{talk, "user.last"};
    talk.publish(routine_job(talk, 1));
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
}

TEST(Spread, AsksMinersToConnectAgainOneAfterTheOther)
{
    Talk talk;
    talk.publish(1);
    const std::vector<pool::SessionId> miners = mine(talk, 200);
    jobs_heard(talk, miners);
    const auto asked = [&talk, &miners] {
        std::size_t count = 0;
        for (const pool::SessionId id : miners) {
            count += contains(talk.hear(id), R"("client.reconnect","params":[]})") ? 1U : 0U;
        }
        return count;
    };
    talk.shard.ask_to_reconnect(std::chrono::seconds{20}, talk.now);
    talk.pace(milliseconds{0});
    EXPECT_LE(asked(), 2U);
    for (int second = 1; second < 20; ++second) {
        talk.pace(milliseconds{1000});
        EXPECT_NEAR(static_cast<double>(asked()), 10, 1) << second;
    }
    talk.pace(milliseconds{1100});
    EXPECT_NEAR(static_cast<double>(asked()), 10, 2);
    EXPECT_FALSE(talk.shard.pacing());
    // They are served for as long as they stay.
    talk.publish(2);
    EXPECT_EQ(jobs_heard(talk, miners), miners.size());
}

// They would sit on a server that is going away until it hangs up on them.
TEST(Spread, AsksThoseWhoHaveNoWorkYetToConnectAgainOnceTheyHaveIt)
{
    Talk talk;
    const auto subscribed = talk.open();
    talk.say(subscribed, R"({"id":1,"method":"mining.subscribe","params":[]})");
    TalkingMiner waiting{talk, "user.w"};
    talk.shard.ask_to_reconnect(milliseconds{100}, talk.now);
    talk.pace(milliseconds{200});
    const auto late = talk.open();
    const auto asked = [](const Lines& lines) { return contains(lines, "client.reconnect"); };
    EXPECT_FALSE(asked(talk.hear(subscribed)) || asked(talk.hear(waiting.id)));

    talk.publish(1);
    EXPECT_TRUE(asked(talk.hear(waiting.id)));
    constexpr std::string_view authorize =
        R"({"id":2,"method":"mining.authorize","params":["user.w","x"]})";
    const Lines heard = talk.say(subscribed, authorize);
    ASSERT_TRUE(asked(heard));
    EXPECT_TRUE(contains({heard.back()}, "client.reconnect")) << "behind its first job";
    talk.say(late, R"({"id":1,"method":"mining.subscribe","params":[]})");
    EXPECT_TRUE(asked(talk.say(late, authorize)));
    talk.publish(2);
    for (const auto id : {subscribed, waiting.id, late}) {
        EXPECT_FALSE(asked(talk.hear(id))) << "once";
    }
}

TEST(Spread, TellsPeopleSomethingOneMinerAfterTheOther)
{
    Talk talk;
    talk.publish(1);
    std::vector<pool::SessionId> ids;
    for (int i = 0; i < 600; ++i) ids.push_back(TalkingMiner{talk, "user.w", false}.id);
    const auto told = [&] {
        return std::count_if(ids.begin(), ids.end(), [&talk](pool::SessionId id) {
            return contains(talk.hear(id), "the node is back");
        });
    };
    talk.shard.announce("the node is back", talk.now);
    std::vector<std::ptrdiff_t> steps;
    std::ptrdiff_t all = 0;
    for (int hundredth = 0; hundredth <= 100; ++hundredth) {
        talk.pace(std::chrono::milliseconds{10});
        steps.push_back(told());
        all += steps.back();
    }
    EXPECT_EQ(all, 600) << "each once";
    EXPECT_LE(*std::max_element(steps.begin(), steps.end()), 64);
    EXPECT_FALSE(talk.shard.pacing());
}

// A node that comes and goes must not flood what machines show to people.
TEST(Spread, TellsPeopleOneThingAMinuteAndThenTheLast)
{
    Talk talk;
    talk.publish(1);
    const TalkingMiner miner{talk, "user.w", false};
    talk.shard.announce("lost", talk.now);
    talk.end_turn();
    EXPECT_TRUE(contains(talk.hear(miner.id), "[\"lost\"]"));
    for (int i = 0; i < 50; ++i) talk.shard.announce("lost and back", talk.now);
    talk.shard.announce("back", talk.now);
    talk.pass(std::chrono::seconds{59});
    EXPECT_FALSE(contains(talk.hear(miner.id), "show_message"));
    talk.pass(std::chrono::seconds{1});
    const Lines heard = talk.hear(miner.id);
    EXPECT_TRUE(contains(heard, "[\"back\"]"));
    EXPECT_FALSE(contains(heard, "lost"));
    talk.pass(std::chrono::seconds{300});
    EXPECT_FALSE(contains(talk.hear(miner.id), "show_message")) << "once";
    talk.shard.announce("lost", talk.now);
    talk.end_turn();
    EXPECT_TRUE(contains(talk.hear(miner.id), "[\"lost\"]")) << "a quiet minute, and at once";
}

// Whoever only watches gets work at a tick.
TEST(Ticks, ComeToThousandsOneAfterTheOtherSoThatNoTurnIsLong)
{
    Talk talk;
    talk.publish(1);
    constexpr std::size_t many = 1000;
    std::vector<pool::SessionId> watchers;
    for (std::size_t i = 0; i < many; ++i) {
        watchers.push_back(talk.open());
        talk.say(watchers.back(), R"({"id":1,"method":"mining.subscribe","params":[]})");
    }
    talk.now.steady += Talk::default_options().session.start_unauthorized;
    talk.shard.on_tick(talk.now);
    talk.end_turn();
    std::size_t served = jobs_heard(talk, watchers);
    EXPECT_EQ(served, Spread::first);
    talk.pace(milliseconds{250});
    served += jobs_heard(talk, watchers);
    EXPECT_LT(served, many * 6 / 10);
    talk.pace(milliseconds{300});
    served += jobs_heard(talk, watchers);
    EXPECT_EQ(served, many);
    EXPECT_FALSE(talk.shard.pacing());
}

}  // namespace
}  // namespace tests
