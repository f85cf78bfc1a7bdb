#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pool/app/stratum_loop.h"
#include "pool/runtime/loop.h"
#include "rpc/pool_view.h"

namespace pool {

/// systemd, or whoever else started us and wants to know how we are (sd_notify(3), spoken over its
/// socket). Says nothing when nobody asked. Any thread.
class ServiceManager {
public:
    /// socket: a path, or an abstract name behind '@'; empty when nobody listens.
    /// watchdog: how often it wants a sign of life at least; 0 when it does not.
    ServiceManager(std::string socket, std::chrono::microseconds watchdog);
    /// Of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    static ServiceManager of_environment();

    /// "READY=1", "STOPPING=1", "STATUS=…". Best effort: a lost word is no reason to stop mining.
    void tell(std::string_view state) const;
    std::chrono::microseconds watchdog() const { return watchdog_; }
    bool listens() const { return !socket_.empty(); }

private:
    std::string socket_;
    std::chrono::microseconds watchdog_;
};

/// Signs of life: asks every loop, and tells the service manager when all of them have answered.
/// A loop that hangs is silence, and a restart. Lives on the rpc loop.
class Heartbeat {
public:
    Heartbeat(Loop& rpc_loop, Loop& core_loop, std::vector<StratumLoop*> loops,
              ServiceManager manager);

private:
    void ask();

    Loop& rpc_loop_;
    Loop& core_loop_;
    std::vector<StratumLoop*> loops_;
    ServiceManager manager_;
    Watch timer_;
};

/// What `systemctl status` shows: "1.23 PH/s, 812 workers, height 870000, ready". Pure.
std::string status_line(const rpc::PoolInfo& info);

/// Tells the service manager every ten seconds how the pool is. Lives on the rpc loop.
class StatusTeller {
public:
    using Ask = std::function<void(rpc::PoolView::Done<rpc::PoolInfo>)>;
    static constexpr std::chrono::milliseconds usual{10'000};
    StatusTeller(Loop& rpc_loop, Ask ask, ServiceManager manager,
                 std::chrono::milliseconds every = usual);

private:
    Ask ask_;
    ServiceManager manager_;
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
    Watch timer_;
};

}  // namespace pool
