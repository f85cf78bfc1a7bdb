#pragma once

#include <span>

#include "payouts/mysql_connection.h"
#include "payouts/payout_rules.h"
#include "pool/base/result.h"
#include "pool/bitcoin/address.h"

namespace payouts {

/// Whether the items of a batch would be made the same way now: no account has been put on hold,
/// asks for other addresses, or has got other ones or other parts since. Inside the caller's
/// transaction, with what was looked at locked until it ends. items: those of an account follow
/// each other. Errors: refused, naming the account; unavailable.
pool::Result<void> still_payable(MysqlConnection& db, std::span<const PayoutItem> items,
                                 pool::Chain chain);

}  // namespace payouts
