#pragma once

#include <cstdint>
#include <string>

#include "payouts/funds_check.h"
#include "payouts/funds_watch.h"
#include "payouts/mysql_balance_watch.h"
#include "payouts/payout_options.h"
#include "payouts/payout_worker.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/node/wallet.h"

namespace payouts {

/// Looks from time to time whether the wallet holds what the books say, and whether balances are
/// what their transfers make. What is wrong stops payouts: see docs/money.md, "When books and
/// wallet differ". Blocking; one thread.
class PayoutFunds {
public:
    PayoutFunds(MysqlConnection& db, PayoutWorker& worker, pool::Wallet& wallet,
                const PayoutOptions& options)
        : db_(db), worker_(worker), wallet_(wallet), options_(options)
    {
    }

    /// Now. Errors: unavailable, when MySQL or the wallet is lost.
    pool::Result<FundsCheck> compare();
    /// When it is due; for who holds the lease, before anything may leave. Errors: unavailable,
    /// when MySQL is lost.
    pool::Result<void> look(pool::Now now);
    void look_soon() { watch_.hasten(); }
    const FundsSeen& told() const { return watch_.told(); }

private:
    static constexpr const char* not_compared = "books and wallet have not been compared yet";

    pool::Result<void> add_payouts(FundsCheck& check);
    pool::Result<void> add_unseen(FundsCheck& check);
    pool::Result<std::string> unseen_block();
    pool::Result<std::uint64_t> unseen_payout();
    pool::Result<void> look_at_wallet(pool::Now now);
    pool::Result<void> look_at_balances(pool::Now now);
    void tell(const FundsSeen& before, const FundsCheck& check) const;
    pool::Result<void> keep_held(const std::string& why, bool& told, pool::Now now);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    pool::Wallet& wallet_;
    const PayoutOptions& options_;
    FundsWatch watch_;
    BalanceWatch balances_;
    std::string wrong_balance_ = "balances have not been compared with their transfers yet";
    std::string doubt_ = not_compared;  // about the wallet: no payment leaves
    bool compared_ = false;             // with the wallet, once at least
    bool held_for_wallet_ = false;      // told
    bool held_for_balance_ = false;     // told
};

}  // namespace payouts
