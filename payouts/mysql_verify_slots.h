#pragma once

#include <string>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_verify.h"
#include "pool/base/result.h"

/// Sealed minutes, made again from their buckets; parts of verify_ledger. Errors: unavailable.
namespace payouts {

/// Keeps the first difference only: others may follow from it.
void note_difference(LedgerCheck& check, std::string what, pool::Sats off = {});

/// Each slot's sums, root and place in the chain, each hour's scores, and that there are no shares
/// or scores beside them.
pool::Result<void> check_slots(MysqlConnection& db, LedgerCheck& check);

/// What pages and luck are told by: each account's sums of all its minutes, open ones among them.
pool::Result<void> check_totals(MysqlConnection& db, LedgerCheck& check);

}  // namespace payouts
