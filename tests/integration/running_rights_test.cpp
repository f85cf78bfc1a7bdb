// What the running pool's own MySQL user may change: the server itself refuses the rest.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_maintenance.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

constexpr unsigned no_right_to_table = 1142;
constexpr unsigned no_right_to_column = 1143;
// Three caches, and the sums of open minutes, whose keys and past a trigger keeps.
const std::set<std::string> whole{"account_total", "account_work", "slot_account", "worker_day",
                                  "worker_sum"};

payouts::MysqlOptions running(const BooksFixture& books)
{
    payouts::MysqlOptions options = books.mysql();
    options.user = "zubr_run";
    options.password = "zubr_run";
    return options;
}

std::set<std::string> words(std::string_view list)
{
    std::set<std::string> found;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(", "), list.size());
        found.emplace(list.substr(0, end));
        list.remove_prefix(std::min(end + 2, list.size()));
    }
    return found;
}

/// "table.column" of all that `db` may change; asked of the server, one by one.
std::set<std::string> changeable(payouts::MysqlConnection& db)
{
    std::set<std::string> found;
    const auto columns = db.query(
        "select table_name, column_name from information_schema.columns where table_schema = "
        "database() and coalesce(generation_expression, '') = ''");
    EXPECT_TRUE(columns.has_value()) << (columns ? "" : columns.error().detail);
    if (!columns) return found;
    for (const payouts::SqlRow& row : *columns) {
        const std::string& table = row.text(0);
        const std::string& column = row.text(1);
        const auto done =
            db.run("update " + table + " set " + column + " = " + column + " where 1 = 0");
        if (done) {
            found.insert(table + "." + column);
            continue;
        }
        const unsigned why = db.last_error();
        EXPECT_TRUE(why == no_right_to_table || why == no_right_to_column)
            << table << "." << column << ": " << done.error().detail;
    }
    return found;
}

TEST(RunningRights, ToUpdateAreForSumsAndForTheColumnsInWhichAStateMovesOn)
{
    BooksFixture books;
    ASSERT_TRUE(payouts::migrate_books(books.mysql(), running(books), false).has_value());
    payouts::MysqlConnection db{running(books)};
    ASSERT_TRUE(db.connect().has_value());
    std::set<std::string> expected;
    for (const payouts::TableRights& each : payouts::running_rights()) {
        const std::string table{each.table};
        for (const std::string& column : words(each.columns)) {
            expected.insert(table + "." + column);
        }
        EXPECT_EQ(words(each.rights).contains("UPDATE"), whole.contains(table)) << table;
    }
    std::set<std::string> found;
    for (const std::string& each : changeable(db)) {
        if (!whole.contains(each.substr(0, each.find('.')))) found.insert(each);
    }
    EXPECT_EQ(found, expected);
    for (const char* never :
         {"account.payout_address", "account.salt", "account_token.digest",
          "address_change.message", "adjustment.amount_sat", "block_credit.net_sat",
          "block_found.reward_sat", "ledger_balance.credits_sat", "ledger_event.hash",
          "ledger_transfer.amount_sat", "payout_batch.total_sat", "payout_item.address",
          "payout_tx.fee_sat", "payout_tx.psbt", "producer.name", "slot.score"}) {
        EXPECT_FALSE(found.contains(never)) << never;
    }
}

// Before, the same user had UPDATE of whole tables, and somebody may have granted more by hand.
TEST(RunningRights, AreNoMoreThanThoseAfterAMigrationWhateverThereWasBefore)
{
    BooksFixture books;
    ASSERT_TRUE(payouts::migrate_books(books.mysql(), running(books), false).has_value());
    payouts::MysqlConnection db{running(books)};
    ASSERT_TRUE(db.connect().has_value());
    const std::set<std::string> right = changeable(db);
    for (const char* table : {"payout_batch", "ledger_event", "slot"}) {
        books.scalar(std::string{"grant update, delete on "} + table + " to zubr_run@localhost");
    }
    ASSERT_NE(changeable(db), right) << "else this is no test";
    ASSERT_TRUE(payouts::migrate_books(books.mysql(), running(books), false).has_value());
    EXPECT_EQ(changeable(db), right);
    EXPECT_FALSE(db.run("delete from slot where 1 = 0").has_value());
}

}  // namespace
}  // namespace tests
