#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "rpc/access.h"
#include "rpc/operator_info.h"
#include "rpc/past_info.h"
#include "rpc/workers_summary.h"

namespace rpc {

struct RejectCount {
    std::string reason;  ///< "low_difficulty", "unknown_job", …: stable
    std::uint64_t count = 0;
};

/// Averages that fade out, in H/s, over minutes, an hour, six, a day, a week. Of somebody younger
/// than that: over the age.
struct Hashrates {
    double m1 = 0;
    double m5 = 0;
    double m10 = 0;
    double m15 = 0;
    double h1 = 0;
    double h6 = 0;
    double d1 = 0;
    double d7 = 0;

    void add(const Hashrates& more)
    {
        m1 += more.m1;
        m5 += more.m5;
        m10 += more.m10;
        m15 += more.m15;
        h1 += more.h1;
        h6 += more.h6;
        d1 += more.d1;
        d7 += more.d7;
    }
};

/// When the network's difficulty changes next.
struct Retarget {
    pool::Height at;               ///< the first block of another difficulty
    std::optional<double> change;  ///< 0.03: three hundredths more, if blocks come on so; if known
};

/// By what terms the pool pays those that have none of their own.
struct TermsInfo {
    unsigned fee_bps = 0;                           ///< hundredths of a per cent
    std::string window;                             ///< N, a decimal
    pool::Sats minimum_payout;                      ///< what is less stays in the books
    std::optional<pool::UnixMillis> next_payout{};  ///< is drafted then; nothing: by hand
    std::string explorer{};  ///< where people look at a transaction, "{txid}" for it; "": nowhere
};

/// The pool at one moment. "Session" figures count since this process started; the others come
/// from the books and live on.
struct PoolInfo {
    std::string version;
    std::string chain;  ///< "main", "testnet4", "signet", "regtest"
    std::uint64_t uptime_s = 0;

    pool::Height height;  ///< of the tip
    std::string tip;      ///< hash of the tip as people are shown it; "" before the first template
    double network_difficulty = 0;
    std::optional<Retarget> retarget;              ///< nothing where it never changes (regtest)
    std::optional<std::uint64_t> template_age_ms;  ///< nothing before the first template

    std::uint64_t connections = 0;
    std::uint64_t workers = 0;  ///< with a share in the last ten minutes
    std::uint64_t users = 0;    ///< accounts with such a worker
    Hashrates rates;

    std::uint64_t shares_accepted = 0;  ///< booked in MySQL
    std::uint64_t shares_accepted_session = 0;
    std::uint64_t shares_stale = 0;            ///< session
    std::vector<RejectCount> shares_rejected;  ///< session, one entry a reason
    std::uint64_t share_backlog = 0;  ///< records in the journals that Redis does not have yet
    std::uint64_t books_lag_ms = 0;   ///< age of the oldest record that MySQL does not have yet

    std::uint64_t blocks_found = 0;  ///< whatever became of them; those rejected left out
    std::uint64_t blocks_immature = 0;
    std::uint64_t blocks_mature = 0;
    std::uint64_t blocks_orphaned = 0;
    std::uint64_t blocks_rejected = 0;
    double round_effort = 0;   ///< sealed work since our last block, in expected blocks
    pool::Sats credited;       ///< to miners: immature, available and in payout, together
    bool books_known = false;  ///< the books have answered: else their figures are 0

    std::uint16_t stratum_port = 0;
    bool tls = false;          ///< that port speaks it, too
    std::string v2_authority;  ///< and v2, certified by this key as in miners' URLs; "": v1 only
    std::uint16_t web_port = 0;
    Readiness readiness;
};

/// One connection of a worker, from its authorisation on.
struct WorkerSession {
    pool::UnixMillis connected;
    double difficulty = 0;  ///< assigned now
    std::uint64_t accepted = 0;
    std::uint64_t stale = 0;
    std::uint64_t rejected = 0;  ///< for another reason than being stale
    std::optional<pool::UnixMillis> last_share;
    std::string user_agent;
    /// From a job's sending to its first accepted share: of the newest job that brought one before
    /// the next was sent, and on average over some eight of them. Nothing before the first.
    std::optional<std::chrono::milliseconds> first_share;
    std::optional<std::chrono::milliseconds> first_share_mean;
};

/// Counts since this process started, over all connections of that name; a worker is forgotten
/// when a week without a share has passed.
struct WorkerInfo {
    std::string name;
    Hashrates rates;
    std::uint64_t accepted = 0;
    std::uint64_t stale = 0;
    std::uint64_t rejected = 0;   ///< all that were refused for another reason than being stale
    std::uint64_t duplicate = 0;  ///< of those
    std::uint64_t low_difficulty = 0;  ///< of those, as the next three
    std::uint64_t unknown_job = 0;
    std::uint64_t time = 0;     ///< too old or too new
    std::uint64_t version = 0;  ///< bits rolled that may not be
    double best_share = 0;      ///< difficulty of the best one accepted
    double difficulty = 0;      ///< assigned now; 0 when not connected
    std::optional<pool::UnixMillis> last_share;
    /// The books alone know it: it has not been at this server since that started, and its last
    /// share came up to ten minutes before last_share.
    bool earlier = false;
    std::string user_agent;               ///< what the miner says of itself: any text
    std::uint64_t session_count = 0;      ///< connections that are open
    std::vector<WorkerSession> sessions;  ///< of those the newest, at most sessions_shown
    static constexpr std::size_t sessions_shown = 16;
};

/// A worker and whose it is.
struct WorkerLine {
    std::string account;
    WorkerInfo worker;
};

struct UserInfo {
    std::string account;  ///< canonical address or registered name
    std::string payout_address;
    pool::Sats immature;
    pool::Sats available;
    pool::Sats in_payout;
    pool::Sats credited;       ///< ever, net of reversals
    pool::Sats paid;           ///< ever, in payouts that are settled
    std::uint64_t shares = 0;  ///< accepted, booked in MySQL
    Hashrates rates;
    std::uint64_t accepted = 0;  ///< since this process started, as the three below
    std::uint64_t stale = 0;
    std::uint64_t rejected = 0;
    double best_share = 0;
    /// By name. Nobody changes them, so that all who ask in the same second share one list: an
    /// account may have ten thousand. Never null.
    std::shared_ptr<const std::vector<WorkerInfo>> workers = no_workers();

    static std::shared_ptr<const std::vector<WorkerInfo>> no_workers()
    {
        return std::make_shared<const std::vector<WorkerInfo>>();
    }
};

struct AccountInfo {
    std::string name;
    std::string payout_address;
};

struct BlockInfo {
    pool::Height height;
    std::string hash;   ///< as people are shown it
    std::string state;  ///< "submitted", "immature", "mature", "orphaned", …: stable
    pool::UnixMillis found_at;
    std::string finder;  ///< account, "" when it was not authorised
    std::string worker;
    bool finder_public = false;  ///< may everybody see finder and worker?
    std::string coinbase;  ///< its first transaction's id, as people are shown it; "" when unknown
    pool::Sats reward;     ///< paid to the pool's script
    pool::Sats subsidy;    ///< of that; the rest is fees
    std::int64_t confirmations = 0;  ///< -1: not in the chain
    std::uint32_t epoch = 1;         ///< how often it was (or will next be) credited
    std::optional<double> effort;    ///< work since our block before it, in expected blocks;
                                     ///< nothing of a rejected one
};

/// One transfer of the books.
struct LedgerLine {
    std::uint64_t id = 0;
    std::string event;  ///< "block:<hash>:accrue:0"
    pool::UnixMillis at;
    std::string debit;    ///< account code: "asset:coinbase_immature", "m:<id>:available"
    std::string credit;   ///< account code
    std::string account;  ///< the member's name when one side is a member, else ""
    pool::Sats amount;    ///< > 0
};

/// What came of making the books again from what they were made of.
struct LedgerVerdict {
    std::uint64_t events = 0;
    std::uint64_t transfers = 0;
    std::uint64_t accounts = 0;
    std::uint64_t blocks = 0;  ///< whose credit was computed again
    std::uint64_t slots = 0;
    std::uint64_t blocks_unproven = 0;   ///< whose coinbase may be another block's
    std::uint64_t heads_unknown = 0;     ///< blocks that say a head which no sealed slot has
    std::string head_unknown_in;         ///< the first of them, 64 hex digits; ""
    std::uint64_t records_given_up = 0;  ///< by acceptgap
    std::uint64_t adjustments = 0;       ///< events that people made
    /// By address, or by script in hex where it has none.
    std::map<std::string, pool::Sats> paid_to;  ///< what coinbases of credited blocks pay
    std::string head;                           ///< of the chain of events, 64 hex digits
    std::string difference;  ///< the first one, a sentence; "" when there is none
    pool::Sats off;          ///< by how much, when it is about satoshi
};

/// A share as it lies in a journal.
struct ShareLogLine {
    std::string producer;
    std::uint64_t seq = 0;
    pool::UnixMillis at;
    std::string kind;     ///< "share", "block", "stale"
    std::string account;  ///< "" while MySQL has not been told who it is
    std::string worker;   ///< likewise
    double difficulty = 0;
    std::uint64_t job = 0;
    std::uint32_t version = 0;
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
};

/// The schema of the books.
struct SchemaInfo {
    std::uint64_t known = 0;  ///< the newest migration that this program has
    struct Step {
        std::uint64_t version = 0;
        std::string applied_at;  ///< as MySQL writes it; "" while it is under way
    };
    std::vector<Step> applied;
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct MetricBucket {
    double upper_bound = 0;
    std::uint64_t cumulative_count = 0;
};

/// One time series. Series of one name come with the same help and type, in any order.
struct Metric {
    std::string name;  ///< "zubr_shares_total"
    std::string help;
    MetricType type = MetricType::gauge;
    std::vector<std::pair<std::string, std::string>> labels{};
    double value = 0;                     ///< of a histogram: the sum of what was observed
    std::vector<MetricBucket> buckets{};  ///< histograms only, the last one's bound infinite
};

/// What admins and web pages may ask of a running pool. pool/app implements it by posting to the
/// loops and threads that know: nothing here takes a lock or waits on the road of a share.
///
/// Called on the rpc loop. Each `done` is called exactly once, on the rpc loop, during the call
/// or later; it may be called after whoever asked is gone. Errors: unavailable, when whoever knows
/// does not answer in time; else as each call says.
class PoolView {
public:
    template <typename T>
    using Done = std::function<void(pool::Result<T>)>;

    virtual ~PoolView() = default;

    /// Another number whenever answers given before may not be shown any more: a new tip, a new
    /// block of ours, an account that others may see now. A minute in the books is no such thing:
    /// it is seen when the life of an answer has ended.
    virtual std::uint64_t generation() const = 0;
    virtual void pool_info(Done<PoolInfo> done) = 0;
    virtual void readiness(Done<Readiness> done) = 0;
    virtual void terms(Done<TermsInfo> done) = 0;
    /// What whoever shows `token` ("": nobody) may read of `account`. Errors: not_found, when that
    /// can be no account: neither an address of the chain nor of a name's form.
    virtual void access(const std::string& account, const std::string& token,
                        Done<Access> done) = 0;
    /// What `token` is good for. Errors: not_found.
    virtual void pass(const std::string& token, Done<payouts::AccessSheet::Pass> done) = 0;
    /// Errors: not_found.
    virtual void user(const std::string& name, Done<UserInfo> done) = 0;
    /// The workers of the last week, the strongest over five minutes first. account: only its own;
    /// all when empty.
    virtual void workers(std::size_t limit, const std::string& account,
                         Done<std::vector<WorkerLine>> done) = 0;
    virtual void workers_summary(Done<WorkersSummary> done) = 0;
    /// One worker of the last week. Errors: not_found.
    virtual void worker(const std::string& account, const std::string& name,
                        Done<WorkerInfo> done) = 0;
    /// Errors: invalid (the name or the address, and what is wrong), conflict (name taken).
    virtual void create_account(const std::string& name, const std::string& address,
                                Done<AccountInfo> done) = 0;
    /// Errors: not_found.
    virtual void history(const HistoryQuestion& question, Done<HistoryInfo> done) = 0;
    /// Those with a share in the last 24 hours, "main" first. Errors: not_found.
    virtual void sites(const std::string& account, Done<std::vector<SiteInfo>> done) = 0;
    /// Newest first. limit: 1 ..= 1000. after: only what comes behind it. Errors: not_found.
    virtual void earnings(const std::string& account, std::uint32_t limit,
                          const std::optional<BlockCursor>& after,
                          Done<std::vector<EarningInfo>> done) = 0;
    /// Payouts that are on their way or over, newest first. limit: 1 ..= 1000. before: only those
    /// below that number.
    virtual void payouts(std::uint32_t limit, std::optional<std::uint64_t> before,
                         Done<std::vector<PayoutInfo>> done) = 0;
    /// The newest of the same, and of those that are on their way back ("cancelling") and may yet
    /// be paid: for whoever follows what becomes of each. limit: 1 ..= 1000.
    virtual void payouts_to_follow(std::uint32_t limit, Done<std::vector<PayoutInfo>> done) = 0;
    /// Those to an account, after one of them. Errors: not_found.
    virtual void payouts_of(const std::string& account, std::uint32_t limit,
                            const std::optional<PaidCursor>& after,
                            Done<std::vector<PaidInfo>> done) = 0;
    /// Errors: not_found; unavailable also before the first template.
    virtual void window(const std::string& account, Done<WindowInfo> done) = 0;
    /// hash: as people are shown it. Errors: invalid, for no hash.
    virtual void block_answers(const std::string& hash,
                               Done<std::vector<BlockAnswerInfo>> done) = 0;
    /// hash: as people are shown it. Errors: not_found, invalid.
    virtual void block(const std::string& hash, Done<BlockInfo> done) = 0;
    /// Newest first. limit: 1 ..= 1000. after: only what comes behind that block; without its hash,
    /// only blocks below the height.
    virtual void blocks(std::uint32_t limit, const std::optional<BlockCursor>& after,
                        Done<std::vector<BlockInfo>> done) = 0;
    /// May take minutes on a large pool; one at a time.
    /// Errors: not_found, invalid (a producer of this very server).
    virtual void retire_producer(const std::string& name, Done<std::string> done) = 0;
    /// Gives up share records of a producer that exist nowhere any more; `by` is written down.
    /// Gives their number. Errors: not_found, invalid (nothing is missing), refused (with what to
    /// do first), conflict.
    virtual void accept_gap(const std::string& producer, const std::string& by,
                            Done<std::uint64_t> done) = 0;
    virtual void verify_ledger(Done<LedgerVerdict> done) = 0;
    /// Newest first. limit: 1 ..= 1000. account: only lines that touch it; all when empty.
    /// Errors: not_found, for an unknown account.
    virtual void ledger(std::uint32_t limit, const std::string& account,
                        Done<std::vector<LedgerLine>> done) = 0;
    virtual void operator_info(Done<OperatorInfo> done) = 0;
    /// The newest shares of all loops together, newest first. limit: 1 ..= 500.
    virtual void share_log(std::size_t limit, Done<std::vector<ShareLogLine>> done) = 0;
    virtual void schema(Done<SchemaInfo> done) = 0;
    virtual void metrics(Done<std::vector<Metric>> done) = 0;
    /// Begins the graceful stop of the whole server; returns at once. A second call does nothing.
    virtual void stop() = 0;
};

}  // namespace rpc
