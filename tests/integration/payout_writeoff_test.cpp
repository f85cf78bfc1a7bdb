// A payout whose anchor somebody else has spent: the way out takes two people and a look.
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_verify.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Error;
using pool::Sats;

/// What write_off said: "" when it was taken.
std::string said(payouts::Payouts& payouts, std::uint64_t id, const pool::TxId& spent_by,
                 const std::string& who)
{
    const auto done = payouts.write_off(id, spent_by, who, pool::read_clock());
    return done ? "" : done.error().detail;
}

pool::OutPoint anchor_of(payouts::Payouts& payouts, std::uint64_t id)
{
    const auto batch = payouts.get(id);
    EXPECT_TRUE(batch && batch->anchor);
    return batch ? batch->anchor.value_or(pool::OutPoint{}) : pool::OutPoint{};
}

TEST_F(Payouts, WhoseAnchorSomethingElseHasSpentAreWrittenOffByTwoPeople)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(60, 5'000'000);
    pool.owe(61, 7'000'000);
    auto options = pool.options();
    options.caps.day_max = Sats{13'000'000};  // what was written off has not left
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    // One of the two is paid by hand, with a transaction that takes the payout's place.
    const pool::TxId by_hand = pool.spend_by_hand(anchor_of(*payouts, id),
                                                  {{test_address("regtest", 60), Sats{5'000'000}}});
    mine(node(), 5);
    run_payouts(*payouts);
    const std::string stuck = state_of(*payouts, id);
    EXPECT_NE(stuck.find("writeoffpayout"), std::string::npos) << stuck;
    EXPECT_NE(said(*payouts, id, by_hand, "ann").find("5 of 6 blocks"), std::string::npos);
    mine(node(), 1);

    // They had been stopped for another reason, and one wants to go on.
    ASSERT_TRUE(payouts->stop("ann", "lunch", pool::read_clock()).has_value());
    ASSERT_TRUE(payouts->release("bob", false, pool::read_clock()).has_value());
    EXPECT_EQ(said(*payouts, id, by_hand, "ann"), "");
    EXPECT_NE(said(*payouts, id, by_hand, "ann"), "") << "one person is not two";
    EXPECT_EQ(pool.in_payout(60), 5'000'000) << "nothing moves before the second";
    EXPECT_EQ(said(*payouts, id, by_hand, "bob"), "");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "cancelled");
    EXPECT_EQ(pool.available(60), 5'000'000);
    EXPECT_EQ(pool.available(61), 7'000'000);
    EXPECT_NE(said(*payouts, id, by_hand, "carl"), "") << "it has ended";

    // Nobody is paid twice: payouts are held until what was paid by hand is in the books.
    EXPECT_TRUE(payouts->hold()->stopped);
    EXPECT_NE(payouts->hold()->reason.find("written off"), std::string::npos);
    EXPECT_EQ(payouts->hold()->released_by, "") << "that was for lunch";
    EXPECT_FALSE(payouts->create("b", "ann", false, pool::read_clock()).has_value());
    const auto check = payouts->compare();
    ASSERT_TRUE(check.has_value());
    const Sats fee = check->difference - Sats{5'000'000};
    EXPECT_GT(fee, Sats{});
    for (const payouts::CoinWish& wish :
         {payouts::CoinWish{false, "member-60", Sats{5'000'000}, "by hand"},
          payouts::CoinWish{false, "pool:network", fee, "by hand"}}) {
        const auto asked = payouts->ask_coins(wish, "ann", pool::read_clock());
        ASSERT_TRUE(asked.has_value()) << asked.error().detail;
        ASSERT_TRUE(payouts->approve_coins(asked->id, "bob", pool::read_clock()).has_value());
    }
    EXPECT_EQ(pool.audit(*payouts), "");
    ASSERT_TRUE(payouts->release("ann", false, pool::read_clock()).has_value());
    ASSERT_FALSE(payouts->release("bob", false, pool::read_clock())->stopped);

    const std::uint64_t next = approved_batch(*payouts, "b");
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, next), "confirmed");
    EXPECT_EQ(pool.received(60), 5'000'000);
    EXPECT_EQ(pool.received(61), 7'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, AreNotWrittenOffForATransactionThatDoesNotSpendTheAnchorOrIsTheirOwn)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(62, 5'000'000);
    auto payouts = pool.open();
    const auto draft = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(draft.has_value()) << draft.error().detail;
    EXPECT_NE(said(*payouts, draft->id, pool::TxId{}, "ann").find("no anchor"), std::string::npos);
    ASSERT_TRUE(payouts->cancel(draft->id, "ann", pool::read_clock()).has_value());

    const std::uint64_t id = approved_batch(*payouts, "b");
    run_payouts(*payouts);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    EXPECT_NE(said(*payouts, id, batch->txs.at(0).txid, "ann").find("the payout's own"),
              std::string::npos);
    const pool::TxId funding = batch->anchor.value_or(pool::OutPoint{}).txid;
    EXPECT_NE(said(*payouts, id, funding, "ann").find("does not spend the anchor"),
              std::string::npos);
    const auto unknown = payouts->write_off(id, pool::TxId{}, "ann", pool::read_clock());
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, Error::Code::not_found);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, ThatWereWrittenOffAreHeldAgainWhenTheirPaymentIsMinedAfterAll)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(63, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    const pool::TxId by_hand = pool.spend_by_hand(anchor_of(*payouts, id));
    mine(node(), 1);
    const std::string block = node().call("getbestblockhash").value_or("");
    mine(node(), 5);
    ASSERT_EQ(said(*payouts, id, by_hand, "ann"), "");
    ASSERT_EQ(said(*payouts, id, by_hand, "bob"), "");
    ASSERT_TRUE(payouts->release("ann", false, pool::read_clock()).has_value());
    ASSERT_FALSE(payouts->release("bob", false, pool::read_clock())->stopped);

    ASSERT_TRUE(node().call("invalidateblock", "[" + block + "]").has_value());
    ASSERT_TRUE(node()
                    .call("generateblock",
                          "[\"raw(51)\", [\"" + pool::to_hex(batch->txs.at(0).raw) + "\"]]")
                    .has_value());
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_TRUE(payouts->hold()->stopped);
    EXPECT_EQ(pool.received(63), 5'000'000);
}

TEST_F(Payouts, ThatWereWrittenOffAreComparedByWhoeverVerifiesTheLedger)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(64, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    const pool::TxId by_hand = pool.spend_by_hand(anchor_of(*payouts, id));
    mine(node(), 6);
    ASSERT_EQ(said(*payouts, id, by_hand, "ann"), "");
    ASSERT_EQ(said(*payouts, id, by_hand, "bob"), "");
    payouts::MysqlConnection db{pool.books().mysql()};
    const auto good = payouts::verify_ledger(db);
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(good->difference, "");
    pool.books().scalar("drop trigger payout_writeoff_fixed");
    pool.books().scalar("update payout_writeoff set approved_by = null, approved_at_ms = null");
    const auto bad = payouts::verify_ledger(db);
    ASSERT_TRUE(bad.has_value());
    EXPECT_NE(bad->difference, "") << "returned on nobody's word";
}

}  // namespace
}  // namespace tests
