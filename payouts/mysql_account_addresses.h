#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "payouts/account_sheet.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

/// Changes of accounts' addresses in MySQL. Statements only; each inside the caller's transaction.
/// An account without a change is paid at account.payout_address.
namespace payouts {

/// Locks that have run out, by `now` and by the database's own clock, end: the change is active,
/// and the one before it replaced.
pool::Result<void> activate_due_changes(MysqlConnection& db, pool::UnixMillis now);

/// The routes of active changes and the time their lock ended.
struct ActiveRoutes {
    std::vector<PayRoute> routes;
    pool::UnixMillis since;
};
pool::Result<std::map<pool::AccountId, ActiveRoutes>> read_active_routes(MysqlConnection& db);
pool::Result<std::optional<ActiveRoutes>> read_active_routes(MysqlConnection& db,
                                                             pool::AccountId account);

/// The addresses that an account is paid to: those of its active change, else the first that it
/// had. Without routes when that one stands for no script of `chain`: nothing is paid then.
ActiveRoutes routes_in_force(std::optional<ActiveRoutes> changed, std::string_view first_address,
                             pool::Chain chain);

/// The change that is asked or locked.
pool::Result<std::optional<AddressChange>> read_open_change(MysqlConnection& db,
                                                            pool::AccountId account);
/// Height of the newest message that the account has used; 0 for none.
pool::Result<pool::Height> read_last_height(MysqlConnection& db, pool::AccountId account);

/// What stands behind a change: its message, empty without one.
struct ChangeProof {
    std::string message;
    std::string signer;
    std::string signature;
};
/// Gives its id. Errors besides: conflict, when the account has an open one.
pool::Result<std::uint64_t> insert_change(MysqlConnection& db, const AddressChange& change,
                                          const ChangeProof& proof);
/// The same approver twice is one.
pool::Result<void> insert_approval(MysqlConnection& db, std::uint64_t change,
                                   std::string_view approver, pool::UnixMillis at);
/// An asked change is proven by approvals.
pool::Result<void> lock_change(MysqlConnection& db, std::uint64_t change, pool::UnixMillis now,
                               pool::UnixMillis until);
pool::Result<void> cancel_change(MysqlConnection& db, std::uint64_t change, std::string_view by,
                                 pool::UnixMillis at);

}  // namespace payouts
