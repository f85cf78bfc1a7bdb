#pragma once

#include <cstdint>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_lease.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

namespace payouts {

/// account_work's row of all accounts together. An account's number is never 0, but for the
/// reserve's, which has no work.
inline constexpr std::uint64_t whole_pool = 0;

/// How long charts of accounts and sites reach back, and how much is done at once.
struct WorkBounds {
    std::uint64_t tens_kept = std::uint64_t{31} * 144;    ///< rows of ten minutes, then of hours
    std::uint64_t hours_kept = std::uint64_t{731} * 144;  ///< in periods of ten minutes, too
    std::uint64_t accounts_at_once = 10'000;              ///< that have rows; > 0
    std::uint64_t rows_at_once = 20'000;                  ///< that are forgotten
};

/// One part of what is due: copies sealed minutes of one period into account_work, else puts ten
/// minutes of a month ago into their hour, else forgets what is older than two years.
/// One transaction, fenced by `lease`; safe to kill on any line. True: there may be more to do.
/// Errors: unavailable; conflict, when the lease is another's by now.
pool::Result<bool> roll_up_work(MysqlConnection& db, Lease& lease, pool::UnixMillis now,
                                const WorkBounds& bounds = {});

/// The first period of `account` that is not copied yet: what is older is in account_work.
pool::Result<std::uint64_t> first_not_copied(MysqlConnection& db, std::uint64_t account);

}  // namespace payouts
