#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "payouts/ledger.h"
#include "pool/app/books.h"
#include "pool/app/live.h"
#include "pool/app/loop_lag.h"
#include "pool/app/stratum_loop.h"
#include "pool/node/node.h"
#include "rpc/pool_view.h"
#include "stratum/gate.h"

namespace pool {

/// Fills the session's share counts: sums over the loops' counters, read without a lock.
void add_share_counts(const std::vector<StratumLoop*>& loops, rpc::PoolInfo& info);

/// Whose counters are read; any thread.
struct MetricSources {
    const std::vector<StratumLoop*>& loops;
    stratum::Gate& gate;
    const LoopLag& lag;
    const Books& books;
    const std::vector<const Node*>& nodes;
};

/// What the loops, the nodes and the process count.
std::vector<rpc::Metric> metrics_of(const rpc::PoolInfo& info, const LiveState& state,
                                    const MetricSources& sources);
/// What the books come to, as they were last read; totals: null before they were.
void add_book_metrics(const payouts::Totals* totals, const BooksStatus& status,
                      std::vector<rpc::Metric>& metrics);
/// What verifyledger has found here that is no difference; nothing: nobody has asked it yet.
void add_verdict_metrics(const std::optional<std::uint64_t>& heads_unknown,
                         std::vector<rpc::Metric>& metrics);

}  // namespace pool
