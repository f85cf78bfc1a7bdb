#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"
#include "pool/share/known_scripts.h"

/// Accounts in MySQL. Statements only.
namespace payouts {

/// The row of the account that is paid at `script`; makes it when there is none.
pool::Result<pool::AccountId> ensure_address_account(MysqlConnection& db, pool::ByteSpan script,
                                                     pool::Chain chain);
/// Errors: invalid, when there is no such row.
pool::Result<void> check_account(MysqlConnection& db, pool::AccountId account);

/// Is `name` one that an account may be registered under on `chain`? Errors: invalid, and why not.
pool::Result<void> check_account_name(std::string_view name, pool::Chain chain);
/// The number of the account that is registered under `name`: share records tell accounts by it,
/// so it follows from the name. Registered again after a restore, in whatever order, an account has
/// the number that older records mean, and no other ever gets it.
pool::AccountId registered_id(std::string_view name);
/// Errors: conflict, when the name is taken (or, once in 10^9 times for 1,000 accounts, its
/// number).
pool::Result<pool::AccountId> insert_account(MysqlConnection& db, std::string_view name,
                                             const pool::Address& payout);
/// Those that were made under a name.
pool::Result<std::vector<RegisteredAccount>> read_registered(MysqlConnection& db);

/// Those that are paid at a script, the newest `most` of them.
pool::Result<pool::KnownScripts> read_known_scripts(MysqlConnection& db, std::size_t most);

/// The value of a setting that may not change once written: writes `value` when there is none.
pool::Result<std::string> fix_setting(MysqlConnection& db, std::string_view name,
                                      std::string_view value);

}  // namespace payouts
