#pragma once

#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/payout_rules.h"
#include "pool/base/result.h"
#include "pool/bitcoin/address.h"

namespace payouts {

/// Whether the items of a batch may still be paid: no account has been put on hold, asks for other
/// addresses or has got them since. A caller's transaction locks what it looks at; outside of
/// one it is a look and no more. How an income is parted among the same addresses is not compared.
/// Errors: refused, naming the account; unavailable.
pool::Result<void> still_payable(MysqlConnection& db, const std::vector<PayoutItem>& items,
                                 pool::Chain chain);

}  // namespace payouts
