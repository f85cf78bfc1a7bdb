#include "pool/app/live.h"

#include <string>

#include <gtest/gtest.h>

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
    const LiveState state = merged({{"a-0", loop_with("ann", "rig-1", {now_s * 1000})}},
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
