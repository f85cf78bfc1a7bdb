// Windows over many hours: the sums of whole hours, kept as slots are sealed, are what their slots
// are, and are not believed where they are not.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/migrations.h"
#include "payouts/mysql_history.h"
#include "payouts/mysql_window.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

constexpr std::uint64_t accounts = 3;
constexpr pool::U128 all = pool::U128{1'000'000'000'000'000'000} * 1'000'000;
constexpr std::uint64_t newest = 400;

/// Slots 1 to 400 of three accounts, sealed, and one that is not.
class Window : public testing::Test {
protected:
    Window() : service(books.open()), db(books.mysql())
    {
        books.scalar(
            "insert into slot_account (slot_id, account_id, site_id, shares, stale, late, work, "
            "stale_work, score) select s.seq, a.seq, i.seq, 1, 0, 0, 1, 0, (1000 + s.seq * 7 + "
            "a.seq * a.seq * s.seq + i.seq) * 1000000000001 from seq_1_to_401 s join seq_1_to_3 a "
            "join seq_0_to_1 i where (s.seq + a.seq) % 5 > 0");
        books.scalar(
            "insert into slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, "
            "cum_score, root, chain, sealed_at_ms) select slot_id, count(*), 0, 1, sum(score), "
            "0, 0, sum(sum(score)) over (order by slot_id), repeat('a', 32), repeat('b', 32), 0 "
            "from slot_account where slot_id <= 400 group by slot_id");
        books.scalar(
            "insert into account (id, name, payout_address, salt) select seq, concat('farm', seq), "
            "'', repeat('s', 32) from seq_1_to_3");
        EXPECT_TRUE(db.connect().has_value());
    }

    std::string scored(std::uint64_t account, std::uint64_t first, std::uint64_t end) const
    {
        return books.scalar(
            "select sum(score) from slot_account where account_id = " + std::to_string(account) +
            " and slot_id >= " + std::to_string(first) + " and slot_id < " + std::to_string(end));
    }

    /// Each account's weight is what the rows of the slots say.
    void expect_as_slots(std::uint64_t end, pool::U128 size = all)
    {
        SCOPED_TRACE("before slot " + std::to_string(end));
        const auto window = payouts::read_window(db, end, size);
        ASSERT_TRUE(window.has_value()) << window.error().detail;
        ASSERT_TRUE(window->bounds.first_full.has_value());
        ASSERT_FALSE(window->bounds.cut.has_value());
        ASSERT_EQ(window->weights.size(), accounts);
        for (const auto& weight : window->weights) {
            EXPECT_EQ(pool::to_decimal(weight.amount),
                      scored(weight.account.value, *window->bounds.first_full, end));
        }
    }

    /// What `account` is told of the window when N is `size`, held against a sum over its rows.
    void expect_told_as_slots(payouts::History& history, std::uint64_t account, pool::U128 size)
    {
        const std::string n = pool::to_decimal(size);
        SCOPED_TRACE("account " + std::to_string(account) + ", N " + n);
        books.scalar("update setting set value = '" + n + "' where name = 'window_score'");
        const auto told = history.window("farm" + std::to_string(account));
        ASSERT_TRUE(told.has_value()) << told.error().detail;
        const std::string sums =
            " from (select a.score * least(s.cum_score - e.edge, s.score) / s.score as part, "
            "s.cum_score - e.edge - least(s.cum_score - e.edge, s.score) / 2 as depth from "
            "(select max(cum_score) - " +
            n +
            " as edge from slot) e join slot s on s.cum_score > e.edge join slot_account a on " +
            "a.slot_id = s.slot_id and a.account_id = " + std::to_string(account) + ") parts";
        EXPECT_EQ(pool::to_decimal(told->mine),
                  books.scalar("select coalesce(sum(floor(part)), 0)" + sums));
        const std::uint64_t to_come =
            books.number("select coalesce(floor(sum(part * depth) / " + n + "), 0)" + sums);
        EXPECT_LE(told->to_come, to_come);
        EXPECT_GE(told->to_come + 2 * newest, to_come) << "a unit a row and less";
    }

    /// The score of slots first ..= last.
    pool::U128 sum(std::uint64_t first, std::uint64_t last) const
    {
        return books.number("select sum(score) from slot where slot_id >= " +
                            std::to_string(first) + " and slot_id <= " + std::to_string(last));
    }

    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    payouts::MysqlConnection db;
};

TEST_F(Window, IsTheSumOfItsSlotsWhereverItBeginsAndEnds)
{
    for (const std::uint64_t end :
         std::vector<std::uint64_t>{5, 60, 61, 119, 120, 121, 180, 240, 399, 400, 401}) {
        expect_as_slots(end);
    }
    for (const std::uint64_t first :
         std::vector<std::uint64_t>{1, 2, 59, 60, 61, 120, 179, 299, 301}) {
        expect_as_slots(360, sum(first, 359));
    }
    EXPECT_EQ(books.scalar("select sum(score) from hour_score"),
              books.scalar("select sum(score) from slot"))
        << "no slot that is open, and each of the others once";
}

// Of an hour only where it begins and ends within the window: seen by what nothing else can tell.
TEST_F(Window, TakesWholeHoursAsTheyWereSummed)
{
    books.scalar("update hour_score set score = score + 1 where hour = 2 and account_id = 1");
    books.scalar("update hour_score set score = score - 1 where hour = 2 and account_id = 2");
    expect_as_slots(179);
    expect_as_slots(400, sum(121, 399));
    for (const pool::U128 size : {all, sum(120, 179)}) {
        const auto window = payouts::read_window(db, 180, size);
        ASSERT_TRUE(window.has_value()) << window.error().detail;
        const std::uint64_t first = window->bounds.first_full.value_or(0);
        EXPECT_NE(pool::to_decimal(window->weights.at(0).amount), scored(1, first, 180));
    }
}

TEST_F(Window, DoesNotBelieveAnHourThatDiffersFromWhatWasSealed)
{
    EXPECT_TRUE(payouts::hour_is_its_slots(db, 2).value_or(false));
    books.scalar("update hour_score set score = score + 1 where hour = 2 and account_id = 1");
    EXPECT_FALSE(payouts::hour_is_its_slots(db, 2).value_or(true));
    expect_as_slots(401);
    books.scalar("delete from hour_score where hour = 3");
    EXPECT_FALSE(payouts::hour_is_its_slots(db, 3).value_or(true));
    expect_as_slots(401);
    books.scalar("update slot_account set score = score + 1 where slot_id = 130 limit 1");
    const auto refused = payouts::read_window(db, 401, all);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, pool::Error::Code::refused);
}

TEST_F(Window, IsToldToEachAccountAsASumOfItsSlotsWouldBe)
{
    const auto history = std::move(*payouts::History::open(books.mysql()));
    for (std::uint64_t account = 1; account <= accounts; ++account) {
        for (const std::uint64_t first :
             std::vector<std::uint64_t>{1, 2, 59, 60, 61, 119, 120, 290, 300, 359, 360, 399, 400}) {
            const pool::U128 whole = sum(first, newest);
            for (const pool::U128 size :
                 {whole - 1, whole, whole + 1, whole - sum(first, first) / 3}) {
                expect_told_as_slots(*history, account, size);
            }
        }
        expect_told_as_slots(*history, account, all);
        expect_told_as_slots(*history, account, 1);
    }
}

// Thousands of minutes are not read for each who asks: seen by what nothing else can tell.
TEST_F(Window, IsToldByHoursAsTheyWereSummed)
{
    books.scalar("update hour_score set score = score + 1 where hour = 2 and account_id = 1");
    const auto history = std::move(*payouts::History::open(books.mysql()));
    books.scalar("update setting set value = '" + pool::to_decimal(sum(60, newest)) +
                 "' where name = 'window_score'");
    const auto told = history->window("farm1");
    ASSERT_TRUE(told.has_value()) << told.error().detail;
    EXPECT_EQ(told->mine,
              pool::U128{books.number("select sum(score) + 1 from slot_account where "
                                      "account_id = 1 and slot_id between 60 and 400")});
}

TEST_F(Window, IsSearchedForAnewWhenAMinuteWasSealedOrNHasChanged)
{
    const auto history = std::move(*payouts::History::open(books.mysql()));
    const pool::U128 size = sum(200, newest);
    expect_told_as_slots(*history, 1, size);
    books.scalar(
        "insert into slot select 401, count(*), 0, 1, sum(score), 0, 0, sum(score) + (select "
        "max(cum_score) from slot), repeat('a', 32), repeat('b', 32), 0 from slot_account where "
        "slot_id = 401");
    expect_told_as_slots(*history, 1, size);
    expect_told_as_slots(*history, 1, size / 2);
}

TEST_F(Window, OfSlotsThatWereSealedBeforeTheHoursWereKept)
{
    const auto migrations = payouts::parse_migrations(payouts::schema_sql());
    ASSERT_TRUE(migrations.has_value());
    const std::string told =
        "select concat(sum(score * hour * account_id), ' ', sum(moment % 1000003 * account_id)) "
        "from hour_score";
    const std::string was = books.scalar(told);
    books.scalar("delete from hour_score");
    constexpr std::size_t keeps_hours = 16;
    ASSERT_TRUE(db.run(migrations->at(keeps_hours - 1).steps.back()).has_value());
    expect_as_slots(401);
    constexpr std::size_t keeps_moments = 19;
    ASSERT_TRUE(db.run(migrations->at(keeps_moments - 1).steps.back()).has_value());
    EXPECT_EQ(books.scalar(told), was);
    expect_as_slots(401);
}

// As regtest makes them at a high difficulty: what is told of them may be less, and nothing fails.
TEST_F(Window, OfScoresSoGreatThatTheirMomentsHaveNoRoom)
{
    const std::string digits(30, '0');
    books.scalar(
        "insert into slot_account (slot_id, account_id, site_id, shares, stale, late, work, "
        "stale_work, score) select 500 + s.seq, a.seq, 0, 1, 0, 0, 1, 0, 2" +
        digits + " from seq_1_to_130 s join seq_1_to_3 a");
    books.scalar(
        "insert into slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, cum_score, "
        "root, chain, sealed_at_ms) select slot_id, count(*), 0, 1, sum(score), 0, 0, "
        "sum(sum(score)) over (order by slot_id) + 1000000" +
        digits +
        ", repeat('a', 32), repeat('b', 32), 0 from slot_account where slot_id > 500 "
        "group by slot_id");
    EXPECT_EQ(books.scalar("select sum(score) from hour_score where hour > 7"),
              books.scalar("select sum(score) from slot where slot_id > 500"));
    EXPECT_TRUE(payouts::hour_is_its_slots(db, 9).value_or(false));
    const std::string told = "select concat(sum(score), ' ', sum(moment)) from hour_score";
    const std::string sealed = books.scalar(told);
    books.rebuild();
    EXPECT_EQ(books.scalar(told), sealed);
    books.scalar("update setting set value = '600" + digits + "' where name = 'window_score'");
    const auto history = std::move(*payouts::History::open(books.mysql()));
    const auto part = history->window("farm1");
    ASSERT_TRUE(part.has_value()) << part.error().detail;
    EXPECT_EQ(pool::to_decimal(part->mine), "200" + digits);
}

}  // namespace
}  // namespace tests
