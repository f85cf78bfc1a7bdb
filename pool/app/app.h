#pragma once

#include <csignal>
#include <functional>
#include <memory>

#include "payouts/mysql_options.h"
#include "pool/app/config.h"
#include "pool/base/result.h"

namespace pool {

inline constexpr const char* version = "0.1.0";

/// How the running pool speaks to MySQL.
payouts::MysqlOptions mysql_options(const Config& config);

/// The running server: builds and wires all parts, bottom up, and stops them top down. Read
/// app.cpp as the map of the program.
class App {
public:
    /// Everything is up and serving when this returns.
    ///
    /// signals: blocked in the calling thread; one of them ends a start that still waits.
    /// Errors, each a sentence that says what to do: unavailable (node, Redis, MySQL, a port),
    /// refused (wrong chain or password, newer schema, a Redis that forgets), io (data directory);
    /// conflict (another zubrd uses the directory).
    static Result<std::unique_ptr<App>> start(Config config, const sigset_t& signals);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Returns when one of `signals` arrives, or an admin says stop. At SIGHUP it goes on, and what
    /// can change while the pool runs is as `read` says now: TLS certificates, admin.rpcauth,
    /// log.level, log.levels. At SIGUSR1 it goes on, too, and all nodes are asked for work at once.
    /// Not at SIGUSR2 while the configuration could not be read. Gives the signal.
    int wait_for_signal(const sigset_t& signals, const std::function<Result<Config>()>& read);
    /// Asks miners to leave, answers what was submitted, brings the books up to date, ends all
    /// threads. hurry: one of these signals (none of SIGHUP, SIGUSR1, SIGUSR2) while miners leave
    /// ends the wait for them.
    void stop(const sigset_t* hurry = nullptr);

private:
    struct Parts;
    explicit App(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace pool
