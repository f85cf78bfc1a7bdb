// What the running pool's own MySQL user may change: the server itself refuses the rest.
#include <chrono>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "payouts/account_book.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
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

/// The books as a running pool's own user sees them, with what two rows of each kind stand on.
class RowsOfTheRunningUser : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_TRUE(payouts::migrate_books(books.mysql(), running(books), false).has_value());
        ASSERT_TRUE(db.connect().has_value());
    }
    void accepted(const std::string& text)
    {
        const auto done = db.run(text);
        EXPECT_TRUE(done.has_value()) << text << "\n" << (done ? "" : done.error().detail);
    }
    /// By a trigger, that is, and not because the statement says nothing sensible.
    void refused(const std::string& text)
    {
        EXPECT_FALSE(db.run(text).has_value()) << text;
        EXPECT_EQ(db.last_error(), signalled) << text;
    }
    /// Likewise; or the server itself says that what it would lock has changed since the
    /// transaction began to read (MariaDB 11.6 on).
    void refused_as_of_now(const std::string& text)
    {
        constexpr unsigned changed_since_read = 1020;
        EXPECT_FALSE(db.run(text).has_value()) << text;
        const unsigned why = db.last_error();
        EXPECT_TRUE(why == signalled || why == changed_since_read) << why << ": " << text;
    }
    static std::string change(const std::string& account, const std::string& values)
    {
        return "insert into address_change (account_id, height, message, signer, asked_by, "
               "asked_at_ms, state, proof, signature, locked_until_ms, lock_ends_ms) values (" +
               account + ", 0, '', '', 'eve', 0, " + values + ")";
    }
    static std::string in_hours(const std::string& hours)
    {
        return "1, unix_timestamp(now(3)) * 1000 + 3600000 * " + hours;
    }

    static constexpr unsigned signalled = 1644;
    BooksFixture books;
    payouts::MysqlConnection db{running(books)};
};

TEST_F(RowsOfTheRunningUser, BeginAPayoutAsADraftWithoutAnythingThatOthersHaveToSay)
{
    const std::string columns =
        "insert into payout_batch (request_id, signs, fee_payer, total_sat, fee_max_sat, "
        "created_by, created_at_ms";
    const std::string row = "'wallet', 'pool', 5, 1, 'eve', 1";
    accepted(columns + ") values ('draft', " + row + ")");
    refused(columns + ", state) values ('a', " + row + ", 'approved')");
    refused(columns + ", items_digest) values ('b', " + row + ", repeat('x', 32))");
    refused(columns + ", anchor_txid, anchor_vout) values ('c', " + row + ", repeat('x', 32), 0)");
    refused(columns + ", left_at_ms) values ('d', " + row + ", 1)");
    refused(columns + ", closed) values ('e', " + row + ", 1)");

    const std::string item = "insert into payout_item select id, ";
    const std::string of_draft = ", 1, 'to', 'script', 5, 0, 0 from payout_batch";
    accepted(item + "1" + of_draft);
    accepted("update payout_batch set items_digest = repeat('x', 32)");
    refused(item + "2" + of_draft);

    const std::string writeoff =
        "insert into payout_writeoff (batch_id, spent_by, asked_by, "
        "asked_at_ms, approved_by, approved_at_ms) select id, ";
    accepted(writeoff + "repeat('a', 32), 'eve', 1, null, null from payout_batch");
    refused(writeoff + "repeat('b', 32), 'eve', 1, 'bob', 1 from payout_batch");
}

TEST_F(RowsOfTheRunningUser, BookNoCoinsOnOneWord)
{
    const std::string coins =
        "insert into adjustment (direction, whose, amount_sat, reason, asked_by, asked_at_ms, "
        "booked_by, booked_at_ms) values ('in', 'equity:reserve', 1, 'x', 'eve', 1, ";
    accepted(coins + "null, null)");
    refused(coins + "'bob', 1)");
    refused(coins + "null, 1)");
}

TEST_F(RowsOfTheRunningUser, PayNoOtherAddressBeforeItsLockHasEnded)
{
    accepted(change("1", "'asked', 'none', '', null, null"));
    accepted(change("2", "'locked', 'signature', 'sig', " + in_hours("72")));
    refused(change("3", "'active', 'signature', 'sig', " + in_hours("-1")));
    refused(change("3", "'locked', 'signature', 'sig', " + in_hours("71")));
    refused(change("3", "'locked', 'signature', '', " + in_hours("72")));
    refused(change("3", "'locked', 'approvals', 'sig', " + in_hours("72")));
    // A session says itself what NOW() is.
    accepted("set timestamp = unix_timestamp() - 100 * 3600");
    refused(change("3", "'locked', 'signature', 'sig', " + in_hours("72")));
    accepted("set timestamp = default");

    const std::string lock =
        "update address_change set state = 'locked', proof = 'approvals', "
        "locked_until_ms = 1, lock_ends_ms = unix_timestamp() * 1000 + "
        "3600000 * ";
    const std::string approve = "insert into address_approval select id, '";
    const std::string of_first = "', 1 from address_change where account_id = 1";
    refused(lock + "72 where account_id = 1");
    accepted(approve + "bob" + of_first);
    accepted(approve + "eve" + of_first);
    refused(lock + "72 where account_id = 1");
    accepted(approve + "kim" + of_first);
    refused(lock + "71 where account_id = 1");
    accepted(lock + "72 where account_id = 1");
    refused("update address_change set state = 'active' where account_id = 1");
}

TEST_F(RowsOfTheRunningUser, AddNoAddressToThoseThatWereAskedFor)
{
    accepted(change("1", "'asked', 'none', '', null, null"));
    const std::string address = "insert into account_address select id, ";
    accepted(address + "0, 'to', 'script', 4000 from address_change");
    accepted(address + "1, 'and', 'other', 6000 from address_change");
    refused(address + "2, 'eve', 'third', 1 from address_change");
    accepted("update address_change set state = 'cancelled'");
    accepted(change("1", "'asked', 'none', '', null, null"));
    accepted("update address_change set state = 'cancelled'");
    refused(address + "3, 'eve', 'fourth', 1 from address_change where id = 2");
}

TEST_F(RowsOfTheRunningUser, BeginAFoundBlockAsSubmittedAndCreditItOnItsRoad)
{
    const std::string columns =
        "insert into block_found (height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps, hash";
    const std::string row = ") values (1, 5, 1, '', '', repeat('h', 80), '', 100, 100, repeat('";
    const auto with = [&](const std::string& column, const std::string& value) {
        return columns + ", " + column + row + "x', 32), " + value + ")";
    };
    accepted(columns + row + "a', 32))");
    for (const char* state : {"immature", "mature", "orphaned", "rejected"}) {
        refused(with("state", "'" + std::string{state} + "'"));
    }
    refused(with("books", "'accrued'"));
    refused(with("books", "'matured'"));
    refused(with("epoch", "2"));
    refused(with("place", "'in_chain'"));
    for (const char* column :
         {"confirmations", "rival_confirmations", "window_first", "window_cut", "window_score"}) {
        refused(with(column, "1"));
    }

    const std::string set = "update block_found set ";
    refused(set + "books = 'matured'");
    refused(set + "state = 'mature'");
    accepted(set + "window_first = 7, window_cut = 8, window_score = 9");
    accepted(set + "window_first = 1, window_cut = 2, window_score = 3");
    accepted(set + "books = 'accrued', state = 'immature'");
    refused(set + "window_first = 9");
    accepted(set + "books = 'nothing', epoch = 2, state = 'orphaned'");
    refused(set + "window_first = 9");
    accepted(set + "books = 'accrued', state = 'immature'");
    refused(set + "state = 'mature'");
    for (const char* column : {"window_first", "window_cut", "window_score"}) {
        refused(set + column + " = 9");
        refused(set + column + " = null");
    }
    accepted(set + "books = 'matured', state = 'mature'");
}

TEST_F(RowsOfTheRunningUser, AnnounceNoTermsOfWhatIsSettled)
{
    const auto tell = [](const std::string& table, unsigned from) {
        const std::string whose = table == "window" ? "size" : "account_id, bps";
        const std::string value = table == "window" ? "1" : "1, 1";
        return "insert into " + table + "_schedule (from_slot, set_by, set_at_ms, " + whose +
               ") values (" + std::to_string(from) + ", 'eve', 1, " + value + ")";
    };
    accepted("update books set sealed_through = 10");
    accepted(
        "insert into block_found (hash, height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps) values (repeat('a', 32), 1, 14, 1, '', '', "
        "repeat('h', 80), '', 100, 100)");
    for (const char* table : {"fee", "donation", "window"}) {
        refused(tell(table, 0));
        refused(tell(table, 10));
        refused(tell(table, 11));
        refused(tell(table, 14));
        accepted(tell(table, 15));
    }
    accepted("update books set sealed_through = 20");
    for (const char* table : {"fee", "donation", "window"}) {
        refused(tell(table, 20));
        accepted(tell(table, 21));
    }
}

// A transaction sees what there was when it began to read, and may have begun long ago.
TEST_F(RowsOfTheRunningUser, AddNothingToASlotThatWasSealedSinceTheyBeganToRead)
{
    const std::string slot_account = "insert into slot_account values (5, 1, 0, 1, 0, 0, 1, 0, 1)";
    const std::string slot_root = "insert into slot_root values (5, 1, 1, 1, repeat('r', 32))";
    const std::string slot =
        "insert into slot values (5, 1, 0, 1, 1, 1, 0, 1, repeat('r', 32), repeat('c', 32), 1)";
    const std::string fee =
        "insert into fee_schedule (account_id, from_slot, bps, set_by, set_at_ms) "
        "values (1, 5, 1, 'eve', 1)";
    accepted("start transaction with consistent snapshot");
    for (const std::string& each : {slot_account, slot_root, slot, fee}) accepted(each);
    accepted("rollback");
    const std::string more = "update slot_account set shares = shares + 1 where slot_id = 6";
    accepted("insert into slot_account values (6, 1, 0, 1, 0, 0, 1, 0, 1)");
    accepted("start transaction with consistent snapshot");
    accepted(more);
    accepted("rollback");
    accepted("start transaction with consistent snapshot");
    books.scalar("update books set sealed_through = 10");
    for (const std::string& each : {slot_account, slot_root, slot, fee, more}) {
        refused_as_of_now(each);
    }
    accepted("rollback");
}

// As above, of what was approved, or holds, since they began to read.
TEST_F(RowsOfTheRunningUser, AddNothingToWhatWasDecidedSinceTheyBeganToRead)
{
    accepted(
        "insert into payout_batch (request_id, signs, fee_payer, total_sat, fee_max_sat, "
        "created_by, created_at_ms) values ('draft', 'wallet', 'pool', 5, 1, 'eve', 1)");
    accepted(change("1", "'locked', 'signature', 'sig', " + in_hours("72")));
    const std::string item =
        "insert into payout_item select id, 1, 1, 'to', 'script', 5, 0, 0 from payout_batch";
    const std::string address =
        "insert into account_address select id, 0, 'to', 'script', 4000 from address_change";
    for (const std::string& each : {item, address}) {
        accepted("start transaction with consistent snapshot");
        accepted(each);
        accepted("rollback");
    }
    accepted("start transaction with consistent snapshot");
    books.scalar("update payout_batch set items_digest = repeat('x', 32)");
    books.scalar("update address_change set state = 'cancelled'");
    for (const std::string& each : {item, address}) refused_as_of_now(each);
    accepted("rollback");
}

// Longer than the first server's: whoever shortens it is who may change the schema.
TEST_F(RowsOfTheRunningUser, HoldAnAddressAsLongAsTheFirstServerWasTold)
{
    payouts::AccountBookOptions options;
    options.mysql = running(books);
    options.address_lock = std::chrono::hours{24};
    ASSERT_TRUE(payouts::AccountBook::open(options).has_value());
    accepted(change("1", "'locked', 'signature', 'sig', " + in_hours("24")));
    refused(change("2", "'locked', 'signature', 'sig', " + in_hours("23")));
    options.address_lock = std::chrono::hours{1};
    const auto shorter = payouts::AccountBook::open(options);
    ASSERT_FALSE(shorter.has_value());
    EXPECT_NE(shorter.error().detail.find("address_lock_hours"), std::string::npos);
    EXPECT_FALSE(payouts::set_address_lock(options.mysql, options.address_lock).has_value());
    ASSERT_TRUE(payouts::set_address_lock(books.mysql(), options.address_lock).has_value());
    EXPECT_TRUE(payouts::AccountBook::open(options).has_value());
    options.address_lock = std::chrono::hours{48};
    EXPECT_TRUE(payouts::AccountBook::open(options).has_value());
}

}  // namespace
}  // namespace tests
