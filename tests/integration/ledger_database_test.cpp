// What MySQL itself keeps of the ledger's rules, whoever writes.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_maintenance.h"
#include "tests/support/books_fixture.h"
#include "tests/support/found_block.h"

namespace tests {
namespace {

using payouts::BlockSighting;
using pool::Error;
using pool::Sighting;

constexpr std::uint64_t slot = 1000;

/// A block of 1,000,000 satoshis is credited: event 1, from the coinbase's account to the miner's
/// and to the fees'.
class LedgerDatabase : public testing::Test {
protected:
    void SetUp() override
    {
        service = books.open();
        ASSERT_NE(service, nullptr);
        stream.start(slot - 1);
        stream.account(1, 1, slot - 1);
        stream.share(1, slot - 1, 1);
        stream.mark(slot + 1);
        stream.ship_rest();
        const auto block = found_block(1, slot, pool::Sats{1'000'000});
        ASSERT_TRUE(service->record_found(block).has_value());
        const std::vector seen{BlockSighting{block.hash, {Sighting::Place::in_chain, 1, 0}}};
        service->sight(seen);
        settle(*service, slot + 1);
        ASSERT_TRUE(db.connect().has_value());
    }
    std::uint64_t earned() const
    {
        return books.number(
            "select sum(credits_sat) - sum(debits_sat) from ledger_balance where side = 'credit'");
    }

    BooksFixture books;
    StreamWriter stream = books.producer("a-0");
    std::unique_ptr<payouts::Service> service;
    payouts::MysqlConnection db{books.mysql()};
};

TEST_F(LedgerDatabase, IsAppendOnlyAndRefusesOverdrafts)
{
    for (const char* text :
         {"update ledger_transfer set amount_sat = 1", "delete from ledger_transfer",
          "update ledger_event set actor = 'x'", "delete from ledger_event",
          "update ledger_balance set debits_sat = credits_sat + 1 where side = 'credit'"}) {
        const auto done = db.run(text);
        ASSERT_FALSE(done.has_value()) << text;
        EXPECT_EQ(done.error().code, Error::Code::refused) << text << done.error().detail;
    }
    ASSERT_TRUE(db.run("insert into ledger_event (idem_key, kind, ref, actor, payload, at_ms, "
                       "prev_hash, hash) select 'theft', '', '', '', '', 0, ledger_head, "
                       "repeat('b', 32) from books")
                    .has_value());
    ASSERT_TRUE(db.run("insert into ledger_transfer (event_id, line, debit_id, credit_id, "
                       "amount_sat) select max(e.id), 1, m.id, w.id, 2000000 from ledger_event e, "
                       "ledger_account m, ledger_account w where m.code = 'm:1:immature' and "
                       "w.code like 'asset:%'")
                    .has_value());
    const auto overdrawn = db.run("update books set ledger_head = repeat('b', 32)");
    ASSERT_FALSE(overdrawn.has_value());
    EXPECT_EQ(overdrawn.error().code, Error::Code::refused) << overdrawn.error().detail;
    EXPECT_EQ(earned(), 1'000'000U);
}

TEST_F(LedgerDatabase, MovesNothingForATransferThatIsNotOfTheEventThatBecomesItsHead)
{
    const std::string sums =
        "select concat(sum(debits_sat), ' ', sum(credits_sat)) from ledger_balance";
    const std::string before = books.scalar(sums);
    ASSERT_TRUE(db.run("insert into ledger_transfer (event_id, line, debit_id, credit_id, "
                       "amount_sat) values (1, 99, 2, 1, 5)")
                    .has_value());
    EXPECT_EQ(books.scalar(sums), before);
    EXPECT_EQ(earned(), 1'000'000U);
    // Rebuild would make them wrong for good.
    books.scalar("update account_total set work = 1");
    const auto rebuilt = payouts::rebuild_books(books.mysql());
    ASSERT_FALSE(rebuilt.has_value());
    EXPECT_EQ(rebuilt.error().code, Error::Code::refused);
    EXPECT_TRUE(rebuilt.error().detail.starts_with("nothing was made again: "));
    EXPECT_EQ(books.scalar(sums), before);
    EXPECT_EQ(books.scalar("select sum(work) from account_total"), "1");
}

}  // namespace
}  // namespace tests
