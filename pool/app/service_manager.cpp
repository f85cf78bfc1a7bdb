#include "pool/app/service_manager.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace pool {
namespace {

constexpr int signs_a_period = 3;  // one may be late, and one lost
constexpr std::chrono::microseconds handover_patience = std::chrono::minutes{10};

std::string_view variable(const char* name)
{
    const char* const text = std::getenv(name);
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::int64_t number(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

ServiceManager::ServiceManager(std::string socket, std::chrono::microseconds watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog)
{
}

ServiceManager ServiceManager::of_environment()
{
    const std::string_view pid = variable("WATCHDOG_PID");
    const bool ours = pid.empty() || number(pid) == ::getpid();
    return {std::string{variable("NOTIFY_SOCKET")},
            std::chrono::microseconds{ours ? number(variable("WATCHDOG_USEC")) : 0}};
}

void ServiceManager::tell(std::string_view state) const
{
    ::sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_.front() == '@') address.sun_path[0] = '\0';
    const auto length =
        static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + socket_.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const ::sockaddr*>(&address), length);
    ::close(fd);
}

void ServiceManager::tell_ready() const
{
    tell("READY=1");
    if (watchdog_.count() > 0) tell("WATCHDOG_USEC=" + std::to_string(watchdog_.count()));
}

void ServiceManager::tell_handing_over() const
{
    tell("STATUS=handing over to the next program");
    if (watchdog_.count() > 0) {
        const std::chrono::microseconds patience{std::max(watchdog_, handover_patience)};
        tell("WATCHDOG_USEC=" + std::to_string(patience.count()));
    }
}

Heartbeat::Heartbeat(Loop& rpc_loop, Loop& core_loop, std::vector<Pulse> loops,
                     ServiceManager manager)
    : rpc_loop_(rpc_loop),
      core_loop_(core_loop),
      loops_(std::move(loops)),
      manager_(std::move(manager))
{
    const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(manager_.watchdog());
    if (period < std::chrono::milliseconds{signs_a_period}) return;
    timer_ = rpc_loop_.every(period / signs_a_period, [this] { ask(); });
}

void Heartbeat::ask()
{
    // Those that are over, at a stop, have nothing to answer with.
    std::vector<const Pulse*> asked;
    for (const Pulse& loop : loops_) {
        if (!loop.over()) asked.push_back(&loop);
    }
    const auto missing = std::make_shared<std::size_t>(asked.size() + 1);
    const auto answered = [this, missing] {
        rpc_loop_.post([this, missing] {
            if (--*missing == 0) manager_.tell("WATCHDOG=1");
        });
    };
    core_loop_.post(answered);
    for (const Pulse* const loop : asked) loop->ping(answered);
}

std::string status_line(const rpc::PoolInfo& info)
{
    constexpr std::array<const char*, 8> units{"", "k", "M", "G", "T", "P", "E", "Z"};
    double rate = info.rates.m10;
    std::size_t unit = 0;
    for (; rate >= 999.5 && unit + 1 < units.size(); ++unit) rate /= 1000;
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.3g %sH/s", rate, units.at(unit));
    std::string out{text.data(), static_cast<std::size_t>(length)};
    out += ", " + std::to_string(info.workers) + " workers, height ";
    out += std::to_string(info.height.value);
    if (info.readiness.ready) return out + ", ready";
    std::string_view before = ", not ready: ";
    for (const rpc::Dependency& each : info.readiness.dependencies) {
        if (each.ok) continue;
        out.append(before).append(each.name);
        before = ", ";
    }
    return out;
}

StatusTeller::StatusTeller(Loop& rpc_loop, Ask ask, ServiceManager manager,
                           std::chrono::milliseconds every)
    : ask_(std::move(ask)), manager_(std::move(manager))
{
    if (!manager_.listens()) return;
    timer_ = rpc_loop.every(every, [this] {
        ask_([this, alive = std::weak_ptr{life_}](const Result<rpc::PoolInfo>& info) {
            if (!alive.expired() && info) manager_.tell("STATUS=" + status_line(*info));
        });
    });
}

}  // namespace pool
