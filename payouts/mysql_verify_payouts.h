#pragma once

#include <string>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
#include "pool/base/result.h"

/// What the ledger says of payouts, against the payouts themselves; for verify_ledger.
namespace payouts {

/// A reserve, settle or cancel must be, to the letter, what the batch's items and people's words
/// make, or for its end the transaction or write-off that it names; the batch must stand where the
/// event left it. Items must be those of its digest, approved by enough people once it is more than
/// a draft; the transaction must spend the anchor and pay the items. Whether it is in the chain is
/// not asked.
/// The answer: a sentence about what differs, or "". Errors: unavailable.
pool::Result<std::string> payout_event_difference(MysqlConnection& db, const LedgerEvent& event);

/// Batches whose state tells of an event that the ledger does not have. As above.
pool::Result<std::string> payouts_without_events(MysqlConnection& db);

}  // namespace payouts
