// What people are shown of the past, from real books.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "payouts/account_book.h"
#include "payouts/mysql_history.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::History;

constexpr std::uint64_t slot = 28'000'000;  // 2023: a multiple of ten, so a period begins here

std::unique_ptr<History> open(const BooksFixture& books)
{
    auto opened = History::open(books.mysql());
    EXPECT_TRUE(opened.has_value()) << opened.error().detail;
    return std::move(*opened);
}

TEST(History, AddsUpAnAccountsWorkByStepsAndLeavesOutTheOthers)
{
    BooksFixture books;
    const auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.account(2, 2, slot);
    stream.worker(7, 1, "rig", slot);
    stream.share(1, slot, 2, pool::RecordKind::share, 7);
    stream.share(1, slot + 1, 4, pool::RecordKind::share, 7);
    stream.share(1, slot + 12, 8, pool::RecordKind::share, 7);
    stream.share(2, slot + 1, 100);
    stream.ship_rest();
    settle(*service, slot + 13);

    const auto history = open(books);
    const std::string name = test_address("regtest", 1);
    const auto points = history->account_work(name, slot * 60, 600);
    ASSERT_TRUE(points.has_value()) << points.error().detail;
    const std::vector<payouts::HistoryPoint> expected{{slot * 60, 6, 2, 0},
                                                      {(slot + 10) * 60, 8, 1, 0}};
    EXPECT_EQ(*points, expected);
    const auto worker = history->worker_work(name, "rig", slot * 60, (slot + 13) * 60, 600);
    ASSERT_TRUE(worker.has_value()) << worker.error().detail;
    EXPECT_EQ(*worker, expected);
    EXPECT_TRUE(history->worker_work(name, "other", slot * 60, (slot + 13) * 60, 600)->empty());
    EXPECT_EQ(history->account_work(name, (slot + 10) * 60, 600)->size(), 1U);
    EXPECT_EQ(history->account_work("nobody", 0, 600).error().code, pool::Error::Code::not_found);
    EXPECT_TRUE(history->earnings(name, 10)->empty());
}

TEST(History, TellsWhatAWorkerDidAMonthAgoByTheHour)
{
    BooksFixture books;
    const auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.worker(7, 1, "rig", slot);
    stream.share(1, slot, 2, pool::RecordKind::share, 7);
    stream.ship_rest();
    settle(*service, slot + 13);
    const std::string name = test_address("regtest", 1);
    // As merge_into_hours leaves them, for thirty days and for the last two.
    constexpr std::uint64_t now = slot / 10;
    books.scalar("insert into worker_sum select (" + std::to_string(now / 6 * 6) +
                 " - 6 * seq), min(account_id), 'rig', 1, 0, seq from worker_sum, seq_48_to_720 "
                 "where worker = 'rig' group by seq");
    books.scalar("insert into worker_sum select " + std::to_string(now) +
                 " - seq, min(account_id), 'rig', 1, 0, 1 from worker_sum, seq_1_to_287 "
                 "where worker = 'rig' group by seq");
    const std::uint64_t until = slot * 60;
    const std::uint64_t from = until / 3600 * 3600 - 720 * 3600;
    const auto points = open(books)->worker_work(name, "rig", from, until, 3600);
    ASSERT_TRUE(points.has_value()) << points.error().detail;
    EXPECT_EQ(points->size(), 721U) << "each hour of thirty days";
    EXPECT_EQ(points->front().work, pool::U128{720});
    EXPECT_EQ(points->at(100).shares, 1U);
    EXPECT_EQ(points->at(720 - 10).shares, 6U);
    const auto plan = books.scalar(
        "explain format=json select sum(work) from worker_sum where account_id = 1 and worker = "
        "'rig' and period in (2799999, 2799998, 2799990)");
    EXPECT_NE(plan.find("\"key\": \"PRIMARY\""), std::string::npos) << plan;
    EXPECT_NE(plan.find("\"worker\""), std::string::npos) << "all of the key: " << plan;
}

// N is two blocks' worth of score (books_fixture.h), and on regtest a share of work 2 scores one.
TEST(History, TellsWhatOfTheWindowIsAnAccountsAndWhatIsStillToComeOfIt)
{
    BooksFixture books;
    const auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.account(2, 2, slot);
    stream.share(1, slot, 2);  // one unit, in its own slot
    stream.mark(slot + 1);
    stream.share(2, slot + 1, 2);  // one more: the window is full
    stream.mark(slot + 2);
    stream.ship_rest();
    settle(*service, slot + 20);

    const auto history = open(books);
    constexpr pool::U128 unit = 1'000'000'000'000'000'000U;
    const auto older = history->window(test_address("regtest", 1));
    ASSERT_TRUE(older.has_value()) << older.error().detail;
    EXPECT_EQ(older->window, 2 * unit);
    EXPECT_EQ(older->total, 2 * unit);
    EXPECT_EQ(older->mine, unit);
    // It lies in the older half: on average half a unit of two is left to it.
    EXPECT_EQ(older->to_come, unit / 4);
    const auto newer = history->window(test_address("regtest", 2));
    ASSERT_TRUE(newer.has_value());
    EXPECT_EQ(newer->to_come, 3 * unit / 4);
    EXPECT_EQ(newer->fee_bps, 100U);

    stream.share(2, slot + 20, 1);  // half a unit pushes half of the oldest out
    stream.mark(slot + 21);
    stream.ship_rest();
    settle(*service, slot + 40);
    const auto pushed = history->window(test_address("regtest", 1));
    EXPECT_EQ(pushed->mine, unit / 2);
    EXPECT_EQ(pushed->to_come, unit / 16);
}

TEST(History, ReckonsWithTheTermsThatAreInForceForTheNextBlock)
{
    BooksFixture books;
    const auto service = books.open();
    payouts::AccountBookOptions options;
    options.mysql = books.mysql();
    options.notice = std::chrono::hours{0};
    const auto book = payouts::AccountBook::open(options);
    ASSERT_TRUE(book.has_value()) << book.error().detail;
    const auto from = pool::UnixMillis{(slot + 2) * pool::slot_ms};
    const payouts::Occasion on{"olga", pool::UnixMillis{slot * pool::slot_ms}, pool::Height{1}};
    constexpr pool::U128 unit = 1'000'000'000'000'000'000U;
    ASSERT_TRUE((*book)->set_window(unit, from, on).has_value());
    ASSERT_TRUE((*book)->set_usual_fee(300, from, on).has_value());

    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 2);
    stream.share(1, slot + 1, 2);
    stream.mark(slot + 2);
    stream.ship_rest();
    settle(*service, slot + 20);

    const auto part = open(books)->window(test_address("regtest", 1));
    ASSERT_TRUE(part.has_value()) << part.error().detail;
    EXPECT_EQ(part->window, unit);
    EXPECT_EQ(part->mine, unit);
    EXPECT_EQ(part->fee_bps, 300U);
}

}  // namespace
}  // namespace tests
