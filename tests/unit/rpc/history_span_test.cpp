#include "rpc/history_span.h"

#include <gtest/gtest.h>

namespace rpc {
namespace {

constexpr auto account = HistoryOf::pool_or_account;
constexpr auto worker = HistoryOf::worker;

TEST(HistorySpan, HasAUsualStepForEachRange)
{
    EXPECT_EQ(history_span("", "", account), (HistorySpan{24, 600}));
    EXPECT_EQ(history_span("6h", "", account), (HistorySpan{6, 300}));
    EXPECT_EQ(history_span("6h", "", worker), (HistorySpan{6, 600}));
    EXPECT_EQ(history_span("30d", "", worker), (HistorySpan{720, 14'400}));
    EXPECT_EQ(history_span("2y", "", account), (HistorySpan{17'520, 86'400}));
}

TEST(HistorySpan, TakesTheStepThatIsNamedWhereItIsKept)
{
    EXPECT_EQ(history_span("24h", "1m", account), (HistorySpan{24, 60}));
    EXPECT_EQ(history_span("30d", "10m", account), (HistorySpan{720, 600}));
    EXPECT_EQ(history_span("30d", "1h", worker), (HistorySpan{720, 3600}));
    EXPECT_EQ(history_span("2y", "4h", account), (HistorySpan{17'520, 14'400}));
    for (const char* const finer : {"1m", "5m"}) {
        EXPECT_EQ(history_span("7d", finer, account), std::nullopt) << finer;
        EXPECT_EQ(history_span("6h", finer, worker), std::nullopt) << finer;
    }
    EXPECT_EQ(history_span("1y", "10m", account), std::nullopt);
    EXPECT_EQ(history_span("48h", "10m", worker), (HistorySpan{48, 600}))
        << "as long as they are kept";
    EXPECT_EQ(history_span("48h", "", worker), (HistorySpan{48, 600}));
    EXPECT_EQ(history_span("48h", "5m", account), std::nullopt);
    EXPECT_EQ(history_span("7d", "10m", worker), std::nullopt);
    EXPECT_EQ(history_span("1y", "", worker), std::nullopt);
    EXPECT_EQ(history_span("1y", "1h", account), std::nullopt) << "8,760 points";
}

TEST(HistorySpan, IsNoneForAnyOtherWord)
{
    for (const char* const word : {"8d", "24", "24H", " 24h", "-1", "24h0"}) {
        EXPECT_EQ(history_span(word, "", account), std::nullopt) << word;
        EXPECT_EQ(history_span("", word, account), std::nullopt) << word;
    }
}

}  // namespace
}  // namespace rpc
