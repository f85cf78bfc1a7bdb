// Payouts with a wallet that takes its time, has its keys elsewhere, or lets others pay the fee.
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "pool/bitcoin/psbt.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Result;
using pool::Sats;

/// A real wallet whose first answer of each kind takes longer than the database keeps a silent
/// session.
class SlowWallet final : public pool::Wallet {
public:
    SlowWallet(std::unique_ptr<pool::Wallet> real, BooksFixture& books)
        : real_(std::move(real)), books_(books)
    {
    }
    /// Sessions that ended while it was asked.
    unsigned ended() const { return ended_; }

    Result<std::vector<pool::Coin>> coins() override
    {
        return slow("coins", [&] { return real_->coins(); });
    }
    Result<pool::WalletTotals> totals() override
    {
        return slow("totals", [&] { return real_->totals(); });
    }
    Result<pool::AddressVerdict> judge(const std::string& address) override
    {
        return slow("judge", [&] { return real_->judge(address); });
    }
    Result<std::string> fund(const pool::Funding& funding) override
    {
        return slow("fund", [&] { return real_->fund(funding); });
    }
    Result<std::string> sign(const std::string& psbt) override
    {
        return slow("sign", [&] { return real_->sign(psbt); });
    }
    Result<pool::Bytes> finish(const std::string& psbt) override
    {
        return slow("finish", [&] { return real_->finish(psbt); });
    }
    Result<pool::Bytes> transaction(const pool::TxId& txid) override
    {
        return slow("transaction", [&] { return real_->transaction(txid); });
    }
    Result<pool::TxStanding> standing(const pool::TxId& txid) override
    {
        return slow("standing", [&] { return real_->standing(txid); });
    }
    Result<std::uint32_t> nodes_with(const pool::TxId& txid, std::uint32_t depth) override
    {
        return slow("nodes_with", [&] { return real_->nodes_with(txid, depth); });
    }
    Result<std::uint32_t> fee_rate(std::uint32_t blocks) override
    {
        return slow("fee_rate", [&] { return real_->fee_rate(blocks); });
    }
    Result<std::string> why_not_taken(pool::ByteSpan raw) override
    {
        return slow("why_not_taken", [&] { return real_->why_not_taken(raw); });
    }
    Result<void> send(pool::ByteSpan raw) override
    {
        return slow("send", [&] { return real_->send(raw); });
    }

private:
    // The session is looked at before the node is asked: that may take its second as well.
    template <typename Ask>
    std::invoke_result_t<Ask> slow(const char* call, const Ask& ask)
    {
        if (!called_.insert(call).second) return ask();  // once each is slow enough
        const std::string sessions =
            "select count(*) from information_schema.processlist where db = database() and "
            "id <> connection_id()";
        const bool was_there = books_.scalar(sessions) != "0";
        const bool gone =
            eventually(std::chrono::seconds{10}, [&] { return books_.scalar(sessions) == "0"; });
        EXPECT_TRUE(gone) << "a session outlives a silent second";
        if (was_there && gone) ++ended_;
        return ask();
    }

    std::unique_ptr<pool::Wallet> real_;
    BooksFixture& books_;
    std::set<std::string> called_;
    unsigned ended_ = 0;
};

TEST_F(Payouts, GoOnWhenTheWalletTakesLongerThanTheDatabaseWaits)
{
    auto pool = std::make_unique<PayoutsFixture>(node(), own_name());
    pool->owe(50, 5'000'000);
    pool->close_books();  // its session counts, too
    auto options = pool->options();
    options.mysql.silence = std::chrono::seconds{1};
    auto slow = std::make_unique<SlowWallet>(pool->wallet().open(), pool->books());
    const SlowWallet& wallet = *slow;
    auto opened = payouts::Payouts::open(options, std::move(slow));
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    payouts::Payouts& payouts = **opened;
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "broadcast");
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(pool->received(50), 5'000'000);
    EXPECT_GT(wallet.ended(), 0U) << "the test has tried nothing";
}

TEST_F(Payouts, AreSentAgainThoughTheHigherFeeThatIsWantedCannotBePaid)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(135, 5'000'000);
    auto options = pool.options();
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    ASSERT_TRUE(payouts->bump(id, 30).has_value());
    payouts.reset();
    options.caps.fee_rate_max = 1;  // somebody has lowered it meanwhile
    payouts = pool.open(options);
    node().stop();
    node().start();  // it forgets what was not mined
    for (const std::string& name : {pool.wallet().name(), std::string{"mine"}}) {
        ASSERT_TRUE(node().call("loadwallet", "[\"" + name + "\"]").has_value());
    }
    ASSERT_EQ(node().call("getrawmempool").value_or(""), "[]");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("broadcast: "), std::string::npos)
        << state_of(*payouts, id);
    EXPECT_NE(node().call("getrawmempool").value_or("[]"), "[]");
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
}

TEST_F(Payouts, AreNotSentBeforeTheNodeSaysThatItWouldTakeThem)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(51, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    ASSERT_EQ(state_of(*payouts, id), "signed");
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    pool.spend_by_hand(batch->anchor.value_or(pool::OutPoint{}));
    mine(node(), 6);
    run_payouts(*payouts);
    const std::string waits = state_of(*payouts, id);
    EXPECT_NE(waits.find("signed: the node would not take"), std::string::npos) << waits;
}

TEST_F(Payouts, ThatAreSignedElsewhereMayPayMoreLater)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(52, 5'000'000);
    const Offline offline{pool, own_name(), pool.options()};
    auto& payouts = *offline.payouts;
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    ASSERT_EQ(offline.sign(id), "");
    run_payouts(payouts);
    ASSERT_EQ(state_of(payouts, id), "broadcast");
    ASSERT_TRUE(payouts.bump(id, 30).has_value());
    run_payouts(payouts);
    EXPECT_EQ(pool.audit(payouts), "") << "the first one stays in the air meanwhile";
    ASSERT_EQ(offline.sign(id), "");
    run_payouts(payouts);
    const auto batch = payouts.get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U) << state_of(payouts, id);
    EXPECT_GT(batch->txs[1].fee, batch->txs[0].fee);
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(payouts.get(id)->txs[1].standing.place, pool::TxStanding::Place::in_chain);
    EXPECT_EQ(pool.received(52), 5'000'000);
    EXPECT_EQ(pool.audit(payouts), "");
}

TEST_F(Payouts, ThatAreSignedElsewhereAreTakenBackByWhoeverSigns)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(53, 5'000'000);
    const Offline offline{pool, own_name(), pool.options()};
    auto& payouts = *offline.payouts;
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    const auto payment = payouts.export_psbt(id);
    ASSERT_TRUE(payment.has_value());
    ASSERT_TRUE(payouts.cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "cancelling");
    EXPECT_EQ(pool.available(53), 0) << "somebody may sign and send the payment yet";
    EXPECT_FALSE(payouts.import_psbt(id, offline.signer->sign(*payment).value_or("")).has_value())
        << "the payment is not wanted any more";
    ASSERT_EQ(offline.sign(id), "");
    run_payouts(payouts);
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "cancelled");
    EXPECT_EQ(pool.available(53), 5'000'000);
    EXPECT_EQ(pool.received(53), 0);
    EXPECT_EQ(pool.audit(payouts), "");
}

// Days pass until it is signed; an account's key is stolen meanwhile. Its anchor may be spent by
// whoever has the PSBT, so the money returns by a cancel only.
TEST_F(Payouts, ThatAreSignedElsewhereDoNotLeaveOnceAnAccountIsHeld)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(66, 5'000'000);
    pool.owe(67, 4'000'000);
    const Offline offline{pool, own_name(), pool.options()};
    auto& payouts = *offline.payouts;
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    ASSERT_TRUE(payouts.get(id)->anchor.has_value()) << state_of(payouts, id);
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account where name = 'member-66'");
    run_payouts(payouts);
    EXPECT_EQ(payouts.list(10)->size(), 1U) << "nothing is drafted anew beside it";
    ASSERT_EQ(offline.sign(id), "");
    run_payouts(payouts);
    EXPECT_NE(state_of(payouts, id).find("on hold"), std::string::npos) << state_of(payouts, id);
    EXPECT_EQ(node().call("getrawmempool").value_or(""), "[]");
    EXPECT_EQ(pool.in_payout(67), 4'000'000);

    ASSERT_TRUE(payouts.cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(payouts);
    EXPECT_EQ(pool.in_payout(67), 4'000'000) << "the signed payment may yet get out";
    ASSERT_EQ(offline.sign(id), "");
    run_payouts(payouts);
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "cancelled");
    EXPECT_EQ(pool.available(66), 5'000'000);
    EXPECT_EQ(pool.received(66) + pool.received(67), 0);
    const std::uint64_t next = approved_batch(payouts, "b");
    run_payouts(payouts);
    ASSERT_EQ(offline.sign(next), "");
    run_payouts(payouts);
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, next), "confirmed");
    EXPECT_EQ(pool.received(66), 0);
    EXPECT_EQ(pool.received(67), 4'000'000);
    EXPECT_EQ(pool.audit(payouts), "");
}

TEST_F(Payouts, WhoseRecipientsPayTheNetworkReturnWhatItDidNotCost)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(54, 3'000'000);
    pool.owe(55, 1'000'000);
    auto options = pool.options();
    options.fee_payer = payouts::FeePayer::recipients;
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    mine(node(), 6);
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "confirmed");
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->items.size(), 2U);
    const Sats share = batch->items[0].fee_share;
    EXPECT_GT(share, Sats{});
    EXPECT_NEAR(static_cast<double>(share.value),
                3.0 * static_cast<double>(batch->items[1].fee_share.value), 3.0);
    EXPECT_EQ(pool.received(54), 3'000'000 - share.value);
    EXPECT_EQ(pool.received(55), 1'000'000 - batch->items[1].fee_share.value);
    const Sats set_aside = share + batch->items[1].fee_share;
    const Sats fee = batch->txs[0].fee;
    ASSERT_LT(fee, set_aside) << "the draft reckons with the largest inputs there are";
    EXPECT_EQ(pool.available(54) + pool.available(55), (set_aside - fee).value);
    EXPECT_EQ(pool.audit(*payouts), "");
}

}  // namespace
}  // namespace tests
