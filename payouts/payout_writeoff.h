#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "payouts/payout_worker.h"

namespace payouts {

/// Ends payouts whose anchor was spent by none of their own transactions: no payment of theirs can
/// be mined any more, and no cancel either, so nothing else ever ends them.
///
/// Two people say so, and name what has spent the anchor. What was reserved returns to its owners,
/// and payouts are held: what that other transaction has paid, people must book (bookcoins) before
/// anybody is paid again.
///
/// What has spent the anchor may be the payout's own but for its signatures, and so under an id
/// that the wallet cannot tell from a stranger's: whoever signs elsewhere has signed twice, and
/// sent one while the other was imported. On the same two words it becomes one more attempt of the
/// payout, which is then settled (a cancel: returned) as by any other; nothing is held for it.
class PayoutWriteoffs {
public:
    PayoutWriteoffs(MysqlConnection& db, PayoutWorker& worker, pool::Wallet& wallet)
        : db_(db), worker_(worker), wallet_(wallet)
    {
    }

    /// The first call asks, one by somebody else with the same spend writes it off, or takes it for
    /// the payout's own. For one who holds the lease. Errors: conflict, for a payout that has no
    /// anchor or has ended, and for whoever asked already; invalid, when `spent_by` does not spend
    /// the anchor; refused, when it is an attempt that the wallet follows by itself; unavailable,
    /// while it is not six deep in the chains of enough nodes.
    pool::Result<void> say(std::uint64_t id, const pool::TxId& spent_by, const std::string& who,
                           pool::Now now);

private:
    struct Spend {
        std::optional<PayoutTx> twin;  ///< the payout's own but for its signatures; else a stranger
    };
    pool::Result<Spend> check_spend(const PayoutBatch& batch, const pool::TxId& spent_by);
    pool::Result<void> take_twin(const PayoutBatch& batch, PayoutTx twin, pool::Now now);
    pool::Result<void> end(const PayoutBatch& batch, const PayoutWriteoff& writeoff, pool::Now now);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    pool::Wallet& wallet_;
};

}  // namespace payouts
