#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "payouts/mysql_history.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/pool_view.h"

namespace pool {

/// The part of rpc::PoolView that tells of the past: from the books, on a thread of its own, so
/// that a long range holds up nobody who asks for a balance. Lives on the rpc loop.
class Past {
public:
    template <typename T>
    using Done = std::function<void(Result<T>)>;

    Past(Loop& rpc_loop, std::unique_ptr<payouts::History> books);
    ~Past();

    void history(const rpc::HistoryQuestion& question, Done<rpc::HistoryInfo> done);
    void sites(const std::string& account, Done<std::vector<rpc::SiteInfo>> done);
    /// Those with a share in the last week, of the whole pool.
    void workers(Done<std::vector<payouts::PastWorker>> done);
    void earnings(const std::string& account, std::uint32_t limit,
                  const std::optional<rpc::BlockCursor>& after,
                  Done<std::vector<rpc::EarningInfo>> done);
    void payouts(std::uint32_t limit, std::optional<std::uint64_t> before,
                 Done<std::vector<rpc::PayoutInfo>> done);
    void payouts_to_follow(std::uint32_t limit, Done<std::vector<rpc::PayoutInfo>> done);
    void payouts_of(const std::string& account, std::uint32_t limit,
                    const std::optional<rpc::PaidCursor>& after,
                    Done<std::vector<rpc::PaidInfo>> done);
    /// reward: of the block that is being mined.
    void window(const std::string& account, Sats reward, Done<rpc::WindowInfo> done);
    void block_answers(const std::string& hash, Done<std::vector<rpc::BlockAnswerInfo>> done);

private:
    template <typename T, typename Ask>
    void ask(Ask question, Done<T> done);

    Loop& rpc_loop_;
    std::unique_ptr<payouts::History> books_;
    TaskThread reader_;
};

/// The steps from `from_s` to now without a gap, with rates. Pure.
std::vector<rpc::HistoryStep> filled(const std::vector<payouts::HistoryPoint>& points,
                                     std::uint64_t from_s, std::uint64_t now_s,
                                     std::uint64_t step_s);

/// What an account's part of the window is worth. Pure.
rpc::WindowInfo worth(const payouts::WindowPart& part, Sats reward);

}  // namespace pool
