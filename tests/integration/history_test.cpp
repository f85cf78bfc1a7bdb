// What people are shown of the past, from real books.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/account_book.h"
#include "payouts/mysql_account_work.h"
#include "payouts/mysql_history.h"
#include "payouts/mysql_lease.h"
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
    const auto points = history->account_work(name, "", slot * 60, 600);
    ASSERT_TRUE(points.has_value()) << points.error().detail;
    const std::vector<payouts::HistoryPoint> expected{{slot * 60, 6, 2, 0},
                                                      {(slot + 10) * 60, 8, 1, 0}};
    EXPECT_EQ(*points, expected);
    const auto worker = history->worker_work(name, "rig", slot * 60, 600);
    ASSERT_TRUE(worker.has_value()) << worker.error().detail;
    EXPECT_EQ(*worker, expected);
    EXPECT_EQ(history->worker_work(name, "other", slot * 60, 600).error().code,
              pool::Error::Code::not_found);
    EXPECT_EQ(history->account_work(name, "", (slot + 10) * 60, 600)->size(), 1U);
    EXPECT_EQ(history->account_work("nobody", "", 0, 600).error().code,
              pool::Error::Code::not_found);
    EXPECT_TRUE(history->earnings(name, 10, {})->empty());
}

TEST(History, KnowsTheWorkersOfTheLastDaysAndWhenTheyHadTheirLastShare)
{
    BooksFixture books;
    const auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.worker(7, 1, "rig", slot);
    stream.worker(8, 1, "old", slot);
    stream.share(1, slot, 2, pool::RecordKind::share, 7);
    stream.share(1, slot, 2, pool::RecordKind::share, 8);
    stream.share(1, slot + 12, 8, pool::RecordKind::share, 7);
    stream.ship_rest();
    settle(*service, slot + 13);
    const auto workers = open(books)->workers((slot + 10) * 60);
    ASSERT_TRUE(workers.has_value()) << workers.error().detail;
    ASSERT_EQ(workers->size(), 1U);
    EXPECT_EQ(workers->front().account, test_address("regtest", 1));
    EXPECT_EQ(workers->front().worker, "rig");
    EXPECT_EQ(workers->front().last_s, (slot + 20) * 60) << "ten minutes are told as one";
    EXPECT_EQ(open(books)->workers(0)->size(), 2U);
    const auto plan = books.scalar(
        "explain format=json select account_id, worker, max(period) newest from worker_sum force "
        "index (worker_sum_worker) group by account_id, worker");
    EXPECT_NE(plan.find("using_index_for_group_by"), std::string::npos) << plan;
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
    const auto points = open(books)->worker_work(name, "rig", from, 3600);
    ASSERT_TRUE(points.has_value()) << points.error().detail;
    EXPECT_EQ(points->size(), 721U) << "each hour of thirty days";
    EXPECT_EQ(points->front().work, pool::U128{720});
    EXPECT_EQ(points->at(100).shares, 1U);
    EXPECT_EQ(points->at(720 - 10).shares, 6U);
    const auto plan = books.scalar(
        "explain format=json select period div 6 step, sum(work) from worker_sum force index "
        "(worker_sum_worker) where account_id "
        "= 1 and worker = 'rig' and period >= 2799990 group by step");
    EXPECT_NE(plan.find("\"key\": \"worker_sum_worker\""), std::string::npos) << plan;
}

using Points = std::vector<payouts::HistoryPoint>;

/// Two accounts by address, the first with two sites, and one by name, whose number is huge; a
/// stale share, and an hour without anybody.
struct Busy {
    BooksFixture books;
    std::unique_ptr<payouts::Service> service = books.open();
    payouts::MysqlConnection db{books.mysql()};
    payouts::Lease lease{db, "accountant", "test", std::chrono::hours{1}};
    std::unique_ptr<History> history;
    const std::string farm = test_address("regtest", 1);
    std::uint64_t accounts_at_once = 1;
    int parts = 0;  ///< that roll_up has done

    Busy()
    {
        const auto mill = service->create_account(
            "mill", *pool::parse_address(test_address("regtest", 3), pool::Chain::regtest));
        EXPECT_TRUE(mill.has_value());
        auto stream = books.producer("a-0");
        stream.start(slot);
        stream.account(1, 1, slot);
        stream.account(2, 2, slot);
        stream.registered(3, mill.value_or(pool::AccountId{}), slot);
        stream.worker(7, 1, "north-1", slot);
        stream.share(1, slot, 2, pool::RecordKind::share, 7);
        stream.mark(slot + 1);
        stream.ship_rest();
        settle(*service, slot + 1);
        payouts::AccountBookOptions options;
        options.mysql = books.mysql();
        const auto book = std::move(*payouts::AccountBook::open(options));
        const payouts::Occasion on{"olga", pool::UnixMillis{(slot + 1) * pool::slot_ms},
                                   pool::Height{1}};
        EXPECT_TRUE(book->set_site(farm, "north", "brest", std::nullopt, on).has_value());
        for (const std::uint64_t at : {2U, 9U, 10U, 31U, 59U, 60U, 125U, 126U}) {
            stream.share(1, slot + at, 2 * at, pool::RecordKind::share, 7);
            stream.share(1, slot + at, 1);
            stream.share(2, slot + at, 7, pool::RecordKind::stale);
            stream.share(2, slot + at, 3);
            stream.share(3, slot + at, 5);
        }
        stream.mark(slot + 140);
        stream.ship_rest();
        EXPECT_EQ(settle(*service, slot + 140).sealed_through, slot + 139);
        // As on a database that has just been migrated.
        books.scalar("delete from account_work");
        books.scalar("update work_copied set period = 0, account_id = 0");
        service.reset();
        EXPECT_TRUE(db.connect().has_value());
        EXPECT_TRUE(lease.keep(pool::read_clock().steady).value_or(false));
        history = open(books);
    }

    /// All that is told: of the pool, each account and both sites.
    std::vector<Points> told(std::uint64_t step_s) const
    {
        const std::uint64_t from = (slot / 60 - 1) * 3600;
        const std::string other = test_address("regtest", 2);
        return {*history->pool_work(from, step_s),
                *history->account_work(farm, "", from, step_s),
                *history->account_work(other, "", from, step_s),
                *history->account_work(farm, "main", from, step_s),
                *history->account_work(farm, "brest", from, step_s),
                *history->account_work("mill", "", from, step_s)};
    }
    bool roll_up(std::uint64_t minutes_later)
    {
        EXPECT_LT(++parts, 200) << "it comes to an end";
        if (parts >= 200) return false;
        const auto more =
            payouts::roll_up_work(db, lease, pool::UnixMillis{(slot + minutes_later) * 60'000},
                                  {.accounts_at_once = accounts_at_once, .rows_at_once = 2});
        EXPECT_TRUE(more.has_value()) << more.error().detail;
        return more.value_or(false);
    }
};

TEST(History, TellsTheSameAtEachStepOfRollingUp)
{
    Busy busy;
    const std::vector<Points> tens = busy.told(600);
    const std::vector<Points> hours = busy.told(3600);
    ASSERT_EQ(tens[0].size(), 6U);
    ASSERT_EQ(tens[2].front().stale, 2U);
    ASSERT_NE(tens[3], tens[4]);
    int parts = 0;
    for (; busy.roll_up(140); ++parts) {
        EXPECT_EQ(busy.told(600), tens) << "after part " << parts;
        EXPECT_EQ(busy.told(3600), hours) << "after part " << parts;
    }
    EXPECT_EQ(parts, 24) << "six periods of three accounts one at once, and a look for a fourth";
    EXPECT_EQ(busy.books.number("select count(distinct period) from account_work"), 6U);
    constexpr std::uint64_t month = 32 * 1440;
    for (parts = 0; busy.roll_up(month); ++parts) {
        EXPECT_EQ(busy.told(3600), hours) << "after part " << parts;
    }
    EXPECT_EQ(busy.told(3600), hours);
    EXPECT_EQ(busy.books.number("select count(distinct period) from account_work"), 3U);
    EXPECT_EQ(busy.books.number("select count(*) from account_work where period % 6 <> 0"), 0U);
    while (busy.roll_up(732 * 1440)) {
    }
    EXPECT_EQ(busy.books.scalar("select count(*) from account_work"), "0");
    EXPECT_GT(busy.books.number("select count(*) from slot_account"), 0U) << "money is not touched";
}

TEST(History, CopiesAPeriodTwiceWithoutCountingItTwice)
{
    Busy busy;
    const std::vector<Points> tens = busy.told(600);
    for (std::uint64_t round = 0; round < 3; ++round) {
        busy.accounts_at_once = 1 + round;
        while (busy.roll_up(140)) {
        }
        EXPECT_EQ(busy.told(600), tens) << busy.accounts_at_once << " at once";
        busy.books.scalar("update work_copied set period = 0, account_id = 0");
    }
}

TEST(History, DoesNotCopyAPeriodBeforeItsLastMinuteIsSealed)
{
    Busy busy;
    busy.books.scalar("drop trigger books_sealed_stay");
    busy.books.scalar("update books set sealed_through = " + std::to_string(slot + 18));
    while (busy.roll_up(140)) {
    }
    EXPECT_EQ(busy.books.number("select max(period) from account_work"), slot / 10);
}

TEST(History, TellsASitesWorkAndWhichSitesThereAre)
{
    const Busy busy;
    const auto brest = busy.history->account_work(busy.farm, "brest", slot * 60, 86'400);
    ASSERT_TRUE(brest.has_value()) << brest.error().detail;
    ASSERT_EQ(brest->size(), 1U);
    EXPECT_EQ(brest->front().work, pool::U128{2 * (2 + 9 + 10 + 31 + 59 + 60 + 125 + 126)});
    EXPECT_EQ(busy.history->account_work(busy.farm, "minsk", slot * 60, 600).error().code,
              pool::Error::Code::not_found);
    const auto sites = busy.history->sites(busy.farm, (slot + 1) * 60);
    ASSERT_TRUE(sites.has_value()) << sites.error().detail;
    ASSERT_EQ(sites->size(), 2U);
    EXPECT_EQ(sites->at(0).site, "main");
    EXPECT_EQ(sites->at(1).site, "brest");
    EXPECT_EQ(sites->at(1).shares, 8U);
}

/// A block that paid account 1. digit: its hash is 64 of it.
void pay_by_block(const BooksFixture& books, unsigned height, char digit)
{
    const std::string hash = "unhex('" + std::string(64, digit) + "')";
    books.scalar(
        "insert into block_found (hash, height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps) values (" +
        hash + ", " + std::to_string(height) + ", 1, 1, '', '', repeat('h', 80), '', 100, 100)");
    books.scalar("update block_found set state = 'immature', books = 'accrued' where hash = " +
                 hash);
    books.scalar("insert into block_credit values (" + hash + ", 1, 1, 1, 100, 1, 0, 99, 100, 0)");
}

TEST(History, GoesOnBehindTheBlockThatWasShownLastWhileNewerOnesCome)
{
    const Busy busy;
    pay_by_block(busy.books, 810, 'a');
    pay_by_block(busy.books, 811, 'b');
    pay_by_block(busy.books, 811, 'c');
    std::vector<std::pair<std::uint32_t, std::uint8_t>> seen;
    std::optional<payouts::EarningPlace> behind;
    for (unsigned page = 0; page < 9; ++page) {
        const auto rows = busy.history->earnings(busy.farm, 1, behind);
        ASSERT_TRUE(rows.has_value()) << rows.error().detail;
        if (rows->empty()) break;
        behind = {rows->front().height, rows->front().hash};
        seen.emplace_back(behind->height.value, behind->hash.bytes[0]);
        if (page == 0) pay_by_block(busy.books, 812, 'd');
    }
    const std::vector<std::pair<std::uint32_t, std::uint8_t>> expected{
        {811, 0xcc}, {811, 0xbb}, {810, 0xaa}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(busy.history->earnings(busy.farm, 10, {})->size(), 4U);
}

/// A payout with two lines to account 1.
void pay(const BooksFixture& books, const std::string& name)
{
    books.scalar("drop trigger if exists payout_batch_begins");
    books.scalar(
        "insert into payout_batch (request_id, state, signs, fee_payer, total_sat, fee_max_sat, "
        "created_by, created_at_ms) values ('" +
        name + "', 'approved', 'wallet', 'pool', 3, 1, 'ann', 1790000000000)");
    for (const char* const line : {"2", "5"}) {
        books.scalar("insert into payout_item select max(id), " + std::string{line} +
                     ", 1, 'to', concat('script', " + line + "), 1, 0, 0 from payout_batch");
    }
}

TEST(History, GoesOnBehindThePaymentThatWasShownLastWhileNewerOnesCome)
{
    const Busy busy;
    pay(busy.books, "one");
    pay(busy.books, "two");
    std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
    std::optional<payouts::PaidPlace> behind;
    for (unsigned page = 0; page < 9; ++page) {
        const auto rows = busy.history->payouts_of(busy.farm, 1, behind);
        ASSERT_TRUE(rows.has_value()) << rows.error().detail;
        if (rows->empty()) break;
        behind = {rows->front().payout.id, rows->front().line};
        seen.emplace_back(behind->payout, behind->line);
        if (page == 0) pay(busy.books, "three");
    }
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected{
        {2, 2}, {2, 5}, {1, 2}, {1, 5}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(busy.history->payouts_of(busy.farm, 10, {})->size(), 6U);
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
