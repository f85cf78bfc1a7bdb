#pragma once

#include <string>
#include <vector>

#include "payouts/payout_service.h"
#include "pool/base/time.h"
#include "rpc/operator_info.h"
#include "rpc/pool_view.h"

namespace pool {

/// How paying out goes on: what the payout thread's steps came to. Plain values; pure.
struct PayoutStatus {
    payouts::PayoutReport last;  ///< of the newest step that nothing hindered
    UnixMillis good_at;          ///< when that was; before it, when the thread began
    bool known = false;          ///< there was such a step
    std::string trouble{};       ///< why the newest step failed; "" when it did not
};

/// The series of alerts.yml: also of a thread that hangs, for good_at then stays where it is.
void add_payout_metrics(const PayoutStatus& status, std::vector<rpc::Metric>& metrics);

/// For the operator's page: payouts that stand still keep no miner away, so it is no part of
/// whether the server is ready.
rpc::Dependency payouts_part(const PayoutStatus& status);

}  // namespace pool
