#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "payouts/payout_drafts.h"

namespace payouts {

/// How long ago the oldest turn began in which not everyone who can be paid was drafted; 0 when
/// there is none. every: 0 for no schedule. ended: the last turn that did end. Pure.
std::chrono::milliseconds overdue_since(std::chrono::milliseconds every,
                                        const std::optional<pool::UnixMillis>& ended,
                                        pool::UnixMillis now);

/// Makes the drafts of the schedule: once a period, as many as it takes to pay everyone who can be
/// paid, for one transaction has room for some only.
///
/// Each has a request id of its period and number, so that whoever takes over amid a period goes on
/// where the other one ended, and none is made twice.
class PayoutSchedule {
public:
    PayoutSchedule(MysqlConnection& db, PayoutWorker& worker, PayoutDrafts& drafts,
                   const PayoutOptions& options)
        : db_(db), worker_(worker), drafts_(drafts), options_(options)
    {
    }

    /// Makes one draft at most, for one who holds the lease. What hinders it is told once. While
    /// the wallet is away, or nobody of this turn was drafted yet and all wait for coins or for
    /// room under a cap, it is tried again a minute later; who has to wait though others were
    /// drafted is in the next turn. Errors: unavailable, when MySQL is lost.
    pool::Result<void> step(pool::Now now);
    /// See overdue_since. Whoever has the lease. Errors: unavailable, when MySQL is lost.
    pool::Result<std::chrono::milliseconds> overdue(pool::UnixMillis now);

private:
    pool::Result<std::optional<std::string>> next_request(std::uint64_t turn);
    pool::Result<void> end_turn(pool::Now now);
    void tell(const std::string& why);

    MysqlConnection& db_;
    PayoutWorker& worker_;
    PayoutDrafts& drafts_;
    const PayoutOptions& options_;
    std::string told_;        // what hinders the next draft, as it is in the log
    pool::SteadyTime again_;  // not before
};

}  // namespace payouts
