#include "payouts/migrations.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/books_fixture.h"

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

}  // namespace
}  // namespace tests
