#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"

namespace payouts {

/// So many accounts are read together.
inline constexpr std::size_t accounts_together = 256;

/// Of those accounts that there are, in any order. names: canonical addresses or registered names,
/// at most accounts_together.
pool::Result<std::vector<AccountBooks>> read_account_books(MysqlConnection& db,
                                                           const std::vector<std::string>& names);

/// What is said of a name that no account has.
pool::Error no_account(std::string_view name);

}  // namespace payouts
