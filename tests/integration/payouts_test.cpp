// Payouts with a real bitcoind wallet and a real MariaDB.
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_history.h"
#include "payouts/mysql_maintenance.h"
#include "payouts/mysql_queries.h"
#include "pool/bitcoin/psbt.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Error;
using pool::Sats;

TEST_F(Payouts, PayEveryoneOnceAndTheBooksHoldWhatTheWalletHolds)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(1, 5'000'000);
    pool.owe(2, 99'999);
    pool.owe(3, 250'001);
    auto payouts = pool.open();
    ASSERT_EQ(pool.audit(*payouts), "");

    const auto dry = payouts->create("x", "ann", true, pool::read_clock());
    ASSERT_TRUE(dry.has_value()) << dry.error().detail;
    EXPECT_EQ(dry->total, Sats{5'250'001});
    EXPECT_EQ(pool.available(1), 5'000'000) << "a dry run moves nothing";

    const std::uint64_t id = approved_batch(*payouts, "friday");
    const auto again = payouts->create("friday", "ann", false, pool::read_clock());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->id, id) << "the same request is the same batch";
    EXPECT_EQ(pool.available(1), 0);
    EXPECT_EQ(pool.in_payout(1), 5'000'000);
    EXPECT_EQ(pool.available(2), 99'999) << "below the minimum";

    const auto queries = ::payouts::Queries::open(pool.books().mysql());
    ASSERT_TRUE(queries.has_value());
    const auto totals = [&queries] { return (*queries)->totals().value(); };
    EXPECT_EQ(totals().in_payouts, Sats{5'250'001});
    EXPECT_EQ(totals().payout_settled_at.value, 0U);
    EXPECT_GT(totals().payout_pending_since.value, 1'700'000'000'000U);

    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
    EXPECT_EQ(totals().in_payouts, Sats{5'250'001});
    EXPECT_EQ(pool.audit(*payouts), "") << "in flight";
    mine(node(), 5);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast") << "five blocks may still go";
    mine(node(), 1);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.received(1), 5'000'000);
    EXPECT_EQ(pool.received(3), 250'001);
    EXPECT_EQ(pool.in_payout(1), 0);
    EXPECT_EQ(totals().in_payouts, Sats{0});
    EXPECT_GT(totals().payout_settled_at.value, 1'700'000'000'000U);
    EXPECT_EQ(totals().payout_pending_since.value, 0U);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, PassOverOneBadAddressAndPayTheOthers)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(5, 5'000'000);
    pool.owe(6, 6'000'000);
    pool.books().scalar("update account set payout_address = '" + pool.wallet().address() +
                        "' where name = 'member-5'");
    auto payouts = pool.open();
    const auto batch = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(batch.has_value()) << batch.error().detail;
    EXPECT_EQ(batch->total, Sats{6'000'000});
    ASSERT_EQ(batch->passed_over.size(), 1U);
    EXPECT_NE(batch->passed_over[0].why.reason.find("the pool's own address"), std::string::npos);
}

TEST_F(Payouts, ReplaceASlowTransactionByOneThatSpendsTheSameAnchor)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(7, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_TRUE(payouts->bump(id, 30).has_value());
    EXPECT_FALSE(payouts->bump(id, 100'000).has_value()) << "above the cap";
    run_payouts(*payouts);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U) << state_of(*payouts, id);
    EXPECT_GT(batch->txs[1].fee, batch->txs[0].fee);
    for (const auto& tx : batch->txs) {
        const auto psbt = pool::parse_psbt(tx.psbt);
        ASSERT_TRUE(psbt.has_value());
        EXPECT_EQ(psbt->tx.inputs.at(0).previous, batch->anchor.value_or(pool::OutPoint{}).txid);
    }
    EXPECT_EQ(pool.audit(*payouts), "");
    auto history = payouts::History::open(pool.books().mysql());
    ASSERT_TRUE(history.has_value());
    const auto under_way = (*history)->payouts(10, std::nullopt);
    ASSERT_TRUE(under_way.has_value()) << under_way.error().detail;
    ASSERT_EQ(under_way->size(), 1U);
    EXPECT_EQ(under_way->front().state, "broadcast");
    EXPECT_EQ(under_way->front().txid, batch->txs[1].txid) << "the newest stands";
    EXPECT_EQ(under_way->front().confirmations, 0U);
    mine(node(), 2);
    run_payouts(*payouts);
    EXPECT_EQ((*history)->payouts(10, {})->front().confirmations, 2U);
    mine(node(), 4);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.received(7), 5'000'000);
    const auto paid = (*history)->payouts_of("member-7", 10, {});
    ASSERT_TRUE(paid.has_value()) << paid.error().detail;
    ASSERT_EQ(paid->size(), 1U);
    EXPECT_EQ(paid->front().payout.state, "confirmed");
    EXPECT_EQ(paid->front().payout.txid, batch->txs[1].txid);
    EXPECT_EQ(paid->front().payout.fee, batch->txs[1].fee);
    EXPECT_EQ(paid->front().payout.confirmations, 6U);
    EXPECT_EQ(paid->front().amount, Sats{5'000'000});
    EXPECT_EQ((*history)->payouts(10, id)->size(), 0U) << "only those before it";
    EXPECT_EQ((*history)->payouts_of("nobody", 10, {}).error().code, pool::Error::Code::not_found);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, StayInTheAirWhileAHigherFeeCannotBePaid)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(47, 5'000'000);
    unsigned sent = 0;
    auto options = pool.options();
    options.caps.fee_max = Sats{6000};
    options.resend = std::chrono::milliseconds{0};
    options.on_point = [&sent](std::string_view point) {
        if (point == "sent_pay") ++sent;
    };
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    const auto refused = payouts->bump(id, 150);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().detail.find("above its cap of 6000 sat"), std::string::npos)
        << refused.error().detail;
    // What it may cost is known for sure only when it is made.
    pool.books().scalar("update payout_batch set bump_rate = 150");
    sent = 0;
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("above the cap of 6000 sat"), std::string::npos)
        << state_of(*payouts, id);
    EXPECT_GT(sent, 0U) << "a node that has forgotten it is never given it again";
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
}

TEST_F(Payouts, MayPayMoreBeforeAnyNodeHasTakenThem)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(26, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    EXPECT_FALSE(payouts->bump(id, 30).has_value()) << "nothing is signed yet";
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    ASSERT_EQ(state_of(*payouts, id), "signed");
    const auto bumped = payouts->bump(id, 30);
    ASSERT_TRUE(bumped.has_value()) << bumped.error().detail;
    run_payouts(*payouts);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U) << state_of(*payouts, id);
    EXPECT_EQ(batch->txs[0].standing.place, pool::TxStanding::Place::unknown);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.received(26), 5'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, ReturnMoneyOnlyWhenTheSpendBackIsFinal)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(8, 5'000'000);
    auto payouts = pool.open();
    const auto draft = payouts->create("early", "ann", false, pool::read_clock());
    ASSERT_TRUE(draft.has_value()) << draft.error().detail;
    ASSERT_TRUE(payouts->cancel(draft->id, "ann", pool::read_clock()).has_value());
    EXPECT_EQ(state_of(*payouts, draft->id), "cancelled") << "nothing was made for it yet";
    EXPECT_EQ(pool.available(8), 5'000'000);

    const std::uint64_t id = approved_batch(*payouts, "late");
    run_payouts(*payouts);
    ASSERT_TRUE(payouts->cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "cancelling");
    EXPECT_EQ(pool.available(8), 0) << "the payment may be mined yet";
    auto history = payouts::History::open(pool.books().mysql());
    ASSERT_TRUE(history.has_value());
    EXPECT_EQ((*history)->payouts(10, {})->size(), 0U);
    const auto followed = (*history)->payouts_to_follow(10);
    ASSERT_TRUE(followed.has_value()) << followed.error().detail;
    ASSERT_EQ(followed->size(), 1U);
    EXPECT_EQ(followed->front().id, id);
    EXPECT_EQ(followed->front().state, "cancelling");
    mine(node(), 5);
    run_payouts(*payouts);
    EXPECT_EQ(pool.available(8), 0);
    mine(node(), 1);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "cancelled");
    EXPECT_EQ((*history)->payouts_to_follow(10)->size(), 0U);
    EXPECT_EQ(pool.available(8), 5'000'000);
    EXPECT_EQ(pool.received(8), 0);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, AreSettledAsPaidWhenThePaymentIsMinedBeforeItsCancel)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(9, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    mine(node(), 1);
    ASSERT_TRUE(payouts->cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(*payouts);
    mine(node(), 5);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.available(9), 0);
    EXPECT_EQ(pool.received(9), 5'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, SurviveAReorganisationThatTakesThePaymentOut)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(10, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    mine(node(), 1);
    run_payouts(*payouts);
    const std::string block = node().call("getbestblockhash").value_or("");
    ASSERT_TRUE(node().call("invalidateblock", "[" + block + "]").has_value());
    // Empty blocks on the other branch, so that the payment is in no chain.
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(node().call("generateblock", "[\"raw(51)\", []]").has_value());
    }
    run_payouts(*payouts);
    EXPECT_EQ(pool.received(10), 0);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.received(10), 5'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, AreHeldWhenWhatWasReturnedIsPaidAfterAll)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(35, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_TRUE(payouts->cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(*payouts);
    mine(node(), 1);
    const std::string block = node().call("getbestblockhash").value_or("");
    mine(node(), 5);
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "cancelled");
    ASSERT_FALSE(payouts->hold()->stopped);

    const pool::Now now = pool::read_clock();
    ASSERT_TRUE(payouts->stop("ann", "a look", now).has_value());
    ASSERT_TRUE(payouts->release("ann", false, now).has_value());
    ASSERT_FALSE(payouts->release("bob", false, now)->stopped);

    // A reorganisation deeper than what counts as final, and its miner has kept the payment.
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_TRUE(node().call("invalidateblock", "[" + block + "]").has_value());
    ASSERT_TRUE(node()
                    .call("generateblock",
                          "[\"raw(51)\", [\"" + pool::to_hex(batch->txs.front().raw) + "\"]]")
                    .has_value());
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(pool.received(35), 5'000'000);
    const auto hold = payouts->hold();
    ASSERT_TRUE(hold.has_value());
    EXPECT_TRUE(hold->stopped);
    EXPECT_NE(hold->reason.find("left the chain"), std::string::npos) << hold->reason;
    const auto one = payouts->release("bob", false, now);
    ASSERT_TRUE(one.has_value());
    EXPECT_TRUE(one->stopped) << "what ann has said of an earlier hold does not count";
}

TEST_F(Payouts, AreSettledWhenAsManyNodesAgreeAsMust)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(36, 5'000'000);
    NodeFixture other{"regtest"};
    auto options = pool.options();
    options.nodes_agree = 2;
    auto payouts = pool.open(options, {&other});
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    const std::string waits = state_of(*payouts, id);
    EXPECT_NE(waits.find("1 of 2 nodes"), std::string::npos) << waits;
    EXPECT_EQ(pool.in_payout(36), 5'000'000);
    give_chain(node(), other);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, MayBeSignedOfflineAndAreComparedByteForByte)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(12, 5'000'000);
    // The pool's node only watches; the keys are in a wallet that stands for another machine.
    WalletFixture& signer = pool.wallet();
    WalletFixture watcher{node(), own_name() + "-watch", ", true, true"};
    watcher.watch(signer);

    auto options = pool.options();
    options.offline = true;
    auto opened = payouts::Payouts::open(options, watcher.open());
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    payouts::Payouts& payouts = **opened;
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "built");
    const auto psbt = payouts.export_psbt(id);
    ASSERT_TRUE(psbt.has_value()) << psbt.error().detail;
    const auto import_of = [&](const std::string& text) {
        const auto done = payouts.import_psbt(id, text);
        return done ? "" : done.error().detail;
    };
    EXPECT_NE(import_of(*psbt), "") << "without signatures";
    auto wallet = signer.open();
    const auto coins = wallet->coins();
    ASSERT_TRUE(coins.has_value());
    const auto thief =
        wallet->fund({{coins->front()}, {{test_address("regtest", 13), Sats{5'000'000}}}, 5});
    ASSERT_TRUE(thief.has_value()) << thief.error().detail;
    EXPECT_NE(import_of(wallet->sign(*thief).value_or("")).find("another transaction"),
              std::string::npos);
    const auto good = wallet->sign(*psbt);
    ASSERT_TRUE(good.has_value()) << good.error().detail;
    EXPECT_EQ(import_of(*good), "");
    EXPECT_EQ(state_of(payouts, id), "signed");
    run_payouts(payouts);
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(pool.received(12), 5'000'000);
    EXPECT_EQ(pool.audit(payouts), "");
}

TEST_F(Payouts, NeedNoMoreRightsThanTheRunningUserHas)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(16, 5'000'000);
    auto options = pool.options();
    options.mysql.user = "zubr_run";
    options.mysql.password = "zubr_run";
    const auto granted = payouts::migrate_books(pool.books().mysql(), options.mysql, false);
    ASSERT_TRUE(granted.has_value()) << granted.error().detail;
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    ASSERT_TRUE(payouts->stop("ann", "", pool::read_clock()).has_value());
    ASSERT_TRUE(payouts->release("ann", false, pool::read_clock()).has_value());
    ASSERT_TRUE(payouts->release("bob", false, pool::read_clock()).has_value());
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
    EXPECT_EQ(pool.audit(*payouts), "");

    payouts::MysqlConnection db{options.mysql};
    ASSERT_TRUE(db.connect().has_value());
    for (const char* text :
         {"update payout_batch set state = 'approved'", "update payout_batch set anchor_vout = 9",
          "update payout_batch set total_sat = 1", "update payout_tx set raw = 'x'",
          "update payout_item set amount_sat = 1", "delete from payout_batch",
          "delete from payout_approval", "delete from payout_tx"}) {
        const auto done = db.run(text);
        ASSERT_FALSE(done.has_value()) << text;
        EXPECT_EQ(done.error().code, Error::Code::refused) << text << done.error().detail;
    }
}

TEST_F(Payouts, AreMadeByOneServerAtATime)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(14, 5'000'000);
    auto one = pool.open();
    auto other = pool.open();
    ASSERT_TRUE(one->step(pool::read_clock()).value_or(payouts::PayoutReport{}).active);
    EXPECT_FALSE(other->step(pool::read_clock()).value_or(payouts::PayoutReport{}).active);
    const auto refused = other->create("a", "ann", false, pool::read_clock());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::unavailable);

    const std::uint64_t id = approved_batch(*one, "a");
    // Put to sleep with the lease in its hands: the other goes on, and the sleeper changes nothing.
    pool.books().scalar("update lease set until_ms = 0 where name = 'payouts'");
    run_payouts(*other);
    EXPECT_EQ(state_of(*other, id), "broadcast");
    EXPECT_FALSE(one->cancel(id, "ann", pool::read_clock()).has_value());
    EXPECT_EQ(state_of(*other, id), "broadcast");
}

// Not even what is for people alone: what he saw is older than what the other has said since.
TEST_F(Payouts, AreNotToldTheirDepthByAServerThatHasSleptThroughItsLease)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(15, 5'000'000);
    auto sleeper = pool.open();
    auto other = pool.open();
    const pool::Now asleep = pool::read_clock();
    ASSERT_TRUE(sleeper->step(asleep).value_or(payouts::PayoutReport{}).active);
    approved_batch(*sleeper, "a");
    for (int step = 0; step < 5; ++step) ASSERT_TRUE(sleeper->step(asleep).has_value());
    pool.books().scalar("update lease set until_ms = 0 where name = 'payouts'");
    ASSERT_TRUE(other->step(pool::read_clock()).value_or(payouts::PayoutReport{}).active);
    mine(node(), 2);
    const auto told = [&pool] {
        return pool.books().scalar("select confirmations from payout_batch");
    };
    const auto seen = sleeper->step(asleep);
    ASSERT_TRUE(seen.has_value()) << seen.error().detail;
    EXPECT_TRUE(seen->active) << "or it knew before it looked, and the test shows nothing";
    EXPECT_EQ(told(), "0");
    run_payouts(*other);
    EXPECT_EQ(told(), "2");
}

}  // namespace
}  // namespace tests
