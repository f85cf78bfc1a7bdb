#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "payouts/account_routes.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"

namespace payouts {

/// An account that a payout could pay now.
struct Payee {
    pool::AccountId account;
    std::string name;
    pool::Sats available;           ///< > 0
    pool::Sats minimum;             ///< the account's own, else the pool's
    std::vector<PayRoute> routes;   ///< never empty
    bool recently_changed = false;  ///< its addresses changed within 30 days: shown to approvers
};

/// Who has something available, no hold and no change of addresses under way; inside the caller's
/// transaction, with accounts and balances locked until it ends. In the order in which they are to
/// be paid: who was in no payout yet, then whose newest payout is the oldest; among equals by
/// account id. First lets changes hold whose lock has run out at `now`.
///
/// pool_minimum: of accounts without a minimum of their own. Errors: unavailable.
pool::Result<std::vector<Payee>> payees(MysqlConnection& db, pool::Chain chain,
                                        pool::UnixMillis now, pool::Sats pool_minimum);

}  // namespace payouts
