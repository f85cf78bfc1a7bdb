#pragma once

#include "payouts/payout_batch.h"
#include "pool/base/result.h"

namespace payouts {

/// Whether enough people have approved what the batch holds now. Pure. Errors: refused, and why
/// not.
pool::Result<void> check_approval(const PayoutBatch& batch);

}  // namespace payouts
