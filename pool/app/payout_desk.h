#pragma once

#include <memory>
#include <string>

#include "payouts/payout_service.h"
#include "pool/app/payout_status.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/payout_control.h"

namespace pool {

/// rpc::PayoutControl, and the thread that moves payouts on. Node or MySQL away: it says so and
/// tries again.
class PayoutDesk final : public rpc::PayoutControl {
public:
    PayoutDesk(Loop& rpc_loop, std::unique_ptr<payouts::Payouts> payouts);
    ~PayoutDesk() override { stop(); }

    void start() { thread_.start(); }
    void stop() { thread_.stop(); }

    /// A moment old. On the rpc loop.
    const PayoutStatus& status() const { return *told_; }

    void run(Work work, std::function<void(Result<std::string>)> done) override;

private:
    std::chrono::milliseconds step();

    Loop& rpc_loop_;
    std::unique_ptr<payouts::Payouts> payouts_;
    PayoutStatus status_;                 // the payout thread's
    std::shared_ptr<PayoutStatus> told_;  // its copy, the rpc loop's
    TaskThread thread_;
};

/// A server without payouts.wallet: whoever asks for payouts hears why there are none.
class NoPayouts final : public rpc::PayoutControl {
public:
    void run(Work work, std::function<void(Result<std::string>)> done) override;
};

}  // namespace pool
