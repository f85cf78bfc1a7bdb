#pragma once

#include "rpc/payout_control.h"
#include "rpc/router.h"

namespace rpc {

/// createpayout, listpayouts, getpayout, approvepayout, exportpsbt, importpsbt, bumppayout,
/// cancelpayout, stoppayouts, releasepayouts, comparebooks, bookcoins, approvecoins, listcoins.
/// `payouts` outlives all calls.
void register_payout_methods(Router& router, PayoutControl& payouts);

}  // namespace rpc
