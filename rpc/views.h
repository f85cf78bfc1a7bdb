#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "rpc/miner_control.h"
#include "rpc/pool_view.h"

namespace rpc {

/// The answers of the pool as JSON text, the same for admins and for pages. Amounts are integers
/// of satoshi, hash rates H/s, times whole seconds since 1970.

/// One flat object. It tells hosts and paths in the states of the dependencies: for admins.
std::string admin_pool_json(const PoolInfo& info);
/// The same without what only concerns whoever runs the pool.
std::string public_pool_json(const PoolInfo& info);
/// What is known of the chain.
std::string network_json(const PoolInfo& info);
/// By what terms everybody is paid: scheme, fee_bps, window, minimum_payout_sat.
std::string terms_json(const TermsInfo& terms);
/// What `scopes` leave out is null. Workers are only counted: an account may have thousands, and
/// workers_json() gives them in pages.
std::string user_json(const UserInfo& user, payouts::TokenScopes scopes = {true, true});
/// A page of an account's workers, by name: those behind the name `after` (from the first when it
/// is empty), at most `limit`. "next" is the cursor of the page behind, null at the end.
std::string workers_json(const UserInfo& user, std::size_t limit, const std::string& after);
std::string worker_json(const WorkerInfo& worker);
std::string worker_lines_json(const std::vector<WorkerLine>& lines);
/// The accounts of these workers, the strongest over five minutes first.
std::string users_json(const std::vector<WorkerLine>& lines, std::size_t limit);
std::string connections_json(const std::vector<ConnectionInfo>& connections);
std::string share_stats_json(const PoolInfo& info);
std::string account_json(const AccountInfo& account);
std::string blocks_json(const std::vector<BlockInfo>& blocks);
/// Without the finders that are not public.
std::string public_blocks_json(std::vector<BlockInfo> blocks);
/// What a token is good for: account, label, scopes, expires_at.
std::string pass_json(const payouts::AccessSheet::Pass& pass);
std::string history_json(const HistoryInfo& history);
/// The three lists in pages: "next" is the cursor of the page behind, null where fewer than `limit`
/// are shown.
std::string earnings_json(const std::vector<EarningInfo>& earnings, std::uint32_t limit);
std::string sites_json(const std::vector<SiteInfo>& sites);
std::string window_json(const WindowInfo& window);
std::string payouts_json(const std::vector<PayoutInfo>& payouts, std::uint32_t limit);
std::string paid_json(const std::vector<PaidInfo>& payouts, std::uint32_t limit);
/// A worker, and why its shares were refused.
std::string worker_detail_json(const WorkerInfo& worker);
/// A block as everybody may see it, and what each node said to it; of one that was not reached, not
/// why.
std::string block_detail_json(BlockInfo block, std::vector<BlockAnswerInfo> answers);
std::string nodes_json(const std::vector<BitcoindInfo>& nodes);
std::string bans_json(const std::vector<BanInfo>& bans);
std::string operator_json(const OperatorInfo& info);
/// With the sentences for operators: not for everybody.
std::string block_answers_json(const std::vector<BlockAnswerInfo>& answers);
/// Of blocks, newest first: found for expected, those rejected left out.
std::string luck_json(std::vector<BlockInfo> blocks);
std::string verdict_json(const LedgerVerdict& verdict);
std::string ledger_json(const std::vector<LedgerLine>& lines);
/// {"ready": …, "dependencies": {"node": {"ok": …}, …}}; states stay with the admins.
std::string readiness_json(const Readiness& readiness);

/// The shortest text that reads back as `value`; "null" for what is no number in JSON.
std::string number_json(double value);

}  // namespace rpc
