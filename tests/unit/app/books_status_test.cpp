#include "pool/app/books_status.h"

#include <chrono>

#include <gtest/gtest.h>

namespace tests {
namespace {

using pool::BooksStatus;
using std::chrono::seconds;

pool::Now after(seconds time)
{
    return {pool::SteadyTime{} + seconds{1000} + time,
            pool::UnixMillis{1'000'000'000 + std::uint64_t(time.count()) * 1000}};
}

TEST(BooksStatus, BlamesTheStoreThatFailed)
{
    BooksStatus status;
    payouts::StepReport report;
    report.streams_trouble = "Redis is away";
    status.stepped(report, after(seconds{0}));
    EXPECT_TRUE(status.mysql_ok);
    EXPECT_EQ(status.streams_trouble, "Redis is away");
    EXPECT_FALSE(status.good());

    status.failed("MySQL is away");
    EXPECT_FALSE(status.mysql_ok);
    EXPECT_EQ(status.mysql_trouble, "MySQL is away");

    status.stepped({}, after(seconds{1}));
    EXPECT_TRUE(status.good());
    EXPECT_EQ(status.mysql_trouble, "");
    EXPECT_EQ(status.streams_trouble, "");
}

TEST(BooksStatus, ItsLagGrowsFromTheLastGoodStepWhicheverStoreIsAway)
{
    BooksStatus status;
    payouts::StepReport report;
    report.oldest_pending = pool::UnixMillis{after(seconds{0}).wall.value - 5000};
    status.stepped(report, after(seconds{0}));
    EXPECT_EQ(status.lag_at(after(seconds{0}).steady), 5000U);
    EXPECT_EQ(status.lag_at(after(seconds{1}).steady), 5000U) << "steps rest in between";

    status.failed("MySQL is away");
    EXPECT_EQ(status.lag_at(after(seconds{60}).steady), 65'000U);
    payouts::StepReport without;
    without.streams_trouble = "Redis is away";
    status.stepped(without, after(seconds{90}));
    EXPECT_EQ(status.lag_at(after(seconds{100}).steady), 105'000U);

    status.stepped({}, after(seconds{120}));
    EXPECT_EQ(status.lag_at(after(seconds{120}).steady), 0U);
}

}  // namespace
}  // namespace tests
