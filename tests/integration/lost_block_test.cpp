// A block whose credits were mature leaves the chain: what others' blocks brought is not paid for
// it.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/bitcoin/transaction.h"
#include "tests/integration/payouts_suite.h"

namespace tests {
namespace {

using pool::Sats;
using pool::Sighting;

constexpr std::uint64_t slot = 1;

nlohmann::json asked(NodeFixture& node, const std::string& method, const std::string& params)
{
    const auto answer = node.call(method, params);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().detail);
    return answer ? nlohmann::json::parse(*answer) : nlohmann::json{};
}

/// A block that pays this wallet, as the pool finds one. Everything of it goes to the reserve.
payouts::FoundBlock mined_for(PayoutsFixture& pool)
{
    NodeFixture& node = pool.node();
    const auto hash =
        asked(node, "generatetoaddress", "[1, \"" + pool.wallet().address() + "\"]").at(0);
    const auto json = asked(node, "getblock", "[" + hash.dump() + ", 2]");
    const auto raw = pool::from_hex(json.at("tx").at(0).at("hex").get<std::string>());
    const auto coinbase = pool::parse_transaction(raw.value_or(pool::Bytes{}));
    payouts::FoundBlock block;
    block.hash = pool::BlockHash{
        pool::digest_from_display_hex(hash.get<std::string>()).value_or(pool::Digest{})};
    block.height = pool::Height{json.at("height").get<std::uint32_t>()};
    block.found_at = pool::UnixMillis{slot * pool::slot_ms};
    EXPECT_TRUE(coinbase.has_value());
    if (!coinbase) return block;
    block.reward = coinbase->outputs.at(0).value;
    const auto header = pool::from_hex(
        asked(node, "getblockheader", "[" + hash.dump() + ", false]").get<std::string>());
    std::copy_n(header.value_or(pool::Bytes(80)).begin(), 80, block.header.begin());
    block.coinbase = serialise(*coinbase, pool::WitnessForm::without);
    return block;
}

void sight(payouts::Service& service, const pool::BlockHash& hash, Sighting sighting)
{
    service.sight(std::vector{payouts::BlockSighting{hash, sighting}});
    settle(service, slot);
}

TEST_F(Payouts, AreHeldWhenAMatureBlockLeavesTheChainUntilItsLossIsBooked)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(140, 5'000'000);
    const payouts::FoundBlock block = mined_for(pool);
    ASSERT_TRUE(pool.service().record_found(block).has_value());
    mine(node(), 100);
    sight(pool.service(), block.hash, {Sighting::Place::in_chain, 101, 0});
    ASSERT_EQ(pool.books().scalar("select books from block_found"), "matured");
    auto payouts = pool.open();
    EXPECT_EQ(pool.audit(*payouts), "");
    const std::uint64_t id = approved_batch(*payouts, "a");

    const std::string name = "[\"" + pool::to_display_hex(block.hash) + "\"]";
    ASSERT_TRUE(node().call("invalidateblock", name).has_value());
    mine(node(), 102);
    sight(pool.service(), block.hash, {Sighting::Place::beside, 0, 102});
    EXPECT_TRUE(held(*payouts, "has left the chain"));
    EXPECT_EQ(pool.books().scalar("select state from block_found"), "orphaned");
    EXPECT_EQ(pool.books().scalar("select count(*) from audit_event where method = 'stoppayouts'"),
              "1");
    const auto funds = payouts->compare();
    ASSERT_TRUE(funds.has_value()) << funds.error().detail;
    EXPECT_EQ(funds->difference, block.reward);
    EXPECT_EQ(funds->lacking(), block.reward);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id).substr(0, 8), "approved") << state_of(*payouts, id);

    const pool::Now now = pool::read_clock();
    const auto loss =
        payouts->ask_coins({false, "pool:reserve", block.reward, "lost block"}, "ann", now);
    ASSERT_TRUE(loss.has_value()) << loss.error().detail;
    const auto booked = payouts->approve_coins(loss->id, "bob", now);
    ASSERT_TRUE(booked.has_value()) << booked.error().detail;
    EXPECT_EQ(pool.audit(*payouts), "");
    for (const std::string who : {"ann", "bob"}) {
        const auto released = payouts->release(who, false, now);
        ASSERT_TRUE(released.has_value()) << released.error().detail;
    }

    // Told once: another server that takes over holds nothing again.
    pool.close_books();
    const auto other = pool.books().open();
    sight(*other, block.hash, {Sighting::Place::beside, 0, 103});
    EXPECT_FALSE(payouts->hold()->stopped);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(pool.audit(*payouts), "");
    ASSERT_TRUE(node().call("reconsiderblock", name).has_value());
}

}  // namespace
}  // namespace tests
