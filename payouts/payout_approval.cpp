#include "payouts/payout_approval.h"

#include <string>

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

Result<void> check_approval(const PayoutBatch& batch)
{
    if (items_digest(batch.id, batch.fee_payer, batch.fee_max, batch.items) != batch.digest) {
        return fail(Error::Code::refused, "payout " + std::to_string(batch.id) +
                                              " holds other items than its digest says: look who "
                                              "has changed the database");
    }
    std::size_t good = 0;
    for (const PayoutApproval& approval : batch.approvals) {
        if (approval.digest == batch.digest && approval.admin != batch.created_by) ++good;
    }
    if (good >= approvals_needed(batch)) return {};
    return fail(Error::Code::refused,
                "payout " + std::to_string(batch.id) + " is not approved by enough people");
}

}  // namespace payouts
