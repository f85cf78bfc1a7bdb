// What MySQL itself keeps of the ledger's rules, whoever writes.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_balance_watch.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
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

/// An event of its own name that moves `transfers`.
payouts::LedgerEvent moving(const std::string& key, std::vector<payouts::Transfer> transfers)
{
    payouts::LedgerEvent event{key, "adjust", "1", "ann", "{}", now_in(slot).wall, {}};
    event.transfers = std::move(transfers);
    return event;
}

// Each becomes the head in turn, and moves what is its own.
TEST_F(LedgerDatabase, MovesTheBalancesOfEachOfTwoEventsOfOneTransactionOnce)
{
    const auto balance = [this](const std::string& code) {
        return books.scalar(
            "select concat(b.debits_sat, '/', b.credits_sat) from ledger_balance b "
            "join ledger_account a on a.id = b.account_id where a.code = '" +
            code + "'");
    };
    const auto in = moving("one", {{"asset:wallet", "equity:reserve", pool::Sats{500}}});
    const auto on = moving("two", {{"asset:wallet", "equity:reserve", pool::Sats{300}},
                                   {"equity:reserve", "m:1:available", pool::Sats{200}}});
    for (const bool kept : {false, true}) {
        auto both = payouts::Transaction::begin(db);
        ASSERT_TRUE(both.has_value());
        for (const auto& event : {in, on}) {
            const auto posted = payouts::post(db, event);
            ASSERT_TRUE(posted.has_value()) << posted.error().detail;
        }
        if (!kept) continue;
        ASSERT_TRUE(both->commit().has_value());
    }
    EXPECT_EQ(balance("asset:wallet"), "800/0");
    EXPECT_EQ(balance("equity:reserve"), "200/800");
    EXPECT_EQ(balance("m:1:available"), "0/200");
    EXPECT_EQ(earned(), 1'000'800U) << "and the block's, as it was";
    payouts::BalanceWatch watch;
    EXPECT_EQ(watch.look(db, {}).value_or("an error"), "");

    // What the second would make good, the first may not overdraw.
    auto early = payouts::Transaction::begin(db);
    ASSERT_TRUE(early.has_value());
    const auto refused =
        payouts::post(db, moving("three", {{"equity:reserve", "m:1:available", pool::Sats{601}}}));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
}

}  // namespace
}  // namespace tests
