#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/payout_worker.h"

namespace payouts {

/// What the request ids of the pool's own drafts begin with, and those of people do not: of one
/// drafted anew, and of the schedule.
inline constexpr std::string_view renewed_prefix = "anew-";
inline constexpr std::string_view scheduled_prefix = "schedule-";

/// Who would be paid if there were more room for him now, and why he waits, as a sentence; "" when
/// nobody does.
std::string who_waits(const PayoutBatch& batch);

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

    /// As create(), but without items, and with those who were passed over, when nobody can be
    /// paid.
    pool::Result<PayoutBatch> try_draft(const std::string& request_id, const std::string& who,
                                        pool::Now now);

    /// Inside a fenced transaction: what was reserved by a batch without an anchor is available
    /// again.
    pool::Result<void> give_up(const PayoutBatch& batch, std::string_view who, pool::Now now);

    /// A draft, or an approved batch without an anchor, one of whose accounts may not be paid any
    /// more as it stands there (mysql_payable.h), is given up, and whoever else can be paid is
    /// drafted anew, in one transaction: nobody waits because another's key was stolen. Errors:
    /// unavailable.
    pool::Result<void> renew(pool::Now now);

private:
    struct Judged {
        SelectionFrame frame;
        std::vector<Payee> candidates;
        std::set<std::string> addresses;  ///< that the node was asked about
    };
    /// items: of a batch that may be given up, whose accounts have nothing available yet.
    pool::Result<Judged> look_around(const std::vector<PayoutItem>& items, pool::Now now);
    pool::Result<std::optional<std::string>> obstacle(const PayoutBatch& batch);
    pool::Result<void> draft_anew(const PayoutBatch& old, const std::string& why, pool::Now now);
    /// Inside a fenced transaction. No items: nobody can be paid.
    pool::Result<PayoutBatch> draft(Judged& judged, const std::string& request_id,
                                    const std::string& who, pool::Now now);
    pool::Result<SelectionFrame> frame(pool::Now now);
    pool::Result<void> judge(Judged& judged);
    pool::Result<void> judge(const std::string& address, Judged& judged);
    pool::Result<std::vector<Payee>> look(pool::Now now, SelectionFrame& frame);
    PayoutBatch batch_of(Selection selection, const std::string& request_id, const std::string& who,
                         pool::Now now) const;
    pool::Result<void> reserve(PayoutBatch& batch);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    pool::Wallet& wallet_;
    const PayoutOptions& options_;
    std::string told_;  // why a batch could not be drafted anew, as the log has it
};

}  // namespace payouts
