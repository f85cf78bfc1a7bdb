// Transactions that are made again and again: because they cannot be signed, or pay too little.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Sats;

/// The number of the wallet's next address for change, which is used up by the question.
std::uint64_t next_change(WalletFixture& wallet)
{
    const auto address = wallet.call("getrawchangeaddress");
    EXPECT_TRUE(address.has_value()) << (address ? "" : address.error().detail);
    const auto info = wallet.call("getaddressinfo", "[" + address.value_or("") + "]");
    EXPECT_TRUE(info.has_value()) << (info ? "" : info.error().detail);
    if (!info) return 0;
    const auto path = nlohmann::json::parse(*info).at("hdkeypath").get<std::string>();
    return std::stoull(path.substr(path.rfind('/') + 1));
}

// A node finds a thousand addresses behind the last that it knows of; the change of a payout is
// nearly all that the wallet holds.
TEST_F(Payouts, UseOneAddressForTheirChangeHoweverOftenTheyCannotBeSigned)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(140, 5'000'000);
    WalletFixture& wallet = pool.wallet();
    ASSERT_TRUE(wallet.call("encryptwallet", R"(["secret"])").has_value());
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("passphrase"), std::string::npos)
        << state_of(*payouts, id);
    const std::uint64_t before = next_change(wallet);
    for (int again = 0; again < 5; ++again) run_payouts(*payouts);
    EXPECT_EQ(next_change(wallet), before + 1) << "the test has asked for one";

    ASSERT_TRUE(wallet.call("walletpassphrase", R"(["secret", 600])").has_value());
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    ASSERT_TRUE(payouts->bump(id, 30).has_value());
    run_payouts(*payouts);
    payouts = pool.open();  // what was stored knows its address, too
    ASSERT_TRUE(payouts->bump(id, 60).has_value());
    run_payouts(*payouts);
    ASSERT_TRUE(payouts->cancel(id, "ann", pool::read_clock()).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(payouts->get(id)->txs.size(), 4U) << state_of(*payouts, id);
    EXPECT_EQ(next_change(wallet), before + 2) << "the test has asked for another";
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "cancelled");
    EXPECT_EQ(pool.available(140), 5'000'000);
    EXPECT_EQ(pool.audit(*payouts), "");
}

// A node that only watches reckons with a byte more for each signature than signers make.
TEST_F(Payouts, ThatAreSignedElsewhereMayPayTheHighestFeeThatIsAllowed)
{
    PayoutsFixture pool{node(), own_name()};
    constexpr std::int64_t coin = 150'000'000;
    pool.wallet().fund(3, coin, "legacy");
    auto options = pool.options();
    options.fee_rate_usual = 20;
    options.caps.fee_rate_max = 20;
    const Offline offline{pool, own_name(), options};
    payouts::Payouts& payouts = *offline.payouts;
    const pool::Now now = pool::read_clock();
    const auto asked =
        payouts.ask_coins({true, "pool:reserve", Sats{3 * coin}, "deposit"}, "ann", now);
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    ASSERT_TRUE(payouts.approve_coins(asked->id, "bob", now).has_value());
    pool.owe(141, 350'000'000);
    const std::uint64_t id = approved_batch(payouts, "a");
    run_payouts(payouts);
    EXPECT_EQ(offline.sign(id), "") << state_of(payouts, id);
    run_payouts(payouts);
    ASSERT_EQ(state_of(payouts, id), "broadcast");
    const auto batch = payouts.get(id);
    ASSERT_TRUE(batch.has_value());
    const auto tx = pool::parse_transaction(batch->txs.front().raw);
    ASSERT_TRUE(tx.has_value());
    EXPECT_EQ(tx->inputs.size(), 3U);
    EXPECT_GT(batch->txs.front().fee.value, static_cast<std::int64_t>(20 * payouts::vbytes_of(*tx)))
        << "the test has tried nothing";
    mine(node(), 6);
    run_payouts(payouts);
    EXPECT_EQ(state_of(payouts, id), "confirmed");
    EXPECT_EQ(pool.audit(payouts), "");
}

TEST_F(Payouts, AreRaisedToWhatAPersonWantsThoughTheNodeWouldPayMoreThanTheyMay)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(142, 5'000'000);
    auto options = pool.options();
    options.caps.fee_max = Sats{9'000};
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    options.fee_rate_usual = 80;  // the market has risen: more than 9,000 sat for any transaction
    payouts = pool.open(options);
    const auto bumped = payouts->bump(id, 50);
    ASSERT_TRUE(bumped.has_value()) << bumped.error().detail;
    run_payouts(*payouts);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U) << state_of(*payouts, id);
    EXPECT_GT(batch->txs.back().fee, Sats{50 * 100});
    EXPECT_LE(batch->txs.back().fee, Sats{9'000});
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
}

/// A wallet whose balances cannot be had: it is looking through the chain, say.
class BusyWallet : public pool::Wallet {
public:
    explicit BusyWallet(std::unique_ptr<pool::Wallet> real) : real_(std::move(real)) {}
    void answer() { busy_ = false; }

    pool::Result<std::vector<pool::Coin>> coins() override { return real_->coins(); }
    pool::Result<pool::WalletTotals> totals() override
    {
        if (busy_) return pool::fail(pool::Error::Code::unavailable, "it is rescanning");
        return real_->totals();
    }
    pool::Result<pool::AddressVerdict> judge(const std::string& address) override
    {
        return real_->judge(address);
    }
    pool::Result<std::string> fund(const pool::Funding& f) override { return real_->fund(f); }
    pool::Result<std::string> sign(const std::string& psbt) override { return real_->sign(psbt); }
    pool::Result<pool::Bytes> finish(const std::string& psbt) override
    {
        return real_->finish(psbt);
    }
    pool::Result<pool::Bytes> transaction(const pool::TxId& id) override
    {
        return real_->transaction(id);
    }
    pool::Result<pool::TxStanding> standing(const pool::TxId& id) override
    {
        return real_->standing(id);
    }
    pool::Result<std::uint32_t> nodes_with(const pool::TxId& id, std::uint32_t depth) override
    {
        return real_->nodes_with(id, depth);
    }
    pool::Result<std::uint32_t> fee_rate(std::uint32_t blocks) override
    {
        return real_->fee_rate(blocks);
    }
    pool::Result<std::string> why_not_taken(pool::ByteSpan raw) override
    {
        return real_->why_not_taken(raw);
    }
    pool::Result<void> send(pool::ByteSpan raw) override { return real_->send(raw); }

private:
    std::unique_ptr<pool::Wallet> real_;
    bool busy_ = true;
};

TEST_F(Payouts, DoNotLeaveBeforeBooksAndWalletHaveBeenComparedOnce)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(143, 5'000'000);
    auto busy = std::make_unique<BusyWallet>(pool.wallet().open());
    BusyWallet& wallet = *busy;
    auto opened = payouts::Payouts::open(pool.options(), std::move(busy));
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    payouts::Payouts& payouts = **opened;
    Clock clock{payouts};
    const std::uint64_t id = approved_batch(payouts, "a");
    clock.step_after({});
    const std::string waits = state_of(payouts, id);
    EXPECT_NE(waits.find("approved: "), std::string::npos) << waits;
    EXPECT_NE(waits.find("not been compared yet: it is rescanning"), std::string::npos) << waits;
    wallet.answer();
    clock.step_after(std::chrono::minutes{5});
    EXPECT_EQ(state_of(payouts, id), "broadcast");
}

TEST_F(Payouts, AreHeldByAMarkThatCannotBeReadAndDoNotWriteOverIt)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    const auto mark = directory.path() / "payouts.mark";
    std::filesystem::create_symlink(mark, mark);  // to itself: whoever opens it is told ELOOP
    options.mark_file = mark.string();
    auto payouts = pool.open(options);
    run_payouts(*payouts);
    EXPECT_TRUE(payouts->hold()->stopped);
    EXPECT_NE(payouts->hold()->reason.find("cannot read"), std::string::npos)
        << payouts->hold()->reason;
    EXPECT_TRUE(std::filesystem::is_symlink(mark));
}

}  // namespace
}  // namespace tests
