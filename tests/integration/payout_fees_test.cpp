// What payouts pay to the network, and how large they are, by the word of a real node.
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "payouts/payout_rules.h"
#include "tests/integration/payouts_suite.h"

namespace tests {
namespace {

using pool::Sats;

constexpr std::uint32_t paid_by_others = 20;  // satoshi a virtual byte

/// A node that has seen others pay for their places in blocks, until it knows what one costs.
class BusyNode {
public:
    BusyNode() : others_(*node_, "others")
    {
        others_.fund(5, 10'000'000);
        constexpr int blocks_max = 60;
        for (int block = 0; block < blocks_max && !estimate(); ++block) pay_and_mine();
        EXPECT_TRUE(estimate().has_value()) << "the node has learnt nothing";
        // What it has learnt fades with each block that brings nothing new.
        for (int block = 0; block < 20; ++block) pay_and_mine();
    }

    NodeFixture& node() { return *node_; }
    /// Satoshi a virtual byte for six blocks, rounded up; nothing while the node can't say.
    std::optional<std::uint32_t> estimate()
    {
        const auto json = nlohmann::json::parse(
            node_->call("estimatesmartfee", "[6]").value_or("{}"), nullptr, false);
        if (!json.contains("feerate")) return std::nullopt;
        return static_cast<std::uint32_t>(
            (std::llround(json.at("feerate").get<double>() * 1e8) + 999) / 1000);
    }

private:
    void pay_and_mine()
    {
        const auto wallet = others_.open();
        for (const pool::Coin& coin : wallet->coins().value_or(std::vector<pool::Coin>{})) {
            const auto made = wallet->fund({{coin}, {}, paid_by_others});
            const auto raw = wallet->finish(wallet->sign(made.value_or("")).value_or(""));
            ASSERT_TRUE(raw.has_value()) << raw.error().detail;
            ASSERT_TRUE(wallet->send(*raw).has_value());
        }
        mine(*node_, 1);
    }

    std::unique_ptr<NodeFixture> node_ = node_with_money();
    WalletFixture others_;
};

/// Satoshi a virtual byte of the payout's newest transaction, rounded to the nearest.
std::uint32_t rate_of(payouts::Payouts& payouts, std::uint64_t id)
{
    const auto batch = payouts.get(id);
    EXPECT_TRUE(batch && !batch->txs.empty()) << state_of(payouts, id);
    if (!batch || batch->txs.empty()) return 0;
    const payouts::PayoutTx& paid = batch->txs.back();
    const auto tx = pool::parse_transaction(paid.raw);
    EXPECT_TRUE(tx.has_value());
    if (!tx) return 0;
    return static_cast<std::uint32_t>(std::llround(static_cast<double>(paid.fee.value) /
                                                   static_cast<double>(payouts::vbytes_of(*tx))));
}

TEST(PayoutFees, AreWhatTheNodeEstimatesAndNoMoreThanTheCaps)
{
    BusyNode busy;
    PayoutsFixture pool{busy.node(), "fees"};
    const std::uint32_t estimated = busy.estimate().value_or(0);
    EXPECT_GT(estimated, paid_by_others / 2);
    EXPECT_LT(estimated, paid_by_others * 2);
    EXPECT_EQ(pool.wallet().open()->fee_rate(6).value_or(0), estimated);

    pool.owe(150, 5'000'000);
    auto options = pool.options();
    ASSERT_NE(options.fee_rate_usual, estimated) << "it would be paid without an estimate, too";
    auto payouts = pool.open(options);
    const std::uint64_t dear = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, dear), "broadcast");
    EXPECT_EQ(rate_of(*payouts, dear), estimated);

    payouts.reset();
    options.caps.fee_rate_max = 3;
    payouts = pool.open(options);
    pool.owe(151, 5'000'000);
    const std::uint64_t cheap = approved_batch(*payouts, "b");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, cheap), "broadcast");
    EXPECT_EQ(rate_of(*payouts, cheap), 3U) << "above what it may be a virtual byte";

    payouts.reset();
    options = pool.options();
    options.caps.fee_max = Sats{200};  // one transaction of 141 virtual bytes costs ten times that
    payouts = pool.open(options);
    pool.owe(152, 5'000'000);
    const std::uint64_t none = approved_batch(*payouts, "c");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, none).find("built: the network's fee of"), std::string::npos)
        << state_of(*payouts, none);
    EXPECT_EQ(pool.audit(*payouts), "");
}

TEST_F(Payouts, AreNoLargerThanTheyMayBeWhenTheirNodeWeighsThem)
{
    constexpr std::uint64_t vbytes_max = 600;
    PayoutsFixture pool{node(), own_name()};
    for (unsigned number = 160; number < 180; ++number) pool.owe(number, 200'000);
    auto options = pool.options();
    options.caps.vbytes_max = vbytes_max;
    auto payouts = pool.open(options);
    const auto first = payouts->create("a", "ann", true, pool::read_clock());
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    ASSERT_FALSE(first->passed_over.empty());
    for (const payouts::PassedOver& each : first->passed_over) {
        EXPECT_EQ(each.why.code, "size");
        EXPECT_TRUE(each.for_now);
    }
    std::size_t paid = 0;
    for (const std::string request : {"a", "b"}) {
        const std::uint64_t id = approved_batch(*payouts, request);
        run_payouts(*payouts);
        ASSERT_EQ(state_of(*payouts, id), "broadcast");
        const auto batch = payouts->get(id);
        ASSERT_TRUE(batch.has_value());
        paid += batch->items.size();
        const auto decoded =
            node().call("decoderawtransaction", "[\"" + pool::to_hex(batch->txs[0].raw) + "\"]");
        const auto json = nlohmann::json::parse(decoded.value_or("{}"), nullptr, false);
        EXPECT_LE(json.value("vsize", vbytes_max + 1), vbytes_max);
        EXPECT_GT(json.value("vsize", std::uint64_t{0}), vbytes_max / 2) << "it is used";
        EXPECT_LE(json.value("weight", 4 * vbytes_max + 1), 4 * vbytes_max);
        mine(node(), 6);
        run_payouts(*payouts);
        ASSERT_EQ(state_of(*payouts, id), "confirmed");
    }
    EXPECT_GT(paid, first->items.size()) << "those that did not fit are paid by the next";
    EXPECT_EQ(pool.audit(*payouts), "");
}

}  // namespace
}  // namespace tests
