#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "payouts/payout_worker.h"

namespace payouts {

/// Makes drafts: asks who can be paid, lets the node judge the addresses, and reserves the money.
class PayoutDrafts {
public:
    PayoutDrafts(MysqlConnection& db, PayoutWorker& worker, pool::Wallet& wallet,
                 const PayoutOptions& options)
        : db_(db), worker_(worker), wallet_(wallet), options_(options)
    {
    }

    /// As Payouts::create, for one who holds the lease.
    pool::Result<PayoutBatch> create(const std::string& request_id, const std::string& who,
                                     bool dry, pool::Now now);

private:
    pool::Result<SelectionFrame> frame(pool::Now now);
    /// The addresses that were judged.
    pool::Result<std::set<std::string>> judge(const std::vector<Payee>& payees,
                                              SelectionFrame& frame);
    pool::Result<std::vector<Payee>> look(pool::Now now, SelectionFrame& frame);
    PayoutBatch batch_of(Selection selection, const std::string& request_id, const std::string& who,
                         pool::Now now) const;
    pool::Result<void> reserve(PayoutBatch& batch);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    pool::Wallet& wallet_;
    const PayoutOptions& options_;
};

}  // namespace payouts
