#include "tests/support/payouts_fixture.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_verify.h"
#include "pool/bitcoin/address.h"
#include "pool/bitcoin/transaction.h"
#include "pool/node/node_rpc_wallet.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_talk.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

// Before any block of the test: a wallet has seen what was booked then.
constexpr pool::UnixMillis time_of_bookings{1'600'000'000'000};

std::string must(const pool::Result<std::string>& answer)
{
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().detail);
    return answer ? nlohmann::json::parse(*answer).dump() : "null";
}

std::string plain(const std::string& json_text)
{
    const auto json = nlohmann::json::parse(json_text, nullptr, false);
    return json.is_string() ? json.get<std::string>() : "";
}

void book(const BooksFixture& books, const payouts::CoinWish& wish)
{
    payouts::MysqlConnection db{books.mysql()};
    const auto connected = db.connect();
    ASSERT_TRUE(connected.has_value()) << connected.error().detail;
    const auto asked = payouts::ask_coins(db, wish, "fixture", time_of_bookings);
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    const auto booked = payouts::approve_coins(db, asked->id, "another", time_of_bookings);
    ASSERT_TRUE(booked.has_value()) << booked.error().detail;
}

}  // namespace

WalletFixture::WalletFixture(NodeFixture& node, std::string name, const std::string& options)
    : node_(node), name_(std::move(name))
{
    must(node_.call("createwallet", "[\"" + name_ + "\"" + options + "]"));
}

pool::Result<std::string> WalletFixture::call(const std::string& method, const std::string& params)
{
    return json_rpc(node_.url() + "/wallet/" + name_, node_.cookie_file(), method, params);
}

std::string WalletFixture::address(const std::string& type)
{
    return plain(must(call("getnewaddress", "[\"\", \"" + type + "\"]")));
}

void WalletFixture::watch(WalletFixture& signer)
{
    const std::string descriptors = signer.call("listdescriptors").value_or("");
    std::string wanted = descriptors.substr(descriptors.find('['));
    wanted = wanted.substr(0, wanted.rfind(']') + 1);
    for (std::size_t at = 0; (at = wanted.find("\"timestamp\":", at)) != std::string::npos;) {
        const std::size_t end = wanted.find_first_of(",}", at);
        wanted.replace(at, end - at, "\"timestamp\":0");
        at += 5;
    }
    must(call("importdescriptors", "[" + wanted + "]"));
}

void WalletFixture::fund(unsigned coins, std::int64_t each, const std::string& type)
{
    std::string outputs;
    for (unsigned i = 0; i < coins; ++i) {
        outputs += (i > 0 ? ", \"" : "\"") + address(type) + "\": \"" +
                   pool::btc_text(pool::Sats{each}) + "\"";
    }
    const std::string source = node_.url() + "/wallet/mine";
    const std::string txid =
        must(json_rpc(source, node_.cookie_file(), "sendmany", "[\"\", {" + outputs + "}]"));
    // Wallets of this node do not send by themselves: the mempool is the test's alone.
    const auto made = json_rpc(source, node_.cookie_file(), "gettransaction", "[" + txid + "]");
    const auto json = nlohmann::json::parse(must(made), nullptr, false);
    must(node_.call("sendrawtransaction", "[\"" + json.value("hex", "") + "\"]"));
    // Six blocks, when the first of them takes it: what is asked is how deep this wallet sees it.
    constexpr int blocks_max = 30;
    int blocks = 0;
    const auto depth = [&] {
        const auto seen = json_rpc(node_.url() + "/wallet/" + name_, node_.cookie_file(),
                                   "gettransaction", "[" + txid + "]");
        return number_in(seen.value_or("{}"), "confirmations").value_or(0);
    };
    for (mine(node_, 6), blocks = 6; depth() < 6 && blocks < blocks_max; ++blocks) mine(node_, 1);
    EXPECT_LT(blocks, blocks_max) << "the money of " << name_ << " is not mined";
}

std::unique_ptr<pool::Wallet> WalletFixture::open(const std::vector<NodeFixture*>& others) const
{
    pool::NodeWalletOptions options;
    options.node = options_of(node_, "test");
    for (const NodeFixture* other : others) options.others.push_back(options_of(*other, "test"));
    options.wallet = name_;
    return pool::make_node_wallet(std::move(options));
}

std::unique_ptr<NodeFixture> node_with_money()
{
    auto node = std::make_unique<NodeFixture>(
        "regtest", std::vector<std::string>{"-disablewallet=0", "-fallbackfee=0.00001",
                                            "-walletbroadcast=0", "-persistmempool=0"});
    WalletFixture mine_wallet{*node, "mine"};
    must(node->call("generatetoaddress", "[20, \"" + mine_wallet.address() + "\"]"));
    mine(*node, 101);
    return node;
}

void mine(NodeFixture& node, unsigned blocks) { node.generate(static_cast<int>(blocks)); }

void give_chain(NodeFixture& from, NodeFixture& to)
{
    for (std::uint32_t height = to.height() + 1; height <= from.height(); ++height) {
        const auto hash = from.call("getblockhash", "[" + std::to_string(height) + "]");
        const auto block = from.call("getblock", "[" + hash.value_or("") + ", 0]");
        ASSERT_TRUE(to.call("submitblock", "[" + block.value_or("") + "]").has_value());
    }
}

PayoutsFixture::PayoutsFixture(NodeFixture& node, const std::string& wallet_name,
                               std::string mysql_socket)
    : node_(node),
      books_(std::move(mysql_socket)),
      service_(books_.open()),
      wallet_(node, wallet_name)
{
    constexpr unsigned coins = 4;
    constexpr std::int64_t each = 100'000'000;
    wallet_.fund(coins, each);
    book(books_, {true, "pool:reserve", pool::Sats{each * coins}, "deposit"});
}

void PayoutsFixture::owe(unsigned number, std::int64_t sats)
{
    const std::string name = "member-" + std::to_string(number);
    if (books_.scalar("select count(*) from account where name = '" + name + "'") == "0") {
        const auto address =
            pool::parse_address(test_address("regtest", number), pool::Chain::regtest);
        ASSERT_TRUE(address.has_value());
        auto made = service_->create_account(name, *address);
        // Its MySQL may have died since it was asked last.
        if (!made && made.error().code == pool::Error::Code::unavailable) {
            made = service_->create_account(name, *address);
        }
        ASSERT_TRUE(made.has_value()) << made.error().detail;
    }
    book(books_, {true, name, pool::Sats{sats}, "owed"});
    book(books_, {false, "pool:reserve", pool::Sats{sats}, "out of the deposit"});
}

payouts::PayoutOptions PayoutsFixture::options() const
{
    payouts::PayoutOptions options;
    options.mysql = books_.mysql();
    options.chain = pool::Chain::regtest;
    options.holder = "test";
    options.fee_rate_usual = 5;
    options.resend = std::chrono::milliseconds{0};
    return options;
}

std::unique_ptr<payouts::Payouts> PayoutsFixture::open(
    const payouts::PayoutOptions& options, const std::vector<NodeFixture*>& others) const
{
    auto opened = payouts::Payouts::open(options, wallet_.open(others));
    if (opened) return std::move(*opened);
    ADD_FAILURE() << opened.error().detail;
    return nullptr;
}

namespace {

std::int64_t balance(const BooksFixture& books, unsigned number, const std::string& part)
{
    return std::strtoll(
        books
            .scalar("select coalesce(sum(cast(b.credits_sat as signed) - cast(b.debits_sat as "
                    "signed)), 0) from ledger_balance b join ledger_account l on l.id = "
                    "b.account_id join account a on a.id = l.member_id where a.name = 'member-" +
                    std::to_string(number) + "' and l.code like 'm:%:" + part + "'")
            .c_str(),
        nullptr, 10);
}

}  // namespace

std::int64_t PayoutsFixture::available(unsigned number) const
{
    return balance(books_, number, "available");
}

std::int64_t PayoutsFixture::in_payout(unsigned number) const
{
    return balance(books_, number, "in_payout");
}

std::int64_t PayoutsFixture::received(unsigned number)
{
    const auto found = node_.call(
        "scantxoutset", "[\"start\", [\"addr(" + test_address("regtest", number) + ")\"]]");
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().detail);
    if (!found) return -1;
    const auto json = nlohmann::json::parse(*found);
    std::int64_t sum = 0;
    for (const auto& unspent : json.at("unspents")) {
        sum += std::llround(unspent.at("amount").get<double>() * 1e8);
    }
    return sum;
}

pool::TxId PayoutsFixture::spend_by_hand(const pool::OutPoint& coin,
                                         const std::vector<pool::Payment>& payments)
{
    constexpr std::uint32_t fee_rate = 50;  // more than payouts pay: it replaces theirs
    const auto wallet = wallet_.open();
    // The mempool left out: a payout may have it there.
    const auto json = nlohmann::json::parse(
        must(node_.call("gettxout", "[\"" + pool::to_display_hex(coin.txid) + "\", " +
                                        std::to_string(coin.index) + ", false]")));
    const auto value = std::llround(json.at("value").get<double>() * 1e8);
    const pool::Funding funding{{{coin, pool::Sats{value}, {}, 6}}, payments, fee_rate};
    const auto made = wallet->fund(funding);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().detail);
    const auto raw = wallet->finish(wallet->sign(made.value_or("")).value_or(""));
    EXPECT_TRUE(raw.has_value()) << (raw ? "" : raw.error().detail);
    const auto tx = pool::parse_transaction(raw.value_or(pool::Bytes{}));
    EXPECT_TRUE(tx.has_value());
    EXPECT_TRUE(wallet->send(raw.value_or(pool::Bytes{})).has_value());
    return tx ? txid_of(*tx) : pool::TxId{};
}

std::string PayoutsFixture::audit(payouts::Payouts& payouts)
{
    payouts::MysqlConnection db{books_.mysql()};
    const auto verdict = payouts::verify_ledger(db);
    if (!verdict) return verdict.error().detail;
    if (!verdict->good()) return verdict->difference;
    const auto funds = payouts.compare();
    if (!funds) return funds.error().detail;
    if (funds->difference == pool::Sats{}) return "";
    return "the books have " + std::to_string(funds->difference.value) +
           " sat more than the wallet";
}

void run_payouts(payouts::Payouts& payouts)
{
    for (int round = 0; round < 100; ++round) {
        const auto report = payouts.step(pool::read_clock());
        if (!report) {
            ADD_FAILURE() << report.error().detail;
            return;
        }
        if (report->changed == 0) return;
    }
    ADD_FAILURE() << "payouts do not come to rest";
}

std::uint64_t approved_batch(payouts::Payouts& payouts, const std::string& request)
{
    const auto batch = payouts.create(request, "ann", false, pool::read_clock());
    if (!batch) {
        ADD_FAILURE() << batch.error().detail;
        return 0;
    }
    const auto approved =
        payouts.approve(batch->id, pool::to_hex(batch->digest), "bob", pool::read_clock());
    EXPECT_TRUE(approved.has_value()) << (approved ? "" : approved.error().detail);
    return batch->id;
}

std::string state_of(payouts::Payouts& payouts, std::uint64_t id)
{
    const auto batch = payouts.get(id);
    if (!batch) return batch.error().detail;
    const std::string state{payouts::to_string(batch->state)};
    return batch->trouble.empty() ? state : state + ": " + batch->trouble;
}

}  // namespace tests
