#pragma once

#include <chrono>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// This machine's clock against MySQL's, by which minutes are sealed.
namespace payouts {

/// So far they may be apart when a server starts.
inline constexpr std::chrono::minutes clocks_apart_max{2};

/// own: this machine's time, read just now. Connects. Errors besides: refused, with a sentence for
/// an operator, when they are further apart: shares and blocks would bear wrong times, and minutes
/// stay open behind a block that is known.
pool::Result<void> check_clock(MysqlConnection& db, pool::UnixMillis own);

}  // namespace payouts
