#pragma once

#include <cstdint>
#include <string>

#include "payouts/payout_worker.h"

namespace payouts {

/// Ends payouts whose anchor was spent by none of their own transactions: no payment of theirs can
/// be mined any more, and no cancel either, so nothing else ever ends them.
///
/// Two people say so, and name what has spent the anchor. What was reserved returns to its owners,
/// and payouts are held: what that other transaction has paid, people must book (bookcoins) before
/// anybody is paid again.
class PayoutWriteoffs {
public:
    PayoutWriteoffs(MysqlConnection& db, PayoutWorker& worker, pool::Wallet& wallet)
        : db_(db), worker_(worker), wallet_(wallet)
    {
    }

    /// The first call asks, one by somebody else with the same spend writes it off. For one who
    /// holds the lease. Errors: conflict, for a payout that has no anchor or has ended, and for
    /// whoever asked already; invalid, when `spent_by` does not spend the anchor; refused, when it
    /// is the payout's own; unavailable, while it is not six deep in the chains of enough nodes.
    pool::Result<void> say(std::uint64_t id, const pool::TxId& spent_by, const std::string& who,
                           pool::Now now);

private:
    pool::Result<void> check_spend(const PayoutBatch& batch, const pool::TxId& spent_by);
    pool::Result<void> end(const PayoutBatch& batch, const PayoutWriteoff& writeoff, pool::Now now);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    pool::Wallet& wallet_;
};

}  // namespace payouts
