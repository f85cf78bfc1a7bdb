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
