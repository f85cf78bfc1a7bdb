#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "payouts/mysql_connection.h"
#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"

namespace payouts {

/// One of the addresses that an account's income goes to.
struct PayRoute {
    std::string address;
    pool::Bytes script;
    std::uint32_t parts = 0;  ///< of 10,000; the routes of an account sum to that
};

/// An account that a payout could pay now.
struct Payee {
    pool::AccountId account;
    std::string name;
    pool::Sats available;           ///< > 0
    pool::Sats minimum;             ///< the account's own, else the pool's
    std::vector<PayRoute> routes;   ///< never empty
    bool recently_changed = false;  ///< its addresses changed within 30 days: shown to approvers
};

/// Who has something available, an address that is past its lock and no hold, in order of account
/// id; inside the caller's transaction, with their balances locked until it ends.
///
/// pool_minimum: of accounts without a minimum of their own. Errors: unavailable.
pool::Result<std::vector<Payee>> payees(MysqlConnection& db, pool::Chain chain,
                                        pool::UnixMillis now, pool::Sats pool_minimum);

}  // namespace payouts
