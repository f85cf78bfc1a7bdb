#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    /// Ready, and the watchdog is as the environment has it, whatever the program before asked for.
    void tell_ready() const;
    /// The next program takes our place. Nobody gives a sign of life from the end of our loops to
    /// its first one, and its start may take as long as ours may: the watchdog is to wait so long.
    void tell_handing_over() const;
    std::chrono::microseconds watchdog() const { return watchdog_; }
    bool listens() const { return !socket_.empty(); }

private:
    std::string socket_;
    std::chrono::microseconds watchdog_;
};

/// How to ask a loop that other threads may end: `ping` has `done` called on it, unless it is over.
struct Pulse {
    std::function<bool()> over;
    std::function<void(std::function<void()> done)> ping;
};

/// Signs of life: asks every loop that is not over, and tells the service manager when all of them
/// have answered. A loop that hangs is silence, and a restart. Lives on the rpc loop.
class Heartbeat {
public:
    Heartbeat(Loop& rpc_loop, Loop& core_loop, std::vector<Pulse> loops, ServiceManager manager);

private:
    void ask();

    Loop& rpc_loop_;
    Loop& core_loop_;
    std::vector<Pulse> loops_;
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
