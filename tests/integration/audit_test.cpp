// What admins did, in a real MySQL: in order, for good, and nobody can change it unseen.
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_audit.h"
#include "payouts/mysql_connection.h"
#include "pool/base/bytes.h"
#include "pool/crypto/sha256.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::AuditBook;
using payouts::AuditRow;

AuditRow row_of(const std::string& actor, const std::string& params)
{
    AuditRow row;
    row.at = pool::UnixMillis{1'700'000'000'000};
    row.kind = "call";
    row.actor = actor;
    row.role = "operator";
    row.host = "::1";
    row.method = "setban";
    row.params = params;
    return row;
}

std::unique_ptr<AuditBook> open(const BooksFixture& books)
{
    auto opened = AuditBook::open(books.mysql());
    EXPECT_TRUE(opened.has_value()) << opened.error().detail;
    return std::move(*opened);
}

std::string difference(AuditBook& book)
{
    const auto check = book.verify();
    return check ? check->difference : "not read: " + check.error().detail;
}

TEST(AuditBook, KeepsRowsInOrderToTheLetter)
{
    BooksFixture books;
    const auto service = books.open();
    const auto book = open(books);
    EXPECT_EQ(book->append(row_of("olga", R"({"network":"10.0.0.0\/8"})"))->id, 1U);
    EXPECT_EQ(book->append(row_of("pavel", "{\"text\":\"Зубр 🦬\"}"))->id, 2U);
    EXPECT_EQ(book->append(row_of("olga", "{}"))->id, 3U);
    const auto rows = book->list(10, 0, "");
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[0].id, 3U);
    EXPECT_EQ((*rows)[1].params, "{\"text\":\"Зубр 🦬\"}");
    EXPECT_EQ((*rows)[2].params, R"({"network":"10.0.0.0\/8"})");
    ASSERT_EQ(book->list(10, 3, "olga")->size(), 1U);
    EXPECT_EQ(book->list(10, 3, "olga")->front().id, 1U);
    EXPECT_EQ(book->list(1, 0, "")->size(), 1U);
    const auto check = book->verify();
    ASSERT_TRUE(check.has_value());
    EXPECT_EQ(check->difference, "");
    EXPECT_EQ(check->rows, 3U);
    EXPECT_EQ(check->head, (*rows)[0].hash);
}

TEST(AuditBook, GivesWritersThatRaceEachARowOfTheirOwn)
{
    BooksFixture books;
    const auto service = books.open();
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i) {
        writers.emplace_back([&books] {
            const auto book = open(books);
            for (int turn = 0; turn < 30; ++turn) {
                const auto written = book->append(row_of("racer", "{}"));
                EXPECT_TRUE(written.has_value()) << written.error().detail;
            }
        });
    }
    for (std::thread& writer : writers) writer.join();
    const auto check = open(books)->verify();
    EXPECT_EQ(check->rows, 90U);
    EXPECT_EQ(check->difference, "");
}

TEST(AuditBook, IsNotChangedByTheDatabasesUsers)
{
    BooksFixture books;
    const auto service = books.open();
    const auto book = open(books);
    ASSERT_TRUE(book->append(row_of("olga", "{}")).has_value());
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    for (const char* const statement :
         {"UPDATE audit_event SET actor = 'nobody'", "DELETE FROM audit_event",
          "INSERT INTO audit_event SELECT 7, at_ms, kind, about, actor, role, host, method, "
          "params, "
          "repeats, REPEAT('a', 32), REPEAT('b', 32) FROM audit_event"}) {
        const auto done = db.run(statement);
        ASSERT_FALSE(done.has_value()) << statement;
        EXPECT_EQ(done.error().code, pool::Error::Code::refused) << statement;
    }
    EXPECT_EQ(difference(*book), "");
}

TEST(AuditBook, TellsWhichRowSomebodyWithAllRightsHasTouched)
{
    BooksFixture books;
    const auto service = books.open();
    const auto book = open(books);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(book->append(row_of("olga", "{}")).has_value());
    books.scalar("drop trigger audit_event_no_update");
    books.scalar("drop trigger audit_event_no_delete");
    books.scalar("update audit_event set host = '' where id = 3");
    EXPECT_EQ(difference(*book), "row 3 was changed, or one before it");
    books.scalar("update audit_event set host = '::1' where id = 3");
    EXPECT_EQ(difference(*book), "");
    const std::string before = books.scalar("select hex(prev_hash) from audit_event where id = 3");
    books.scalar("update audit_event set prev_hash = repeat('x', 32) where id = 3");
    EXPECT_EQ(difference(*book), "row 3 was changed, or one before it");
    books.scalar("update audit_event set prev_hash = unhex('" + before + "') where id = 3");
    EXPECT_EQ(difference(*book), "");
    books.scalar("delete from audit_event where id = 5");
    EXPECT_EQ(difference(*book), "row 5 and all behind it are missing");
    books.scalar("delete from audit_event where id = 2");
    EXPECT_EQ(difference(*book), "row 2 is missing");
    books.scalar("delete from audit_event");
    books.scalar("update audit_head set last_id = 0");
    EXPECT_EQ(difference(*book), "the end is not what was written");
}

// Who knows how a hash is made can make that of his row anew, and say so in the next; but that
// one's own hash is of what stood before.
TEST(AuditBook, TellsOfTheRowBehindOneThatWasMadeAnewWithItsHash)
{
    BooksFixture books;
    const auto service = books.open();
    const auto book = open(books);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(book->append(row_of("olga", "{}")).has_value());
    const auto rows = book->list(10, 0, "");
    ASSERT_EQ(rows->size(), 5U);
    AuditRow third = rows->at(2);
    third.actor = "nobody";
    const pool::Digest forged = pool::Sha256{}
                                    .update(rows->at(3).hash)
                                    .update(pool::as_bytes(payouts::canonical_text(third)))
                                    .finish();
    const std::string hash = "unhex('" + pool::to_hex(forged) + "')";
    books.scalar("drop trigger audit_event_no_update");
    books.scalar("update audit_event set actor = 'nobody', hash = " + hash + " where id = 3");
    books.scalar("update audit_event set prev_hash = " + hash + " where id = 4");
    EXPECT_EQ(difference(*book), "row 4 was changed, or one before it");
}

}  // namespace
}  // namespace tests
