#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "payouts/mysql_queries.h"
#include "pool/app/account_access.h"
#include "pool/app/account_lookup.h"
#include "pool/app/books.h"
#include "pool/app/live.h"
#include "pool/app/loop_lag.h"
#include "pool/app/past.h"
#include "pool/app/recent_times.h"
#include "pool/app/remembered.h"
#include "pool/app/retarget_watch.h"
#include "pool/app/share_lines.h"
#include "pool/app/unpublished_watch.h"
#include "pool/app/withholding_watch.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/account_control.h"
#include "rpc/pool_view.h"

namespace pool {

/// What does not change while the server runs.
struct Identity {
    std::string version;
    Chain chain = Chain::main;
    std::uint16_t stratum_port = 0;
    bool tls = false;
    std::string v2_authority;  ///< "": no v2
    std::uint16_t web_port = 0;
    SteadyTime started;
};

/// rpc::PoolView over the running parts: live figures from the loops, money from the books' reading
/// side on a thread of its own. Lives on the rpc loop.
class View final : public rpc::PoolView {
public:
    struct Parts {
        Loop& rpc_loop;
        Live& live;
        const LoopLag& lag;
        Books& books;
        std::unique_ptr<payouts::Queries> queries;
        std::unique_ptr<payouts::Queries> audits;  ///< for what takes minutes
        std::unique_ptr<payouts::History> history;
        std::vector<StratumLoop*> loops;
        stratum::Gate& gate;
        std::vector<const Node*> nodes;
        rpc::AccountControl& accounts;
        RetargetWatch& retarget;
        Sats minimum_payout;
        std::chrono::hours payouts_every{0};  ///< are drafted so often; 0: by hand
        std::string explorer{};               ///< see rpc::TermsInfo
        double withheld_blocks = 0;           ///< see WithholdingWatch
        std::function<void()> stop;
    };
    View(Parts parts, Identity identity);
    ~View() override;

    Identity& identity() { return identity_; }
    void set_books(const BooksStatus& status);
    /// What else /metrics shows.
    void add_metrics_by(std::function<void(std::vector<rpc::Metric>&)> add)
    {
        more_metrics_ = std::move(add);
    }
    /// How payouts are, where this server makes them. Before anybody asks.
    void payouts_part_by(std::function<rpc::Dependency()> part) { payouts_part_ = std::move(part); }
    /// A new tip, or a new block of ours.
    void changed() { ++changes_; }

    std::uint64_t generation() const override { return changes_ + access_.changes(); }
    void pool_info(Done<rpc::PoolInfo> done) override;
    void readiness(Done<rpc::Readiness> done) override;
    void terms(Done<rpc::TermsInfo> done) override;
    void access(const std::string& account, const std::string& token,
                Done<rpc::Access> done) override
    {
        access_.access(account, token, std::move(done));
    }
    void pass(const std::string& token, Done<payouts::AccessSheet::Pass> done) override
    {
        access_.pass(token, std::move(done));
    }
    void user(const std::string& name, Done<rpc::UserInfo> done) override;
    void workers(std::size_t limit, const std::string& account,
                 Done<std::vector<rpc::WorkerLine>> done) override;
    void workers_summary(Done<rpc::WorkersSummary> done) override;
    void worker(const std::string& account, const std::string& name,
                Done<rpc::WorkerInfo> done) override;
    void create_account(const std::string& name, const std::string& address,
                        Done<rpc::AccountInfo> done) override;
    void history(const rpc::HistoryQuestion& question, Done<rpc::HistoryInfo> done) override
    {
        past_.history(question, std::move(done));
    }
    void sites(const std::string& account, Done<std::vector<rpc::SiteInfo>> done) override
    {
        past_.sites(account, std::move(done));
    }
    void earnings(const std::string& account, std::uint32_t limit,
                  const std::optional<rpc::BlockCursor>& after,
                  Done<std::vector<rpc::EarningInfo>> done) override
    {
        past_.earnings(account, limit, after, std::move(done));
    }
    void payouts(std::uint32_t limit, std::optional<std::uint64_t> before,
                 Done<std::vector<rpc::PayoutInfo>> done) override
    {
        past_.payouts(limit, before, std::move(done));
    }
    void payouts_to_follow(std::uint32_t limit, Done<std::vector<rpc::PayoutInfo>> done) override
    {
        past_.payouts_to_follow(limit, std::move(done));
    }
    void payouts_of(const std::string& account, std::uint32_t limit,
                    const std::optional<rpc::PaidCursor>& after,
                    Done<std::vector<rpc::PaidInfo>> done) override
    {
        past_.payouts_of(account, limit, after, std::move(done));
    }
    void window(const std::string& account, Done<rpc::WindowInfo> done) override;
    void block_answers(const std::string& hash,
                       Done<std::vector<rpc::BlockAnswerInfo>> done) override
    {
        past_.block_answers(hash, std::move(done));
    }
    void block(const std::string& hash, Done<rpc::BlockInfo> done) override;
    void blocks(std::uint32_t limit, const std::optional<rpc::BlockCursor>& after,
                Done<std::vector<rpc::BlockInfo>> done) override;
    void ledger(std::uint32_t limit, const std::string& account,
                Done<std::vector<rpc::LedgerLine>> done) override;
    void retire_producer(const std::string& name, Done<std::string> done) override;
    void accept_gap(const std::string& producer, const std::string& by,
                    Done<std::uint64_t> done) override;
    void verify_ledger(Done<rpc::LedgerVerdict> done) override;
    void share_log(std::size_t limit, Done<std::vector<rpc::ShareLogLine>> done) override;
    void schema(Done<rpc::SchemaInfo> done) override;
    void operator_info(Done<rpc::OperatorInfo> done) override;
    void metrics(Done<std::vector<rpc::Metric>> done) override;
    void stop() override { parts_.stop(); }

private:
    template <typename T>
    void ask(std::function<Result<T>(payouts::Queries&)> question, Done<T> done);
    void name_shares(std::vector<JournalTail> tails, std::size_t limit,
                     Done<std::vector<rpc::ShareLogLine>> done);
    void look_for_missing_blocks();
    void remember_workers();
    rpc::Readiness readiness_now(const LiveState& state) const;
    rpc::PoolInfo info_of(const LiveState& state, const payouts::Totals& totals) const;

    Parts parts_;
    Past past_;
    Identity identity_;
    AccountAccess access_;
    AccountLookup lookup_;
    std::optional<std::uint64_t> heads_unknown_;  // of the last verifyledger
    BooksStatus books_status_;
    std::uint64_t changes_ = 0;
    std::function<void(std::vector<rpc::Metric>&)> more_metrics_;
    std::function<rpc::Dependency()> payouts_part_;
    /// Not older than a second; the last ones when MySQL is away or takes its time, so that pages
    /// and /metrics never wait for longer.
    Remembered<payouts::Totals> totals_;
    WithholdingWatch withholding_;
    UnpublishedWatch unpublished_;
    RecentTimes redis_times_;
    RecentTimes mysql_times_;
    Watch looking_;
    Watch remembering_;
    TaskThread questions_;
    TaskThread audits_;
};

}  // namespace pool
