#pragma once

#include <string>

#include "payouts/hold_state.h"
#include "payouts/payout_worker.h"

namespace payouts {

/// Somebody's word that payouts may go on.
struct Release {
    std::string who;
    bool adopt_books = false;
    pool::Sats lacking;  ///< of what the books say, in the wallet: see FundsCheck
};

/// The hold switch: one for all servers, in the books, and a file of this one's. Anybody who may
/// stops payouts at once; two people let them go on. That the books are not those that were paid
/// from stands in a row of its own (BooksHold): only `adopt_books` of two people ends it, whatever
/// else holds payouts or is released, on whichever server.
class PayoutHold {
public:
    PayoutHold(MysqlConnection& db, PayoutWorker& worker, const PayoutOptions& options)
        : db_(db), worker_(worker), options_(options)
    {
    }

    pool::Result<HoldState> read();
    /// On any server, whoever has the lease.
    pool::Result<HoldState> stop(const std::string& who, const std::string& reason, pool::Now now);
    /// As Payouts::release.
    pool::Result<HoldState> release(const Release& word, pool::Now now);

private:
    /// Why this server or the books themselves say that these are not those that were paid from.
    pool::Result<std::string> books_trouble();
    pool::Result<void> add_words(HoldState& state);
    /// Inside a transaction: the second person's word.
    pool::Result<void> end(const Release& word, pool::Now now);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    const PayoutOptions& options_;
};

}  // namespace payouts
