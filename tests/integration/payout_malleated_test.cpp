// Payouts from coins that are not segwit: whoever mines their transaction may write its scripts
// otherwise, and so give it another id.
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
    LegacyPool(NodeFixture& node, const std::string& name) : pool(node, name)
    {
        constexpr std::int64_t coin = 150'000'000;
        pool.wallet().fund(1, coin, "legacy");
        options = pool.options();
        options.nodes_agree = 2;
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
        auto tx = pool::parse_transaction(batch->txs.back().raw);
        ASSERT_TRUE(tx.has_value());
        ASSERT_EQ(tx->inputs.size(), 1U);
        ASSERT_FALSE(tx->inputs[0].script.empty()) << "not a spend of a coin that is not segwit";
        constexpr std::uint8_t op_nop = 0x61;
        tx->inputs[0].script.insert(tx->inputs[0].script.begin(), op_nop);
        ASSERT_NE(txid_of(*tx), batch->txs.back().txid);
        const std::string raw = pool::to_hex(serialise(*tx, pool::WitnessForm::with));
        const auto mined = pool.node().call("generateblock", "[\"raw(51)\", [\"" + raw + "\"]]");
        ASSERT_TRUE(mined.has_value()) << mined.error().detail;
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

}  // namespace
}  // namespace tests
