#include "stratum/call_list.h"

#include <gtest/gtest.h>

#include "stratum/difficulty_policy.h"
#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr pool::SteadyTime start = pool::SteadyTime{} + milliseconds{3'600'400};

std::vector<std::uint64_t> numbers(const std::vector<pool::SessionId>& ids)
{
    std::vector<std::uint64_t> out;
    for (const pool::SessionId id : ids) out.push_back(id.value);
    return out;
}

TEST(CallList, GivesThoseWhoseTimeHasComeOnceAndOldestFirst)
{
    using Numbers = std::vector<std::uint64_t>;
    stratum::CallList calls;
    calls.put({1}, start + seconds{5});
    calls.put({2}, start + milliseconds{200});
    calls.put({3}, start + milliseconds{100});
    calls.put_soon({4});
    EXPECT_EQ(numbers(calls.take(start)), Numbers{4});
    EXPECT_EQ(numbers(calls.take(start + milliseconds{100})), Numbers{3})
        << "of the same second another one is due";
    EXPECT_EQ(numbers(calls.take(start + milliseconds{199})), Numbers{});
    EXPECT_EQ(numbers(calls.take(start + seconds{9})), (Numbers{2, 1}));
    EXPECT_EQ(numbers(calls.take(start + seconds{20})), Numbers{});
}

// What keeps an idle pool idle: looking at thousands of sessions each second was most of its work.
TEST(CallList, LeavesSessionsAloneThatHaveNothingToDo)
{
    Talk talk;
    talk.publish(1);
    for (int i = 0; i < 300; ++i) TalkingMiner{talk, "user.w"};
    talk.pass(seconds{1});
    talk.pace(milliseconds{500});
    int busy = 0;
    for (int second = 0; second < 20; ++second) {
        talk.now.steady += seconds{1};
        talk.shard.on_tick(talk.now);
        // More are due than fit into a turn.
        busy += talk.shard.pacing() ? 1 : 0;
        talk.end_turn();
        talk.pace(milliseconds{500});
    }
    EXPECT_LE(busy, 8);
}

// Most of those that idle are at the bottom: there a silence says nothing new.
TEST(CallList, AsksADifficultyAgainOnceASilenceMayMeanSomething)
{
    stratum::DifficultyPolicy policy{{.min = {0}, .max = {40}, .start = {2}}, start};
    // Of ten shares a minute 10.08 are missed: 6.05 shares are not surely more than none, and the
    // lower threshold is 0.6 of what is wanted.
    EXPECT_GT(policy.next_look(), start + milliseconds{60'500});
    EXPECT_LT(policy.next_look(), start + milliseconds{60'520});
    pool::SteadyTime now = start;
    const auto pass = [&](int count) {
        for (int second = 0; second < count; ++second) policy.on_tick(now += seconds{1});
    };
    pass(60);
    EXPECT_EQ(policy.next(), pool::Difficulty{2});
    pass(1);
    EXPECT_LT(policy.next(), pool::Difficulty{2}) << "nor is it later than with a look a second";
    pass(300);
    EXPECT_EQ(policy.next(), pool::Difficulty{0});
    int looks = 0;
    for (int second = 0; second < 600; ++second) {
        looks += policy.next_look() <= now + seconds{1} ? 1 : 0;
        pass(1);
    }
    EXPECT_LE(looks, 11);
    policy.set_bounds({-2}, {40});
    pass(60);
    EXPECT_EQ(policy.next(), pool::Difficulty{-2}) << "the bottom has gone down";
    policy.suggest({6}, now);
    pass(600);
    EXPECT_EQ(policy.next(), pool::Difficulty{-2}) << "silence is an answer again";
    EXPECT_EQ(stratum::DifficultyPolicy({.vary = false}, now).next_look(), pool::SteadyTime::max());
}

// However often it is stirred between, what was set for a session comes to pass at its time.
TEST(CallList, MissesNoDeadlineOfASessionThatIsStirred)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty.vary = false;
    Talk talk{options};
    talk.publish(1);
    const TalkingMiner idle{talk, "user.w1"};
    TalkingMiner slow{talk, "user.w2"};
    talk.pass(seconds{100});
    talk.send(slow.id, "{\"id\":");  // and no more of the line
    for (int second = 0; second < 14; ++second) {
        talk.pass(seconds{1});
        talk.send(slow.id, " ");
        EXPECT_FALSE(talk.end_of(slow.id)) << second;
    }
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(slow.id), stratum::EndReason::slow_line);
    talk.pass(seconds{30 * 60 - 116});
    EXPECT_FALSE(talk.end_of(idle.id));
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(idle.id), stratum::EndReason::idle);
}

}  // namespace
}  // namespace tests
