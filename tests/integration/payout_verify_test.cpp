// What verifyledger finds in payouts: who was paid, on whose word, and by which transaction.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_verify.h"
#include "pool/bitcoin/address.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using payouts::SqlValue;

TEST_F(Payouts, AreComparedWithTheLedgerByWhoeverVerifiesIt)
{
    PayoutsFixture pool{node(), own_name()};
    auto payouts = pool.open();
    pool.owe(25, 5'000'000);
    const std::uint64_t paid = approved_batch(*payouts, "paid");
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, paid), "confirmed");
    pool.owe(25, 3'000'000);
    const auto draft = payouts->create("given up", "ann", false, pool::read_clock());
    ASSERT_TRUE(draft.has_value()) << draft.error().detail;
    ASSERT_TRUE(payouts->cancel(draft->id, "ann", pool::read_clock()).has_value());

    payouts::MysqlConnection db{pool.books().mysql()};
    ASSERT_TRUE(db.connect().has_value());
    const auto difference_after = [&](const std::string& crime) {
        EXPECT_TRUE(db.run("START TRANSACTION").has_value());
        EXPECT_TRUE(crime.empty() || db.run(crime).has_value()) << crime;
        const auto checked = payouts::verify_inside(db);
        EXPECT_TRUE(db.run("ROLLBACK").has_value());
        return checked ? checked->difference : checked.error().detail;
    };
    EXPECT_EQ(difference_after(""), "");
    for (const char* trigger : {"payout_batch_fixed", "payout_batch_road", "payout_tx_fixed"}) {
        pool.books().scalar(std::string{"drop trigger "} + trigger);
    }
    for (const char* crime :
         {"update payout_item set amount_sat = amount_sat + 1 limit 1",
          "update payout_tx set fee_sat = fee_sat + 1",
          "update payout_batch set state = 'broadcast' where state = 'confirmed'",
          "update payout_batch set state = 'confirmed' where state = 'cancelled'",
          "update payout_batch set state = 'cancelled' where state = 'confirmed'",
          "update payout_item set address = 'bcrt1qthief'",
          "update payout_item set script = 'thief'",
          "update payout_item set account_id = account_id + 1 order by batch_id limit 1",
          "update payout_batch set items_digest = repeat('x', 32)",
          "update payout_batch set total_sat = total_sat + 1",
          "update payout_batch set created_by = 'bob'", "delete from payout_approval",
          "update payout_approval set admin = 'ann'",
          "update payout_approval set items_digest = repeat('x', 32)",
          "update payout_tx set raw = concat(raw, 'x')", "update payout_tx set psbt = ''",
          "update payout_tx set txid = repeat('x', 32)",
          "update payout_batch set anchor_vout = anchor_vout + 1 where anchor_vout is not null",
          "update payout_batch set anchor_txid = null, anchor_vout = null"}) {
        EXPECT_NE(difference_after(crime), "") << crime;
    }
    // Items, digest and approval that fit together, for another than was paid.
    const auto batch = payouts->get(paid);
    ASSERT_TRUE(batch.has_value());
    auto items = batch->items;
    items.at(0).address = test_address("regtest", 26);
    items.at(0).script = pool::parse_address(items.at(0).address, pool::Chain::regtest)->script;
    const auto digest = payouts::items_digest(paid, batch->fee_payer, batch->fee_max, items);
    ASSERT_TRUE(db.run("START TRANSACTION").has_value());
    for (const auto& [text, values] : std::vector<std::pair<std::string, std::vector<SqlValue>>>{
             {"update payout_item set address = ?, script = ? where batch_id = ?",
              {items.at(0).address, items.at(0).script, paid}},
             {"update payout_batch set items_digest = ? where id = ?",
              {payouts::sql(digest), paid}},
             {"update payout_approval set items_digest = ? where batch_id = ?",
              {payouts::sql(digest), paid}}}) {
        ASSERT_TRUE(db.execute(text, values).has_value()) << text;
    }
    const auto checked = payouts::verify_inside(db);
    ASSERT_TRUE(db.run("ROLLBACK").has_value());
    ASSERT_TRUE(checked.has_value());
    EXPECT_NE(checked->difference, "");
    EXPECT_EQ(difference_after(""), "");
}

}  // namespace
}  // namespace tests
