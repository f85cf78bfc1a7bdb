#pragma once

#include <memory>
#include <string>
#include <vector>

#include "payouts/payout_service.h"
#include "pool/base/metrics.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/payout_control.h"
#include "rpc/pool_view.h"

namespace pool {

/// rpc::PayoutControl, and the thread that moves payouts on. Node or MySQL away: it says so and
/// tries again.
class PayoutDesk final : public rpc::PayoutControl {
public:
    PayoutDesk(Loop& rpc_loop, std::unique_ptr<payouts::Payouts> payouts);
    ~PayoutDesk() override { stop(); }

    void start() { thread_.start(); }
    void stop() { thread_.stop(); }

    /// For /metrics. Any thread.
    void add_metrics(std::vector<rpc::Metric>& metrics) const;

    void run(Work work, std::function<void(Result<std::string>)> done) override;

private:
    std::chrono::milliseconds step();

    Loop& rpc_loop_;
    std::unique_ptr<payouts::Payouts> payouts_;
    std::string trouble_;  // told already
    Gauge difference_;
    Gauge above_max_;
    TaskThread thread_;
};

/// A server without payouts.wallet: whoever asks for payouts hears why there are none.
class NoPayouts final : public rpc::PayoutControl {
public:
    void run(Work work, std::function<void(Result<std::string>)> done) override;
};

}  // namespace pool
