#pragma once

#include <string_view>

#include "payouts/mysql_ledger.h"
#include "payouts/payout_batch.h"
#include "pool/base/time.h"

/// The events of a payout, to the letter: as they are posted, and as verify_ledger expects them.
namespace payouts {

/// "batch:<id>:reserve", by and at what the batch says of its creator.
LedgerEvent reserve_event(const PayoutBatch& batch);
/// "batch:<id>:settle" or, when tx is a cancel, "batch:<id>:cancel": tx is final.
LedgerEvent closing_event(const PayoutBatch& batch, const PayoutTx& tx, pool::UnixMillis at);
/// "batch:<id>:cancel" of one that had no anchor yet.
LedgerEvent give_up_event(const PayoutBatch& batch, std::string_view who, pool::UnixMillis at);
/// "batch:<id>:cancel" of one whose anchor something else has spent.
LedgerEvent writeoff_event(const PayoutBatch& batch, const PayoutWriteoff& writeoff,
                           pool::UnixMillis at);

}  // namespace payouts
