#pragma once

#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

/// How the program itself holds payouts on all servers, until two people release them, whoever has
/// held or released them for another reason.
namespace payouts {

/// Inside a transaction. why: at most 64 bytes.
pool::Result<void> hold_payouts(MysqlConnection& db, const std::string& why, pool::UnixMillis now);

/// After it: a line in the log and a row in the audit. Held they are already: an audit that cannot
/// be written undoes nothing.
void tell_hold(const MysqlOptions& mysql, const std::string& why, pool::UnixMillis now);

/// Why, when a block that was mature has left the chain.
std::string lost_block_text(pool::Height height);

}  // namespace payouts
