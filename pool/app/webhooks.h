#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/app/config.h"
#include "pool/base/time.h"
#include "pool/runtime/http_client.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/pool_events.h"
#include "rpc/pool_view.h"
#include "rpc/webhook_body.h"
#include "rpc/webhook_queue.h"
#include "rpc/work_control.h"

namespace pool {

/// Tells the receivers of [[webhook]] what happens: looks at the pool as a page would, and sends
/// without waiting for an answer. Lives on the rpc loop; whatever a receiver does costs a bounded
/// queue. A name that takes longer to look up than `deadline` may hold that loop, never a Stratum
/// loop, until the resolver gives up. Blocks and payouts as every receiver was told of them last
/// are kept in a file: what has become of them meanwhile, or was not delivered, is told by the next
/// life, by the same ids. What else waits when the server stops is lost.
class Webhooks {
public:
    struct Paces {
        std::chrono::milliseconds look{5'000};  ///< at blocks, payouts, nodes
        std::chrono::milliseconds look_at_workers{30'000};
        /// Miners come back after a restart: who is there then is where workers begin from.
        std::chrono::milliseconds workers_settle{180'000};
        std::chrono::milliseconds deadline{10'000};  ///< for a receiver to answer
        rpc::WebhookQueue::Limits queue{};
        rpc::EventWatch::Options events{};
    };

    /// life: begins the ids of deliveries, another one for each start. told_file: "" for none; one
    /// that cannot be read is as none, and is written anew.
    Webhooks(Loop& rpc_loop, rpc::PoolView& view, rpc::WorkControl& work,
             const std::vector<WebhookConfig>& hooks, rpc::WebhookSender sender, std::uint64_t life,
             Paces paces, std::filesystem::path told_file = {});
    ~Webhooks();
    Webhooks(const Webhooks&) = delete;
    Webhooks& operator=(const Webhooks&) = delete;

    /// Why payouts are held, "" while they are not; nothing before that is known. Asked at each
    /// look, where this server pays.
    void held_by(std::function<std::optional<std::string>()> why) { held_ = std::move(why); }
    /// On the rpc loop, once it runs.
    void start();
    void add_metrics(std::vector<rpc::Metric>& metrics) const;

private:
    struct Hook;
    bool wanted(std::string_view prefix) const;
    void look();
    void look_at_workers();
    void tell(const std::vector<rpc::PoolEvent>& events);
    void keep_told();
    void send(Hook& hook);
    void sent(Hook& hook, const Result<HttpAnswer>& answer);

    Loop& loop_;
    rpc::PoolView& view_;
    rpc::WorkControl& work_;
    std::function<std::optional<std::string>()> held_;
    rpc::WebhookSender sender_;
    std::uint64_t life_;
    Paces paces_;
    std::uint64_t made_ = 0;
    std::filesystem::path told_file_;
    rpc::EventsTold kept_;  // what the file holds
    rpc::EventWatch events_;
    std::vector<std::unique_ptr<Hook>> hooks_;
    HttpClient http_;
    Watch looking_;
    Watch settling_;
    Watch looking_at_workers_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();  // answers may come after the end
    TaskThread writing_;                                    // waits for the disk
};

}  // namespace pool
