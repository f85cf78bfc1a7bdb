#include "payouts/migrations.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_idle_tables.h"
#include "payouts/mysql_verify.h"
#include "tests/support/books_fixture.h"
#include "tests/support/process.h"

namespace tests {
namespace {

using payouts::Migration;
using payouts::MysqlConnection;
using pool::Error;

std::vector<Migration> migrations()
{
    return payouts::parse_migrations(payouts::schema_sql()).value();
}

// Everything that the migrations make, as one text.
std::string shape(const BooksFixture& books)
{
    const std::string mine = " where table_schema = database() ";
    return books.scalar("set session group_concat_max_len = 1000000") +
           books.scalar(
               "select md5(group_concat(table_name, column_name, column_type, is_nullable, "
               "ifnull(column_default, ''), column_key order by 1)) "
               "from information_schema.columns" +
               mine + "and table_name <> 'none'") +
           books.scalar(
               "select md5(group_concat(trigger_name, event_object_table, "
               "action_statement order by 1)) from information_schema.triggers "
               "where trigger_schema = database()") +
           books.scalar("select count(*) from information_schema.statistics" + mine) +
           books.scalar("select count(*) from information_schema.table_constraints" + mine) +
           books.scalar("select count(*) from books");
}

TEST(Migrate, MakesTheSchemaAndDoesNothingASecondTime)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    for (int turn = 0; turn < 2; ++turn) {
        const auto done = payouts::migrate(db, migrations());
        ASSERT_TRUE(done.has_value()) << done.error().detail;
        EXPECT_EQ(books.scalar("select count(*) from schema_migrations where applied_at is null"),
                  "0");
    }
    EXPECT_EQ(books.scalar("select count(*) from ledger_event"), "0");
}

TEST(Migrate, GoesOnAfterAnInterruptionBetweenAnyTwoSteps)
{
    BooksFixture fresh;
    MysqlConnection fresh_db{fresh.mysql()};
    ASSERT_TRUE(payouts::migrate(fresh_db, migrations()).has_value());

    BooksFixture books;
    MysqlConnection db{books.mysql()};
    const std::vector<Migration> whole = migrations();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (std::size_t step = 0; step < whole[at].steps.size(); ++step) {
            std::vector<Migration> broken(whole.begin(), whole.begin() + static_cast<long>(at) + 1);
            broken.back().steps[step] = "this is no SQL";
            const auto stopped = payouts::migrate(db, broken);
            ASSERT_FALSE(stopped.has_value());
            // The step before may have been made without its note.
            books.scalar(
                "update schema_migrations set steps_done = steps_done - 1 "
                "where applied_at is null and steps_done > 0");
        }
    }
    const auto done = payouts::migrate(db, whole);
    ASSERT_TRUE(done.has_value()) << done.error().detail;
    EXPECT_EQ(shape(books), shape(fresh));
}

TEST(Migrate, RefusesASchemaThatIsNewerThanTheProgram)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    books.scalar(
        "insert into schema_migrations (version, checksum, steps_done) values (99, "
        "repeat('x', 32), 1)");
    const auto refused = payouts::migrate(db, migrations());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
    EXPECT_NE(refused.error().detail.find("99"), std::string::npos) << refused.error().detail;
}

TEST(Migrate, RefusesADatabaseThatOtherMigrationsMade)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    std::vector<Migration> other = migrations();
    other.front().checksum[0] ^= 1;
    const auto refused = payouts::migrate(db, other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
}

TEST(Migrate, DoesNotTakeATableOfSomebodyElseForItsOwn)
{
    BooksFixture books;
    books.scalar("create table setting (id int)");
    MysqlConnection db{books.mysql()};
    EXPECT_FALSE(payouts::migrate(db, migrations()).has_value());
}

// An older program runs on and seals a minute between the trigger that sums hours and the step that
// sums those that were sealed before.
TEST(Migrate, CountsEachMinuteOnceThatIsSealedWhileItRuns)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    std::vector<Migration> half = migrations();
    half.resize(16);
    half.back().steps.back() = "this is no SQL";
    ASSERT_FALSE(payouts::migrate(db, half).has_value());
    const auto slot = [](const std::string& id) {
        return std::vector<std::string>{
            "insert into slot_account (slot_id, account_id, shares, stale, late, work, stale_work, "
            "score) values (" +
                id + ", 1, 1, 0, 0, 1, 0, 7)",
            "insert into slot select " + id +
                ", 1, 0, 1, 7, 1, 0, 7, repeat('a', 32), repeat('b', 32), 0"};
    };
    for (const std::string& statement : slot("60")) books.scalar(statement);
    books.scalar("delete from hour_score");  // sealed before the trigger was there

    MysqlConnection older{books.mysql()};
    ASSERT_TRUE(older.connect().has_value());
    auto seals = payouts::Transaction::begin(older);
    ASSERT_TRUE(seals.has_value());
    ASSERT_TRUE(
        older.query("SELECT sealed_through FROM books WHERE id = 1 FOR UPDATE").has_value());
    for (const std::string& statement : slot("61")) {
        const auto done = older.run(statement);
        ASSERT_TRUE(done.has_value()) << done.error().detail;
    }
    std::thread newer{[&db] { EXPECT_TRUE(payouts::migrate(db, migrations()).has_value()); }};
    EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&books] {
        return books.number(
                   "select count(*) from information_schema.processlist where db = database() and "
                   "(info like '%books%for update' or info like 'insert into hour_score%')") > 0;
    })) << "it waits for the minute";
    EXPECT_TRUE(seals->commit().has_value());
    newer.join();
    EXPECT_EQ(books.scalar("select group_concat(hour, ':', score) from hour_score"), "1:14");
}

TEST(Migrate, GivesEachAccountItsPlaceInTheLedger)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    std::vector<Migration> before = migrations();
    before.resize(24);
    ASSERT_TRUE(payouts::migrate(db, before).has_value());
    const auto add = [&books](const std::string& name) {
        books.scalar("insert into account (name, payout_address, salt) values ('" + name +
                     "', '', repeat('s', 32))");
    };
    for (const char* const name : {"paid", "old"}) add(name);
    books.scalar(
        "insert into ledger_account (code, side, member_id) values ('m:1:immature', 'credit', 1)");
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    add("new");
    EXPECT_EQ(books.scalar("select group_concat(a.code, ' ', a.side, a.member_id, b.credits_sat "
                           "order by a.id) from ledger_account a "
                           "join ledger_balance b on b.account_id = a.id"),
              "m:1:immature credit10,m:2:immature credit20,m:3:immature credit30");
}

void ship_a_share(BooksFixture& books)
{
    auto stream = books.producer("a-0");
    stream.start(1000);
    stream.account(1, 1, 1000);
    stream.share(1, 1000, 1);
    stream.ship_rest();
}

// A program that runs on while a newer one changes the schema would write rows that lack what the
// newer one needs.
TEST(Migrate, EndsWhatAnOlderProgramDoesMeanwhile)
{
    BooksFixture books;
    auto older = books.open();
    EXPECT_TRUE(settle(*older, 1000).active);
    std::vector<Migration> newer = migrations();
    newer.push_back({static_cast<std::uint32_t>(newer.size() + 1),
                     {"ALTER TABLE slot ADD COLUMN more INT"},
                     {}});
    MysqlConnection db{books.mysql()};
    ASSERT_TRUE(payouts::migrate(db, newer).has_value());
    ship_a_share(books);
    static_cast<void>(older->step(now_in(1000)));
    EXPECT_EQ(books.scalar("select count(*) from slot_account"), "0");
    const auto refused = older->step(now_in(1001));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
    EXPECT_NE(refused.error().detail.find("newer zubrd"), std::string::npos)
        << refused.error().detail;
}

// Whoever had begun it could not end the older program's lease, or died before.
TEST(Migrate, EndsWhatAnOlderProgramDoesThoughItWasBegunBefore)
{
    BooksFixture books;
    auto older = books.open();
    EXPECT_TRUE(settle(*older, 1000).active);
    std::vector<Migration> newer = migrations();
    newer.push_back({static_cast<std::uint32_t>(newer.size() + 1),
                     {"ALTER TABLE slot ADD COLUMN more INT"},
                     {}});
    books.scalar("insert into schema_migrations (version, checksum, steps_done) values (" +
                 std::to_string(newer.size()) + ", repeat(char(0), 32), 0)");
    MysqlConnection db{books.mysql()};
    const auto done = payouts::migrate(db, newer);
    ASSERT_TRUE(done.has_value()) << done.error().detail;
    ship_a_share(books);
    static_cast<void>(older->step(now_in(1000)));
    EXPECT_EQ(books.scalar("select count(*) from slot_account"), "0");
}

/// Coins that one has asked for, so that another may book them.
std::uint64_t ask(MysqlConnection& db)
{
    const payouts::CoinWish wish{true, "pool:reserve", pool::Sats{1000}, "found", ""};
    const auto asked = payouts::ask_coins(db, wish, "ann", now_in(1000).wall);
    EXPECT_TRUE(asked.has_value()) << asked.error().detail;
    return asked ? asked->id : 0;
}

// A trigger is made anew in two steps: between them a transfer would move no balance.
TEST(Migrate, LetsNothingBePostedUntilItIsWhole)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    std::vector<Migration> half = migrations();
    half.resize(25);
    half.back().steps.back() = "this is no SQL";
    ASSERT_FALSE(payouts::migrate(db, half).has_value());
    const std::uint64_t id = ask(db);
    const auto early = payouts::approve_coins(db, id, "bob", now_in(1001).wall);
    ASSERT_FALSE(early.has_value());
    EXPECT_EQ(early.error().code, Error::Code::unavailable);
    EXPECT_NE(early.error().detail.find("migration 25"), std::string::npos) << early.error().detail;
    EXPECT_EQ(books.scalar("select count(*) from ledger_event"), "0");
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    const auto booked = payouts::approve_coins(db, id, "bob", now_in(1002).wall);
    EXPECT_TRUE(booked.has_value()) << booked.error().detail;
    EXPECT_EQ(books.scalar("select sum(debits_sat + credits_sat) from ledger_balance"), "2000");
}

TEST(Migrate, LetsAnOlderProgramPostNothing)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    const std::uint64_t id = ask(db);
    books.scalar(
        "insert into schema_migrations (version, checksum, steps_done, applied_at) values (99, "
        "repeat('x', 32), 1, now())");
    const auto booked = payouts::approve_coins(db, id, "bob", now_in(1001).wall);
    ASSERT_FALSE(booked.has_value());
    EXPECT_EQ(booked.error().code, Error::Code::unavailable);
    EXPECT_NE(booked.error().detail.find("newer zubrd"), std::string::npos)
        << booked.error().detail;
}

// It has looked at the schema before, and its transfers are still to come.
TEST(Migrate, WaitsForWhoeverIsPostingBeforeItsFirstStep)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    std::vector<Migration> before = migrations();
    before.resize(24);
    ASSERT_TRUE(payouts::migrate(db, before).has_value());
    MysqlConnection other{books.mysql()};
    ASSERT_TRUE(other.connect().has_value());
    auto posts = payouts::Transaction::begin(other);
    ASSERT_TRUE(posts.has_value());
    ASSERT_TRUE(other.query("SELECT ledger_head FROM books WHERE id = 1 FOR UPDATE").has_value());
    std::thread newer{[&db] { EXPECT_TRUE(payouts::migrate(db, migrations()).has_value()); }};
    EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&books] {
        return books.number(
                   "select count(*) from information_schema.processlist where db = database() and "
                   "info like '%books%for update'") > 0;
    }));
    EXPECT_EQ(books.scalar("select steps_done from schema_migrations where version = 25"), "0");
    EXPECT_TRUE(posts->commit().has_value());
    newer.join();
}

/// Somebody reads the whole ledger in one snapshot, as verifyledger and a backup do.
class Reader {
public:
    explicit Reader(const BooksFixture& books) : db_(books.mysql())
    {
        EXPECT_TRUE(db_.connect().has_value());
        EXPECT_TRUE(db_.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").has_value());
        EXPECT_TRUE(db_.query("SELECT COUNT(*) FROM ledger_transfer").has_value());
    }
    void end() { EXPECT_TRUE(db_.run("COMMIT").has_value()); }

private:
    MysqlConnection db_;
};

/// Books of schema 25; the migration after it changes a trigger of ledger_transfer.
void make_older(MysqlConnection& db)
{
    std::vector<Migration> before = migrations();
    before.resize(25);
    ASSERT_TRUE(payouts::migrate(db, before).has_value());
}

/// It was put off: nothing of it is there, and nobody is refused for it.
void expect_untouched(const BooksFixture& books, MysqlConnection& db)
{
    EXPECT_EQ(books.scalar("select max(version) from schema_migrations"), "25");
    EXPECT_EQ(books.scalar("select count(*) from information_schema.triggers where trigger_schema "
                           "= database() and trigger_name = 'ledger_transfer_balance'"),
              "1");
    const std::uint64_t id = ask(db);
    const auto booked = payouts::approve_coins(db, id, "bob", now_in(1002).wall);
    EXPECT_TRUE(booked.has_value()) << booked.error().detail;
}

TEST(Migrate, IsNotBegunWhileSomebodyReadsWhatItChanges)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    make_older(db);
    Reader reader{books};
    const auto waits = payouts::migrate(db, migrations(), std::chrono::seconds{1});
    ASSERT_FALSE(waits.has_value());
    EXPECT_EQ(waits.error().code, Error::Code::unavailable);
    EXPECT_NE(waits.error().detail.find("migration 26 was not begun"), std::string::npos)
        << waits.error().detail;
    EXPECT_NE(waits.error().detail.find("try again when that is done"), std::string::npos)
        << waits.error().detail;
    expect_untouched(books, db);
    reader.end();
    const auto done = payouts::migrate(db, migrations(), std::chrono::seconds{1});
    ASSERT_TRUE(done.has_value()) << done.error().detail;
    EXPECT_EQ(books.scalar("select sum(debits_sat + credits_sat) from ledger_balance"), "2000");
}

// A user that may not lock tables learns of the reader by the first step; so does one whose reader
// begins in between.
TEST(Migrate, TakesBackThatItHasBegunWhenItsFirstStepFindsAReader)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    make_older(db);
    payouts::MysqlOptions options = books.mysql();
    options.user = "root";
    options.password.clear();
    MysqlConnection root{options};
    ASSERT_TRUE(root.connect().has_value());
    const auto granted = root.run(
        "grant select, insert, update, delete, create, alter, drop, index, references, trigger on "
        "`" +
        options.database + "`.* to zubr_run@localhost");
    ASSERT_TRUE(granted.has_value()) << granted.error().detail;
    options.user = "zubr_run";
    options.password = "zubr_run";
    MysqlConnection other{options};
    Reader reader{books};
    const auto waits = payouts::migrate(other, migrations(), std::chrono::seconds{1});
    ASSERT_FALSE(waits.has_value());
    EXPECT_EQ(waits.error().code, Error::Code::unavailable);
    EXPECT_NE(waits.error().detail.find("migration 26, step 1"), std::string::npos)
        << waits.error().detail;
    EXPECT_NE(waits.error().detail.find("try again when that is done"), std::string::npos)
        << waits.error().detail;
    expect_untouched(books, db);
    reader.end();
    const auto done = payouts::migrate(other, migrations(), std::chrono::seconds{1});
    ASSERT_TRUE(done.has_value()) << done.error().detail;
}

// Between the trigger that goes and the one that comes no balance would be moved.
TEST(Migrate, BringsALedgerThatHasMoneyToBalancesByItsHeadAndLetsNothingBePostedInBetween)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    make_older(db);
    ASSERT_TRUE(payouts::approve_coins(db, ask(db), "bob", now_in(1001).wall).has_value());
    ASSERT_EQ(books.scalar("select sum(debits_sat + credits_sat) from ledger_balance"), "2000");
    std::vector<Migration> half = migrations();
    half.back().steps.at(1) = "this is no SQL";
    ASSERT_FALSE(payouts::migrate(db, half).has_value());
    ASSERT_EQ(books.scalar("select count(*) from information_schema.triggers where trigger_schema "
                           "= database() and trigger_name in ('ledger_transfer_balance', "
                           "'ledger_head_balances')"),
              "0");
    const std::uint64_t id = ask(db);
    const auto early = payouts::approve_coins(db, id, "bob", now_in(1002).wall);
    ASSERT_FALSE(early.has_value());
    EXPECT_NE(early.error().detail.find("migration 26"), std::string::npos) << early.error().detail;
    EXPECT_EQ(books.scalar("select count(*) from ledger_event"), "1");
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    EXPECT_EQ(books.scalar("select sum(debits_sat + credits_sat) from ledger_balance"), "2000");
    ASSERT_TRUE(payouts::approve_coins(db, id, "bob", now_in(1003).wall).has_value());
    EXPECT_EQ(books.scalar("select sum(debits_sat + credits_sat) from ledger_balance"), "4000");
    const auto checked = payouts::verify_ledger(db);
    ASSERT_TRUE(checked.has_value()) << checked.error().detail;
    EXPECT_EQ(checked->difference, "");
    EXPECT_EQ(checked->adjustments, 2U);
}

// It was begun before, so it is not put off any more: it waits for its turn, and says for what.
TEST(Migrate, ThatWasBegunBeforeSaysThatSomebodyReadsWhatItChanges)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    std::vector<Migration> half = migrations();
    half.back().steps[0] = "this is no SQL";
    ASSERT_FALSE(payouts::migrate(db, half).has_value());
    Reader reader{books};
    const auto waits = payouts::migrate(db, migrations(), std::chrono::seconds{1});
    ASSERT_FALSE(waits.has_value());
    EXPECT_NE(waits.error().detail.find("try again when that is done"), std::string::npos)
        << waits.error().detail;
    EXPECT_EQ(books.scalar("select steps_done from schema_migrations where version = 26"), "0");
    reader.end();
    EXPECT_TRUE(payouts::migrate(db, migrations(), std::chrono::seconds{1}).has_value());
}

TEST(Migrate, NeedsTheTablesThatItsStepsNameAndThoseOfTheirTriggers)
{
    BooksFixture books;
    MysqlConnection db{books.mysql()};
    ASSERT_TRUE(payouts::migrate(db, migrations()).has_value());
    const auto named = [&db](const std::string& step) {
        const auto tables = payouts::tables_named(db, std::vector<std::string>{step});
        EXPECT_TRUE(tables.has_value());
        std::string text;
        for (const std::string& table : tables.value_or(std::vector<std::string>{})) {
            text += table + " ";
        }
        return text;
    };
    EXPECT_EQ(named("ALTER TABLE slot ADD COLUMN more INT"), "slot ");
    EXPECT_EQ(named("DROP TRIGGER IF EXISTS ledger_head_balances"), "books ");
    EXPECT_EQ(named("INSERT INTO site_rule SELECT * FROM `site`"), "site site_rule ");
    EXPECT_EQ(named("CREATE TABLE brand_new (id INT)"), "");
}

}  // namespace
}  // namespace tests
