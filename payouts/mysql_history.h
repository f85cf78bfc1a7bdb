#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/account_sheet.h"
#include "payouts/ledger.h"
#include "payouts/mysql_options.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

/// What people are shown of the past, from the books alone: it survives restarts.
namespace payouts {

/// Accepted work of a stretch of time.
struct HistoryPoint {
    std::uint64_t from_s = 0;  ///< seconds since 1970, a multiple of the step
    pool::U128 work = 0;
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    friend bool operator==(const HistoryPoint&, const HistoryPoint&) = default;
};

/// What an account got of one block that counts.
struct EarningRow {
    pool::BlockHash hash;
    pool::Height height;
    pool::UnixMillis found_at;
    BlockState state = BlockState::submitted;
    pool::Sats gross;
    pool::Sats fee;  ///< pool fee and donation
    pool::Sats net;
};

/// Where a page of them ended.
struct EarningPlace {
    pool::Height height;
    pool::BlockHash hash;
};

/// A payout that is on its way or over, without whom it pays.
struct PayoutRow {
    std::uint64_t id = 0;
    std::string state;    ///< "approved", "built", "signed", "broadcast", "confirmed", "cancelling"
    pool::UnixMillis at;  ///< of being settled, else of its newest transaction, else of its draft
    std::optional<pool::TxId> txid;  ///< once it was broadcast; the one that is in the chain
    pool::Sats total;
    std::optional<pool::Sats> fee;  ///< of that transaction
    /// How deep it was when its server looked last; counted to a hundred.
    std::uint32_t confirmations = 0;
    std::uint64_t recipients = 0;
};

/// What one of them pays an account at one address.
struct PaidRow {
    PayoutRow payout;
    std::uint64_t line = 0;  ///< of the payout
    std::string address;
    pool::Sats amount;     ///< taken from the account
    pool::Sats fee_share;  ///< of that, at most, for the network's fee
};

/// Where a page of them ended.
struct PaidPlace {
    std::uint64_t payout = 0;
    std::uint64_t line = 0;
};

/// An account's part of the window as the sealed slots stand.
struct WindowPart {
    pool::U128 window = 0;  ///< what it may hold now: N, less while N grows; units of 10^-18
                            ///< blocks; the next three too
    pool::U128 total = 0;   ///< score in the window: <= N
    pool::U128 mine = 0;    ///< of it, the account's
    /// The account's score, each unit times the part of its time in the window that is to come: so
    /// many block rewards are expected for work that was done. Down, by a unit a minute at most.
    pool::U128 to_come = 0;
    unsigned fee_bps = 0;  ///< pool fee and donation of this account
};

/// One node's word on a block of ours.
struct AnswerRow {
    std::string node;
    pool::UnixMillis at;
    std::string outcome;
    std::string reason;
    std::uint64_t took_ms = 0;
};

/// A worker of the books.
struct PastWorker {
    std::string account;
    std::string worker;
    std::uint64_t last_s = 0;  ///< its last share came before, by ten minutes at most
};

/// Reads it, on a connection of its own. Blocking; one thread.
/// Errors of all calls: unavailable, when MySQL is lost; the next call reconnects.
class History {
public:
    /// The schema must be there: open after the Service.
    static pool::Result<std::unique_ptr<History>> open(const MysqlOptions& options);
    ~History();
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    /// By steps of whole minutes (step_s is a multiple of 60, checked), oldest first, from sealed
    /// slots; steps without a share are left out. Of the last two years; step_s is a multiple of an
    /// hour for what is older than a month.
    pool::Result<std::vector<HistoryPoint>> pool_work(std::uint64_t from_s, std::uint64_t step_s);
    /// The same of one account, or of one of its sites, open slots included. Errors: not_found, for
    /// either.
    pool::Result<std::vector<HistoryPoint>> account_work(std::string_view account,
                                                         std::string_view site,
                                                         std::uint64_t from_s,
                                                         std::uint64_t step_s);
    /// The same of one worker: step_s is a multiple of 600, and of an hour for what is older than
    /// two days; of the last 31 days. Errors: not_found, for the account and for a worker without a
    /// share in that time, whom one look finds to be none.
    pool::Result<std::vector<HistoryPoint>> worker_work(std::string_view account,
                                                        std::string_view worker,
                                                        std::uint64_t from_s, std::uint64_t step_s);
    /// All workers with a share since then, of the whole pool: 100,000 at most, the newest of them.
    pool::Result<std::vector<PastWorker>> workers(std::uint64_t from_s);
    /// What an account's sites did since then; none of them without a share. Errors: not_found.
    pool::Result<std::vector<SiteSum>> sites(std::string_view account, std::uint64_t from_s);
    /// Newest first. limit: 1 ..= 1000. behind: only what comes after it. Errors: not_found.
    pool::Result<std::vector<EarningRow>> earnings(std::string_view account, std::uint32_t limit,
                                                   const std::optional<EarningPlace>& behind);
    /// Errors: not_found.
    pool::Result<WindowPart> window(std::string_view account);
    /// Newest first, drafts and cancelled ones left out. limit: 1 ..= 1000. before: only payouts
    /// below that number.
    pool::Result<std::vector<PayoutRow>> payouts(std::uint32_t limit,
                                                 std::optional<std::uint64_t> before);
    /// The newest of the same, and of those that are on their way back ("cancelling") and may yet
    /// be paid. limit: 1 ..= 1000.
    pool::Result<std::vector<PayoutRow>> payouts_to_follow(std::uint32_t limit);
    /// The same as payouts(), to one account; behind: only what comes after it. Errors: not_found.
    pool::Result<std::vector<PaidRow>> payouts_of(std::string_view account, std::uint32_t limit,
                                                  const std::optional<PaidPlace>& behind);
    /// In the order in which they came.
    pool::Result<std::vector<AnswerRow>> answers(const pool::BlockHash& hash);

private:
    struct Impl;
    explicit History(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
