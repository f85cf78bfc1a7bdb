#pragma once

#include <cstdint>
#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"

/// The books' caches, made again from what they copy.
namespace payouts {

/// Makes the cached balances again from the transfers, on which side an account grows (and that it
/// is not overdrawn) from its code, the scores of hours and accounts' totals from the slots, in the
/// transaction that is open: until it ends nobody posts, and no minute is sealed. Returns how many
/// balances were other than they had to be. Needs the rights of the user that migrates. Errors:
/// unavailable; refused, when transfers have overdrawn an account.
pool::Result<std::uint64_t> rebuild_balances(MysqlConnection& db);

/// A query: account_total as the slots make it, `side` 1 beside each row. The reserve has mined
/// nothing and is left out.
std::string totals_of_slots();

}  // namespace payouts
