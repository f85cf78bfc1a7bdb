#include "rpc/workers_summary.h"

#include <string>

#include <gtest/gtest.h>

#include "rpc/pool_view.h"

namespace rpc {
namespace {

constexpr double hashes_a_difficulty = 4294967296.0;

TEST(WorkersSummary, HoldsTheTenBestShares)
{
    WorkersSum sum;
    for (const int best : {3, 30, 7, 12, 1, 29, 5, 2, 28, 11, 27, 4, 26, 0, 25}) {
        WorkerInfo worker;
        worker.best_share = best;
        worker.user_agent = "agent " + std::to_string(best);
        sum.add(worker);
    }
    const WorkersSummary summary = sum.take();
    std::vector<double> best;
    for (const WorkersSummary::Best& each : summary.best) best.push_back(each.difficulty);
    EXPECT_EQ(best, (std::vector<double>{30, 29, 28, 27, 26, 25, 12, 11, 7, 5}));
    EXPECT_EQ(summary.best.front().user_agent, "agent 30");
    EXPECT_TRUE(summary.agents.empty()) << "nobody works";
}

TEST(WorkersSummary, CountsTheSharesThatTheRatesComeTo)
{
    WorkersSum sum;
    WorkerInfo worker;
    worker.difficulty = 8;
    worker.rates.m1 = 16 * hashes_a_difficulty;
    worker.rates.m5 = 8 * hashes_a_difficulty;
    worker.rates.m15 = 4 * hashes_a_difficulty;
    worker.rates.h1 = 2 * hashes_a_difficulty;
    sum.add(worker);
    sum.add(worker);
    worker.difficulty = 0;  // is gone
    sum.add(worker);
    const auto shares = sum.take().shares;
    EXPECT_DOUBLE_EQ(shares.m1, 4);
    EXPECT_DOUBLE_EQ(shares.m5, 2);
    EXPECT_DOUBLE_EQ(shares.m15, 1);
    EXPECT_DOUBLE_EQ(shares.h1, 0.5);
}

// Whoever invents agents makes the answer no longer, and hides nobody who mines more.
TEST(WorkersSummary, NamesTheAgentsThatMineMostAndSoManyOnly)
{
    WorkersSum sum;
    for (int i = 0; i < 1000; ++i) {
        WorkerInfo invented;
        invented.user_agent = "a" + std::to_string(i);
        invented.rates.m10 = 1;
        sum.add(invented);
        WorkerInfo real;
        real.user_agent = "real";
        real.rates.m10 = 5;
        real.best_share = i;
        sum.add(real);
    }
    const WorkersSummary summary = sum.take();
    ASSERT_EQ(summary.agents.size(), WorkersSummary::agents_max);
    EXPECT_EQ(summary.agents.front().name, "real");
    EXPECT_EQ(summary.agents.front().workers, 1000U);
    EXPECT_EQ(summary.agents.front().best_share, 999);
    EXPECT_EQ(summary.agents.front().rate, 5000);
    EXPECT_TRUE(sum.take().agents.empty()) << "taken";
}

}  // namespace
}  // namespace rpc
