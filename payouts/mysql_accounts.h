#pragma once

#include <string_view>
#include <vector>

#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"

/// Accounts in MySQL. Statements only.
namespace payouts {

/// The row of the account that is paid at `script`; makes it when there is none.
pool::Result<pool::AccountId> ensure_address_account(MysqlConnection& db, pool::ByteSpan script,
                                                     pool::Chain chain);
/// Errors: invalid, when there is no such row.
pool::Result<void> check_account(MysqlConnection& db, pool::AccountId account);

/// Is `name` one that an account may be registered under on `chain`? Errors: invalid, and why not.
pool::Result<void> check_account_name(std::string_view name, pool::Chain chain);
/// Errors: conflict, when the name is taken.
pool::Result<pool::AccountId> insert_account(MysqlConnection& db, std::string_view name,
                                             const pool::Address& payout);
/// Those that were made under a name.
pool::Result<std::vector<RegisteredAccount>> read_registered(MysqlConnection& db);

/// The value of a setting that may not change once written: writes `value` when there is none.
pool::Result<std::string> fix_setting(MysqlConnection& db, std::string_view name,
                                      std::string_view value);

}  // namespace payouts
