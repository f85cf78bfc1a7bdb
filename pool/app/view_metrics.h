#pragma once

#include <vector>

#include "pool/app/books.h"
#include "pool/app/loop_lag.h"
#include "pool/app/stratum_loop.h"
#include "pool/app/work_desk.h"
#include "rpc/pool_view.h"
#include "stratum/gate.h"

namespace pool {

/// Fills the session's share counts: sums over the loops' counters, read without a lock.
void add_share_counts(const std::vector<StratumLoop*>& loops, rpc::PoolInfo& info);

/// Everything that /metrics shows.
std::vector<rpc::Metric> metrics_of(const rpc::PoolInfo& info, const WorkStatus& work,
                                    const std::vector<StratumLoop*>& loops, stratum::Gate& gate,
                                    const LoopLag& lag, const Books& books);

}  // namespace pool
