#include "pool/app/live.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

rpc::WorkerInfo worker(const std::string& name, double rate)
{
    rpc::WorkerInfo info;
    info.name = name;
    info.rates.m5 = rate;
    info.accepted = 3;
    info.stale = 1;
    info.rejected = 2;
    info.best_share = rate * 10;
    return info;
}

// An answer about an account must not walk through ten thousand workers.
TEST(LiveAccount, KnowsWhatItsWorkersDoTogetherAndFindsEachByName)
{
    LiveState::Account account;
    for (const char* const name : {"rig", "rig-1", "rig-10", "rig-2"}) {
        account.add(worker(name, static_cast<double>(std::string{name}.size())));
    }
    EXPECT_EQ(account.rates.m5, 3 + 5 + 6 + 5);
    EXPECT_EQ(account.accepted, 12U);
    EXPECT_EQ(account.stale, 4U);
    EXPECT_EQ(account.rejected, 8U);
    EXPECT_EQ(account.best_share, 60);
    for (const rpc::WorkerInfo& each : account.workers) {
        ASSERT_NE(account.worker(each.name), nullptr) << each.name;
        EXPECT_EQ(account.worker(each.name), &each);
    }
    for (const char* const absent : {"", "a", "rig-", "rig-11", "z"}) {
        EXPECT_EQ(account.worker(absent), nullptr) << absent;
    }
}

LoopSnapshot loop_with(const std::string& account, const std::string& worker, UnixMillis last_share)
{
    stratum::WorkerSnapshot snapshot;
    snapshot.account = account;
    snapshot.worker = worker;
    snapshot.last_share = last_share;
    snapshot.counts.accepted = 1;
    LoopSnapshot loop;
    loop.past_workers.push_back(snapshot);
    return loop;
}

TEST(Merged, ShowsWorkersThatHaveNotComeBackSinceTheServerStarted)
{
    constexpr std::uint64_t now_s = 1'700'000'000;
    constexpr std::uint64_t week_s = 7 * 86'400;
    const auto loop =
        std::make_shared<const LoopSnapshot>(loop_with("ann", "rig-1", {now_s * 1000}));
    const LiveState state = merged({{"a-0", loop}},
                                   {{"ann", "rig-0", now_s - 60},
                                    {"ann", "rig-1", now_s - 900},
                                    {"bob", "ahead", now_s + 300},
                                    {"eve", "old", now_s - week_s - 1}},
                                   UnixMillis{now_s * 1000});
    const auto& anns = state.by_account.at("ann").workers;
    ASSERT_EQ(anns.size(), 2U);
    EXPECT_EQ(anns[0].name, "rig-0");
    EXPECT_TRUE(anns[0].earlier);
    EXPECT_EQ(anns[0].last_share, UnixMillis{(now_s - 60) * 1000});
    EXPECT_EQ(anns[0].best_share, 0);
    EXPECT_FALSE(anns[1].earlier);
    EXPECT_EQ(anns[1].last_share, UnixMillis{now_s * 1000});
    EXPECT_EQ(state.by_account.at("bob").workers.at(0).last_share, UnixMillis{now_s * 1000});
    EXPECT_FALSE(state.by_account.contains("eve"));
    EXPECT_EQ(state.workers, 1U) << "who is not here is counted where he is";
    EXPECT_EQ(state.users, 1U);
}

TEST(Merged, SaysWhichRedisTakesNothingAndHowOldTheOldestShareInAJournalIs)
{
    LoopSnapshot well;
    well.redis_ok = true;
    LoopSnapshot away;
    away.unshipped_since = UnixMillis{8};
    LoopSnapshot full;
    full.redis_trouble = "out of memory";
    full.unshipped_since = UnixMillis{5};
    const auto state_of = [](std::vector<LoopSnapshot> loops) {
        std::vector<LoopAnswer> answers;
        for (LoopSnapshot& each : loops) {
            answers.push_back({"a", std::make_shared<const LoopSnapshot>(std::move(each))});
        }
        return merged(answers, {}, UnixMillis{9});
    };
    const LiveState good = state_of({well, well});
    EXPECT_TRUE(good.redis_ok);
    EXPECT_EQ(good.redis_trouble, "");
    EXPECT_EQ(good.unshipped_since, std::nullopt);
    const LiveState bad = state_of({well, away, full, away});
    EXPECT_FALSE(bad.redis_ok);
    EXPECT_EQ(bad.redis_trouble, "out of memory");
    EXPECT_EQ(bad.unshipped_since, UnixMillis{5});
}

using std::chrono::milliseconds;

TEST(Merged, TellsOfEachConnectionHowLongItTakesFromAJobToItsFirstShare)
{
    LoopSnapshot loop;
    for (const unsigned connected : {1U, 2U}) {
        stratum::SessionSnapshot& session = loop.sessions.emplace_back();
        session.connected = {connected};
        stratum::WorkerSnapshot& worker = session.workers.emplace_back();
        worker.account = "ann";
        worker.worker = "rig";
    }
    loop.sessions[1].first_share =
        stratum::FirstShare::Times{milliseconds{640}, milliseconds{4200}};
    const auto answer = std::make_shared<const LoopSnapshot>(std::move(loop));
    const LiveState state = merged({{"a-0", answer}}, {}, UnixMillis{3});
    const auto& sessions = state.by_account.at("ann").workers.at(0).sessions;
    ASSERT_EQ(sessions.size(), 2U);
    EXPECT_EQ(sessions[0].first_share, milliseconds{640});
    EXPECT_EQ(sessions[0].first_share_mean, milliseconds{4200});
    EXPECT_EQ(sessions[1].first_share, std::nullopt);
    EXPECT_EQ(sessions[1].first_share_mean, std::nullopt);
}

/// Two Stratum loops, of which the test says when the second one answers.
class LateLoop : public ::testing::Test {
protected:
    using Answer = std::function<void(LoopSnapshot)>;

    void make(Live::Times times)
    {
        const auto first = [](const Answer& answer) {
            answer(loop_with("ann", "here", read_clock().wall));
        };
        const auto second = [this](Answer answer) { asked.push_back(std::move(answer)); };
        live = std::make_unique<Live>(
            test.loop, test.loop, [] { return Live::Work{}; },
            std::vector<Live::Source>{{"a-0", first}, {"a-1", second}}, times);
    }
    /// The names of ann's workers, as somebody is told who asks now.
    std::string names()
    {
        std::string names;
        live->get([&](const Live::StatePtr& state) {
            for (const auto& each : state->by_account.at("ann").workers) names += each.name + " ";
            test.loop.stop();
        });
        if (names.empty()) test.run();
        return names;
    }
    void second_says(const std::string& worker)
    {
        asked.back()(loop_with("ann", worker, read_clock().wall));
    }

    TestLoop test;
    std::vector<Answer> asked;
    std::unique_ptr<Live> live;
};

// Thousands of workers were gone from the page of their account for half a minute when one of two
// loops was late by a second.
TEST_F(LateLoop, IsShownAsItWas)
{
    make({.fresh = milliseconds{0}, .kept = milliseconds{0}, .patience = milliseconds{20}});
    EXPECT_EQ(names(), "here ") << "nothing was known of it";
    second_says("there");
    EXPECT_EQ(names(), "here there ");
    EXPECT_EQ(names(), "here there ");
    EXPECT_EQ(asked.size(), 2U) << "who owes an answer is not asked for another";
    second_says("there-2");
    EXPECT_EQ(names(), "here there-2 ");
}

TEST_F(LateLoop, IsLeftOutOnceItHasBeenSilentForLong)
{
    make({.fresh = milliseconds{0},
          .kept = milliseconds{0},
          .patience = milliseconds{20},
          .believed = milliseconds{0}});
    EXPECT_EQ(names(), "here ");
    second_says("there");
    EXPECT_EQ(names(), "here there ");
    EXPECT_EQ(names(), "here ") << "what it said is older than is believed";
}

// Prometheus comes every few seconds: each time it waited until ten thousand workers were put
// together, 43 ms.
TEST(LivePool, IsKeptFreshOnceSomebodyHasAsked)
{
    TestLoop test;
    int rounds = 0;
    const auto loop = [&](const std::function<void(LoopSnapshot)>& answer) {
        answer(loop_with("ann", std::to_string(++rounds), read_clock().wall));
        if (rounds == 4) test.loop.stop();
    };
    Live live{
        test.loop, test.loop, [] { return Live::Work{}; }, {{"a-0", loop}}, {milliseconds{1}}};
    live.get([](const Live::StatePtr&) {});
    test.run();
    std::string worker;
    live.get([&worker](const Live::StatePtr& state) {
        worker = state->by_account.at("ann").workers.at(0).name;
    });
    EXPECT_NE(worker, "") << "a round is on its way";
}

TEST(StrongestWorkers, AreThoseOfAllAccountsOrOfOne)
{
    LiveState state;
    state.by_account["ann"].add(worker("a", 5));
    state.by_account["ann"].add(worker("b", 7));
    state.by_account["bob"].add(worker("a", 6));
    const auto all = strongest_workers(state, "", 2);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].account + all[0].worker.name, "annb");
    EXPECT_EQ(all[1].account + all[1].worker.name, "boba");
    const auto of_bob = strongest_workers(state, "bob", 9);
    ASSERT_EQ(of_bob.size(), 1U);
    EXPECT_EQ(of_bob[0].account, "bob");
    EXPECT_TRUE(strongest_workers(state, "eve", 9).empty());
}

}  // namespace
}  // namespace pool
