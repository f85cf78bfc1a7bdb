#pragma once

#include <string>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
#include "pool/base/result.h"

/// What the ledger says of payouts, against the payouts themselves; for verify_ledger.
namespace payouts {

/// A reserve, settle or cancel must move what the batch's items say, with the fee of one of its
/// transactions, and the batch must stand where the event left it.
/// The answer: a sentence about what differs, or "". Errors: unavailable.
pool::Result<std::string> payout_event_difference(MysqlConnection& db, const LedgerEvent& event);

/// Batches whose state tells of an event that the ledger does not have. As above.
pool::Result<std::string> payouts_without_events(MysqlConnection& db);

}  // namespace payouts
