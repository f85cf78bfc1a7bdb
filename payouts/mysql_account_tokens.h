#pragma once

#include <cstdint>
#include <optional>

#include "payouts/account_token.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"

namespace payouts {

/// The sheet as it stands, without tokens that have expired by `now`; nothing if it is still the
/// one of version `known`.
pool::Result<std::optional<AccessSheet>> read_access(MysqlConnection& db,
                                                     std::optional<std::uint64_t> known,
                                                     pool::UnixMillis now);

}  // namespace payouts
