// Payouts from coins that are not segwit: whoever mines their transaction may write its scripts
// otherwise, and so give it another id; and so may whoever signs it twice.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "pool/bitcoin/transaction.h"
#include "tests/integration/payouts_suite.h"

namespace tests {
namespace {

using pool::Sats;

/// A pool whose largest coin, and so the anchor of its payouts, is P2PKH.
struct LegacyPool {
    LegacyPool(NodeFixture& node, const std::string& name, bool offline = false) : pool(node, name)
    {
        constexpr std::int64_t coin = 150'000'000;
        pool.wallet().fund(1, coin, "legacy");
        options = pool.options();
        options.nodes_agree = 2;
        options.offline = offline;
        payouts = pool.open(options, {&other});
        const auto asked = payouts->ask_coins({true, "pool:reserve", Sats{coin}, "deposit"}, "ann",
                                              pool::read_clock());
        EXPECT_TRUE(asked.has_value()) << (asked ? "" : asked.error().detail);
        if (!asked) return;
        EXPECT_TRUE(payouts->approve_coins(asked->id, "bob", pool::read_clock()).has_value());
    }

    /// Mines the newest transaction of payout `id` with a NOP before what signs it.
    void mine_otherwise(std::uint64_t id)
    {
        const auto batch = payouts->get(id);
        ASSERT_TRUE(batch.has_value());
        ASSERT_FALSE(batch->txs.empty()) << state_of(*payouts, id);
        EXPECT_NE(mine_with_nop(batch->txs.back().raw), batch->txs.back().txid);
    }

    /// Mines `raw` with a NOP before what signs it; the id that it has by that.
    pool::TxId mine_with_nop(const pool::Bytes& raw)
    {
        auto tx = pool::parse_transaction(raw);
        const bool legacy = tx && tx->inputs.size() == 1 && !tx->inputs[0].script.empty();
        EXPECT_TRUE(legacy) << "not a spend of one coin that is not segwit";
        if (!legacy) return {};
        constexpr std::uint8_t op_nop = 0x61;
        tx->inputs[0].script.insert(tx->inputs[0].script.begin(), op_nop);
        const std::string hex = pool::to_hex(serialise(*tx, pool::WitnessForm::with));
        const auto mined = pool.node().call("generateblock", "[\"raw(51)\", [\"" + hex + "\"]]");
        EXPECT_TRUE(mined.has_value()) << (mined ? "" : mined.error().detail);
        return txid_of(*tx);
    }

    /// What waits for signatures, as its signer gives it back.
    std::string signed_psbt(std::uint64_t id)
    {
        const auto psbt = payouts->export_psbt(id);
        EXPECT_TRUE(psbt.has_value()) << (psbt ? "" : psbt.error().detail);
        return pool.wallet().open()->sign(psbt.value_or("")).value_or("");
    }

    /// The signer sends it himself, with another signature: the id under which it is mined.
    pool::TxId sent_by_signer(const std::string& psbt)
    {
        return mine_with_nop(pool.wallet().open()->finish(psbt).value_or(pool::Bytes{}));
    }

    /// What write_off said of it: "" when it was taken.
    std::string said(std::uint64_t id, const pool::TxId& spent_by, const std::string& who)
    {
        const auto done = payouts->write_off(id, spent_by, who, pool::read_clock());
        return done ? "" : done.error().detail;
    }

    PayoutsFixture pool;
    NodeFixture other{"regtest"};  // the second that has to agree
    payouts::PayoutOptions options;
    std::unique_ptr<payouts::Payouts> payouts;
};

TEST_F(Payouts, AreSettledOnceThoughTheyAreMinedUnderAnotherId)
{
    LegacyPool legacy{node(), own_name()};
    PayoutsFixture& pool = legacy.pool;
    payouts::Payouts& payouts = *legacy.payouts;
    pool.owe(70, 5'000'000);
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    ASSERT_EQ(state_of(payouts, id), "broadcast");
    legacy.mine_otherwise(id);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "broadcast") << "one block deep";
    EXPECT_EQ(pool.books().scalar("select confirmations from payout_batch"), "1");
    mine(node(), 5);
    run_payouts(payouts);
    const std::string waits = state_of(payouts, id);
    EXPECT_NE(waits.find("1 of 2 nodes"), std::string::npos) << waits;
    give_chain(node(), legacy.other);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(pool.received(70), 5'000'000);
    EXPECT_EQ(pool.in_payout(70), 0);
    EXPECT_EQ(pool.audit(payouts), "");
    EXPECT_FALSE(payouts.hold()->stopped);

    // And nobody is paid once more with what is owed next.
    pool.owe(70, 3'000'000);
    const std::uint64_t next = approved_batch(payouts, "b");
    run_payouts(payouts);
    mine(node(), 6);
    give_chain(node(), legacy.other);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, next), "confirmed");
    EXPECT_EQ(pool.received(70), 8'000'000);
    EXPECT_EQ(pool.audit(payouts), "");
}

TEST_F(Payouts, AreReturnedOnceThoughTheirCancelIsMinedUnderAnotherId)
{
    LegacyPool legacy{node(), own_name()};
    PayoutsFixture& pool = legacy.pool;
    payouts::Payouts& payouts = *legacy.payouts;
    pool.owe(71, 5'000'000);
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    ASSERT_TRUE(payouts.cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(payouts);
    ASSERT_EQ(state_of(payouts, id), "cancelling");
    legacy.mine_otherwise(id);
    mine(node(), 5);
    give_chain(node(), legacy.other);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "cancelled");
    EXPECT_EQ(pool.available(71), 5'000'000);
    EXPECT_EQ(pool.received(71), 0);
    EXPECT_EQ(pool.audit(payouts), "");
}

// The wallet has never seen what was imported: the node refuses it as a second spend.
TEST_F(Payouts, ThatTheirSignerSentWithAnotherSignatureAreSettledOnTwoPeoplesWord)
{
    LegacyPool legacy{node(), own_name(), true};
    PayoutsFixture& pool = legacy.pool;
    payouts::Payouts& payouts = *legacy.payouts;
    pool.owe(72, 5'000'000);
    mine(node(), 66);  // by its median time the wallet has seen what was booked
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    const std::string psbt = legacy.signed_psbt(id);
    const pool::TxId sent = legacy.sent_by_signer(psbt);
    ASSERT_TRUE(payouts.import_psbt(id, psbt).has_value());
    run_payouts(payouts);
    const std::string stuck = state_of(payouts, id);
    EXPECT_EQ(stuck.substr(0, 6), "signed") << stuck;
    EXPECT_NE(stuck.find("see writeoffpayout"), std::string::npos) << stuck;
    mine(node(), 4);
    Clock clock{payouts};
    clock.step_after(std::chrono::minutes{6});
    clock.step_after(std::chrono::minutes{6});
    EXPECT_TRUE(held(payouts, "lacks")) << "nobody knows yet what was spent";
    EXPECT_NE(legacy.said(id, sent, "ann").find("5 of 6 blocks"), std::string::npos);
    mine(node(), 1);
    EXPECT_NE(legacy.said(id, sent, "ann").find("1 of 2 nodes"), std::string::npos);
    give_chain(node(), legacy.other);

    EXPECT_EQ(legacy.said(id, sent, "ann"), "");
    EXPECT_NE(legacy.said(id, sent, "ann"), "") << "one person is not two";
    run_payouts(payouts);
    EXPECT_EQ(pool.in_payout(72), 5'000'000) << "nothing moves before the second";
    EXPECT_EQ(legacy.said(id, sent, "bob"), "");
    EXPECT_NE(legacy.said(id, sent, "carl"), "") << "it is the payout's own by now";
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(pool.received(72), 5'000'000);
    EXPECT_EQ(pool.in_payout(72) + pool.available(72), 0);
    EXPECT_EQ(pool.audit(payouts), "");

    // Nobody is held up any more, nor paid once more.
    ASSERT_TRUE(payouts.release("ann", false, pool::read_clock()).has_value());
    ASSERT_FALSE(payouts.release("bob", false, pool::read_clock())->stopped);
    mine(node(), 94);
    run_payouts(payouts);
    EXPECT_EQ(pool.books().scalar("select closed from payout_batch"), "1");
    EXPECT_FALSE(payouts.hold()->stopped);
}

TEST_F(Payouts, WhoseCancelTheirSignerSentAndNobodyImportedAreReturnedOnTwoPeoplesWord)
{
    LegacyPool legacy{node(), own_name(), true};
    PayoutsFixture& pool = legacy.pool;
    payouts::Payouts& payouts = *legacy.payouts;
    pool.owe(73, 5'000'000);
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    ASSERT_TRUE(payouts.cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(payouts);
    const pool::TxId sent = legacy.sent_by_signer(legacy.signed_psbt(id));
    mine(node(), 5);
    give_chain(node(), legacy.other);
    run_payouts(payouts);
    ASSERT_EQ(state_of(payouts, id).substr(0, 10), "cancelling");
    EXPECT_EQ(legacy.said(id, sent, "ann"), "");
    EXPECT_EQ(legacy.said(id, sent, "bob"), "");
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "cancelled");
    EXPECT_EQ(pool.available(73), 5'000'000);
    EXPECT_EQ(pool.received(73), 0);
    EXPECT_EQ(pool.audit(payouts), "") << "the network's fee is booked, too";
    EXPECT_FALSE(payouts.hold()->stopped) << "it was not written off";
}

}  // namespace
}  // namespace tests
