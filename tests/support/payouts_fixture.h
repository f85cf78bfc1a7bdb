#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/payout_service.h"
#include "tests/support/books_fixture.h"
#include "tests/support/node_fixture.h"

namespace tests {

/// A wallet of its own on a node that others share.
class WalletFixture {
public:
    /// Makes the wallet, with keys unless `options` (of createwallet, after the name) say
    /// otherwise.
    WalletFixture(NodeFixture& node, std::string name, const std::string& options = "");
    /// Pays the test's money into it: `coins` outputs of `each` satoshi, with six confirmations.
    /// type: of the addresses, as getnewaddress takes it.
    void fund(unsigned coins, std::int64_t each, const std::string& type = "bech32");
    pool::Result<std::string> call(const std::string& method, const std::string& params = "[]");
    std::string address(const std::string& type = "bech32");  ///< a new one of its own
    /// Sees what `signer` has, without its keys; for one that was made without any of its own.
    void watch(WalletFixture& signer);
    const std::string& name() const { return name_; }
    /// others: nodes without the wallet, that are told and asked of transactions.
    std::unique_ptr<pool::Wallet> open(const std::vector<NodeFixture*>& others = {}) const;

private:
    NodeFixture& node_;
    std::string name_;
};

/// A regtest node with a wallet "mine" that has money.
std::unique_ptr<NodeFixture> node_with_money();
void mine(NodeFixture& node, unsigned blocks);
/// Brings `to` all blocks of `from` that it lacks.
void give_chain(NodeFixture& from, NodeFixture& to);

/// Books with accounts that are owed money, and payouts of it from a real wallet.
class PayoutsFixture {
public:
    PayoutsFixture(NodeFixture& node, const std::string& wallet_name,
                   std::string mysql_socket = required("ZUBR_TEST_MYSQL"));

    /// Account `number` is owed so much more; it is paid to test address `number`.
    void owe(unsigned number, std::int64_t sats);
    payouts::PayoutOptions options() const;
    std::unique_ptr<payouts::Payouts> open(const payouts::PayoutOptions& options,
                                           const std::vector<NodeFixture*>& others = {}) const;
    std::unique_ptr<payouts::Payouts> open() const { return open(options()); }

    std::int64_t available(unsigned number) const;
    std::int64_t in_payout(unsigned number) const;
    /// What the chain has paid to test address `number`, mined at least once.
    std::int64_t received(unsigned number);
    /// "" when the ledger verifies and the wallet holds what the books say.
    std::string audit(payouts::Payouts& payouts);

    void close_books() { service_.reset(); }  ///< nobody is owed more after that
    /// Somebody uses the wallet beside the pool: spends `coin` and pays `payments`, the rest goes
    /// back. Not mined yet.
    pool::TxId spend_by_hand(const pool::OutPoint& coin,
                             const std::vector<pool::Payment>& payments = {});

    BooksFixture& books() { return books_; }
    payouts::Service& service() { return *service_; }
    WalletFixture& wallet() { return wallet_; }
    NodeFixture& node() { return node_; }

private:
    NodeFixture& node_;
    BooksFixture books_;
    std::unique_ptr<payouts::Service> service_;
    WalletFixture wallet_;
};

/// Steps until nothing moves any more, as the payout thread does.
void run_payouts(payouts::Payouts& payouts);
/// A batch of all who can be paid, created by "ann" and approved by "bob"; its id, or 0 and a
/// failed test.
std::uint64_t approved_batch(payouts::Payouts& payouts, const std::string& request);
std::string state_of(payouts::Payouts& payouts, std::uint64_t id);

}  // namespace tests
