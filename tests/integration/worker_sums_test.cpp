// What workers did, by ten minutes, hours and days: charts are made of it, and no money.
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "payouts/mysql_lease.h"
#include "payouts/mysql_shares.h"
#include "pool/bitcoin/address.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

constexpr std::uint64_t slot = 1000;

TEST(WorkerSums, AreKeptByTenMinutesThenByHoursAndRolledIntoDays)
{
    BooksFixture books;
    auto service = books.open();
    // The number of an account by name is beyond 2^51.
    const auto payout = pool::parse_address(test_address("regtest", 2), pool::Chain::regtest);
    ASSERT_TRUE(service->create_account("farm", *payout).has_value());
    auto stream = books.producer("a-0");
    constexpr std::uint64_t day = 24 * 60;  // slots
    stream.start(slot);
    stream.account(1, 1, slot);
    for (int i = 0; i < 5; ++i) stream.share(1, slot, 1);
    stream.share(1, slot, 7, pool::RecordKind::stale);
    stream.share(1, slot + 10, 3);
    stream.mark(slot + 10);
    stream.ship_rest();
    settle(*service, slot + 10);
    EXPECT_EQ(books.scalar("select group_concat(shares, '/', stale, '/', work order by period) "
                           "from worker_sum"),
              "5/1/5,1/0/3");
    // Three days later both are one row of their hour.
    for (int turn = 0; turn < 8; ++turn) settle(*service, slot + 10 + 3 * day);
    EXPECT_EQ(books.scalar("select group_concat(period, ':', shares, '/', stale, '/', work) "
                           "from worker_sum"),
              "96:6/1/8");
    EXPECT_EQ(books.number("select count(*) from worker_day"), 0U);
    // After a month, of their day.
    for (int turn = 0; turn < 8; ++turn) settle(*service, slot + 10 + 32 * day);
    EXPECT_EQ(books.scalar("select group_concat(day, ':', shares, '/', stale, '/', work) "
                           "from worker_day"),
              "0:6/1/8");
    EXPECT_EQ(books.number("select count(*) from worker_sum"), 0U);
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 6U) << "money is not touched";
}

/// Ten minutes of six workers, of which two have sums of their hour already, and an old day.
struct ManyWorkers {
    ManyWorkers()
    {
        EXPECT_NE(books.open(), nullptr);
        books.scalar(
            "insert into worker_sum select 727, a.seq, concat('rig', w.seq), 1, 2, 10 from "
            "seq_1_to_3 a, seq_1_to_2 w");
        books.scalar(
            "insert into worker_sum values (726, 1, 'rig1', 100, 0, 0), (726, 3, 'rig2', 100, 0, "
            "0)");
        books.scalar(
            "insert into worker_day select 3, a.seq, concat('rig', w.seq), 1, 2, 10 from "
            "seq_1_to_3 a, seq_1_to_2 w");
        EXPECT_TRUE(db.connect().has_value());
        EXPECT_TRUE(lease.keep(pool::read_clock().steady).value_or(false));
    }
    std::string rows() const
    {
        return books.scalar(
            "select coalesce(group_concat(period, ':', n order by period), '') from (select "
            "period, count(*) n "
            "from worker_sum group by period) p");
    }
    std::string sums() const
    {
        return books.scalar(
            "select concat(sum(shares), '/', sum(stale), '/', sum(work)) from (select shares, "
            "stale, work from worker_sum union all select shares, stale, work from worker_day "
            "where day = 5) a");
    }

    BooksFixture books;
    payouts::MysqlConnection db{books.mysql()};
    payouts::Lease lease{db, "accountant", "test", std::chrono::seconds{60}};
};

// A pool of a hundred thousand workers moves as many rows of each ten minutes.
TEST(WorkerSums, GoIntoTheirHourSomeAtOnceAndAreCountedOnceWhereverThatEnds)
{
    ManyWorkers workers;
    const auto merge = [&workers] {
        return payouts::merge_into_hours(workers.db, workers.lease, 1000, 4);
    };
    EXPECT_EQ(workers.rows(), "726:2,727:6");
    ASSERT_EQ(workers.sums(), "206/12/60");
    // It dies amid a part.
    workers.books.scalar(
        "create trigger dies before delete on worker_sum for each row "
        "signal sqlstate '45000' set message_text = 'killed'");
    EXPECT_FALSE(merge().has_value());
    EXPECT_EQ(workers.rows(), "726:2,727:6");
    workers.books.scalar("drop trigger dies");
    EXPECT_TRUE(merge().value_or(false));
    EXPECT_EQ(workers.rows(), "726:5,727:2") << "four of them, and one had a row";
    EXPECT_EQ(workers.sums(), "206/12/60");
    EXPECT_TRUE(merge().value_or(false));
    EXPECT_EQ(workers.rows(), "726:6");
    EXPECT_EQ(workers.sums(), "206/12/60");
    EXPECT_FALSE(merge().value_or(true));
}

TEST(WorkerSums, GoIntoTheirDaySomeAtOnceAndOldDaysGoAlike)
{
    ManyWorkers workers;
    const auto roll = [&workers] {
        return payouts::roll_up_workers(workers.db, workers.lease,
                                        {.period = 1000, .first_day = 4, .at_once = 4});
    };
    const auto days = [&workers] {
        return workers.books.scalar(
            "select group_concat(d.day, ':', d.n order by d.day) from "
            "(select day, count(*) n from worker_day group by day) d");
    };
    // Of the hour first, for it is older; then four and two of the ten minutes.
    for (const char* const left : {"727:6", "727:2", ""}) {
        EXPECT_TRUE(roll().value_or(false));
        EXPECT_EQ(workers.rows(), left);
        EXPECT_EQ(workers.sums(), "206/12/60");
    }
    for (const char* const left : {"3:6,5:6", "3:2,5:6", "5:6"}) {
        EXPECT_EQ(days(), left);
        EXPECT_EQ(roll().value_or(false), std::string_view{left} != "5:6");
    }
}

// Minutes are sealed by no such clock; what it called old was deleted.
TEST(WorkerSums, StayWhenAClockJumpsYearsAhead)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    const std::uint64_t today = pool::read_clock().wall.value / pool::slot_ms / 60 * 60 - 60;
    stream.start(today);
    stream.account(1, 1, today);
    for (unsigned at = 0; at < 3; ++at) stream.share(1, today + at, 1);
    stream.mark(today + 15);
    stream.ship_rest();
    settle(*service, today + 15);
    const std::string kept =
        "select concat((select count(*) from worker_sum), ' ', (select count(*) from "
        "account_work))";
    const std::string before = books.scalar(kept);
    EXPECT_TRUE(before.starts_with("1 ")) << before;
    for (int turn = 0; turn < 8; ++turn) settle(*service, today + 800 * 1440);
    EXPECT_EQ(books.scalar(kept), before);
}

}  // namespace
}  // namespace tests
