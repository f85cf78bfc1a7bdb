#include "pool/app/view_metrics.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

std::map<std::string, double> told(const payouts::Totals* totals, const BooksStatus& status)
{
    std::vector<rpc::Metric> metrics;
    add_book_metrics(totals, status, metrics);
    std::map<std::string, double> values;
    for (const rpc::Metric& each : metrics) values[each.name] = each.value;
    return values;
}

// A 0 would say that the ledger is even, of books that nobody has read.
TEST(BookMetrics, SayNothingOfBooksThatHaveNotAnswered)
{
    BooksStatus status;
    status.blocks_unbooked = 2;
    const auto unread = told(nullptr, status);
    EXPECT_FALSE(unread.contains("zubr_ledger_imbalance_sats"));
    EXPECT_FALSE(unread.contains("zubr_payout_pending_sats"));
    EXPECT_EQ(unread.at("zubr_blocks_unbooked"), 2);
    const payouts::Totals even;
    EXPECT_EQ(told(&even, status).at("zubr_ledger_imbalance_sats"), 0);
}

TEST(BookMetrics, TellSinceWhenTheOldestPayoutIsOnItsWayAndNothingWhenNoneIs)
{
    payouts::Totals totals;
    EXPECT_FALSE(told(&totals, {}).contains("zubr_payout_pending_since_timestamp_seconds"));
    totals.payout_pending_since = UnixMillis{1'700'000'000'500};
    EXPECT_EQ(told(&totals, {}).at("zubr_payout_pending_since_timestamp_seconds"), 1'700'000'000.5);
}

TEST(BookMetrics, SayNothingOfALedgerThatNobodyHasVerified)
{
    std::vector<rpc::Metric> metrics;
    add_verdict_metrics(std::nullopt, metrics);
    EXPECT_TRUE(metrics.empty());
    add_verdict_metrics(3, metrics);
    ASSERT_EQ(metrics.size(), 1U);
    EXPECT_EQ(metrics.front().name, "zubr_ledger_heads_unknown");
    EXPECT_EQ(metrics.front().value, 3);
}

}  // namespace
}  // namespace pool
