#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "rpc/pool_view.h"

/// The pool in the words of other pools' interfaces, so that dashboards made for them work here:
/// mrv777/ckstats for ckpool's, benjamin-wilson/public-pool-ui for public-pool's. What nobody here
/// knows is left out, unless a dashboard cannot do without.
namespace rpc::shims {

/// Dashboards want an account's workers in one answer; so many are one of megabytes.
inline constexpr std::size_t listed_most = 10'000;

inline bool is_connected(const WorkerInfo& worker) { return worker.session_count > 0; }
/// Of the account's workers.
std::uint64_t connected(const UserInfo& user);
/// Difficulties beyond 64 bits are of no chain; ckstats reads them as whole numbers.
std::uint64_t whole_difficulty(double difficulty);

/// ckpool's /pool/pool.status: three lines, an object each.
std::string ckpool_status(const PoolInfo& info, const WorkersSummary& workers,
                          pool::UnixMillis now);
/// ckpool's /users/<account>. "authorised" is 0: since when is not known.
std::string ckpool_user(const UserInfo& user);
/// "1.21P", as ckpool writes hash rates.
std::string ckpool_rate(double hashes_per_second);

/// public-pool's /api/info, /api/pool and /api/network.
std::string public_pool_info(const PoolInfo& info, const WorkersSummary& workers,
                             const std::vector<BlockInfo>& blocks, pool::UnixMillis now);
std::string public_pool_pool(const PoolInfo& info, const std::vector<BlockInfo>& blocks);
std::string public_pool_network(const PoolInfo& info);
/// /api/info/chart and /api/client/<account>/chart.
std::string public_pool_chart(const HistoryInfo& history);

/// public-pool's ways to pay, as `payoutMode` of a query: all work here is PPLNS, none is solo.
enum class Mode : std::uint8_t { any, pplns, solo };
/// /api/info/chart/payout-modes, and the same of a client.
std::string public_pool_mode_chart(const HistoryInfo& history, Mode mode);
/// /api/info/accounting: the work since the last block, of which some is in no sealed slot yet.
std::string public_pool_accounting(const PoolInfo& info, const WorkersSummary& workers, Mode mode);
/// /api/client/<account>. A worker's connections are one session here, named as it.
std::string public_pool_client(const UserInfo& user, Mode mode);
/// /api/client/<account>/<worker>, and the same with its session.
std::string public_pool_worker(const WorkerInfo& worker, const HistoryInfo& history);

}  // namespace rpc::shims
