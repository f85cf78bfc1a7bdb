#include "stratum/client/load.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <random>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "pool/base/json.h"
#include "stratum/client/load_connection.h"

namespace stratum::client {
namespace {

using pool::Result;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::chrono::seconds ready_within{30};

std::uint64_t nanoseconds(std::chrono::milliseconds time)
{
    return static_cast<std::uint64_t>(std::chrono::nanoseconds{time}.count());
}

std::uint64_t clock_now(clockid_t clock = CLOCK_MONOTONIC)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second +
           static_cast<std::uint64_t>(now.tv_nsec);
}

class Load {
public:
    Load(const LoadOptions& options, const std::function<bool()>& may_begin)
        : options_(options), may_begin_(may_begin), epoll_(::epoll_create1(EPOLL_CLOEXEC))
    {
    }
    ~Load() { ::close(epoll_); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    Result<LoadReport> run()
    {
        ::prctl(PR_SET_TIMERSLACK, 1);  // an open loop sends when it is time, not soon after
        if (auto opened = open_all(); !opened) return pool::fail(opened.error());
        if (auto ready = wait_until_ready(); !ready) return pool::fail(ready.error());
        loading_ = true;
        if (auto warm = load_until(clock_now() + nanoseconds(options_.warm_up)); !warm) {
            return pool::fail(warm.error());
        }
        report_ = {};
        report_.before = sample_process(options_.watched_pid);
        const std::uint64_t began = clock_now();
        const std::uint64_t own = clock_now(CLOCK_PROCESS_CPUTIME_ID);
        if (auto done = load_until(began + nanoseconds(options_.duration)); !done) {
            return pool::fail(done.error());
        }
        report_.seconds = static_cast<double>(clock_now() - began) / second;
        report_.after = sample_process(options_.watched_pid);
        report_.own_cpu_seconds =
            static_cast<double>(clock_now(CLOCK_PROCESS_CPUTIME_ID) - own) / second;
        return report_;
    }

private:
    Result<void> open_all()
    {
        std::random_device random;
        connections_.reserve(options_.connections);
        for (unsigned i = 0; i < options_.connections; ++i) {
            LoadLogin login{.user = options_.user + ".w" + std::to_string(options_.first + i),
                            .password = options_.password,
                            .salt = random(),
                            .same_root = options_.same_root,
                            .v2 = options_.v2};
            auto opened = LoadConnection::open(options_.pool, login);
            if (!opened) return pool::fail(opened.error());
            LoadConnection& connection = *connections_.emplace_back(std::move(*opened));
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u32 = i;
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
        }
        return {};
    }

    // All connections of this process, then all processes.
    Result<void> wait_until_ready()
    {
        const std::uint64_t deadline = clock_now() + nanoseconds(ready_within);
        bool begun = false;
        for (std::size_t ready = 0; !begun; begun = ready == connections_.size() && may_begin_()) {
            if (clock_now() > deadline) {
                return pool::fail(pool::Error::Code::unavailable,
                                  "the pool gave no work to all connections within 30 s");
            }
            if (auto turned = turn(second / 100); !turned) return turned;
            ready = 0;
            for (const auto& connection : connections_) ready += connection->ready() ? 1 : 0;
        }
        return {};
    }

    Result<void> load_until(std::uint64_t end)
    {
        if (options_.rate <= 0 && !primed_) {
            primed_ = true;
            for (const auto& connection : connections_) {
                for (unsigned i = 0; i < options_.in_flight; ++i) {
                    connection->put_share(clock_now());
                }
                if (auto sent = connection->send(); !sent) return sent;
            }
        }
        if (next_ == 0) next_ = clock_now();
        for (std::uint64_t now = clock_now(); now < end; now = clock_now()) {
            if (options_.shares_max > 0 &&
                report_.accepted + report_.rejected >= options_.shares_max) {
                break;
            }
            std::uint64_t wait = end - now;
            if (options_.rate > 0) {
                if (auto sent = send_due(now); !sent) return sent;
                wait = next_ > now ? std::min(wait, next_ - now) : 0;
            }
            if (auto turned = turn(wait); !turned) return turned;
        }
        return {};
    }

    // Open loop: what should have been sent by now is sent now, and counts from when it should.
    Result<void> send_due(std::uint64_t now)
    {
        const double period = static_cast<double>(second) / options_.rate;
        while (next_ <= now) {
            LoadConnection& connection = *connections_[turn_of_ % connections_.size()];
            connection.put_share(next_);
            if (auto sent = connection.send(); !sent) return sent;
            ++turn_of_;
            fraction_ += period;
            const auto whole = static_cast<std::uint64_t>(fraction_);
            fraction_ -= static_cast<double>(whole);
            next_ += whole;
        }
        return {};
    }

    Result<void> turn(std::uint64_t wait)
    {
        std::array<epoll_event, 256> events{};
        const timespec patience{static_cast<time_t>(wait / second),
                                static_cast<long>(wait % second)};
        const int count = ::epoll_pwait2(epoll_, events.data(), events.size(), &patience, nullptr);
        const std::uint64_t now = clock_now();
        for (int i = 0; i < count; ++i) {
            LoadConnection& connection =
                *connections_[events[static_cast<std::size_t>(i)].data.u32];
            unsigned answers = 0;
            auto received = connection.receive(
                [&](std::uint64_t intended, bool accepted, std::string_view line) {
                    ++answers;
                    report_.latency.add(now - std::min(now, intended));
                    ++(accepted ? report_.accepted : report_.rejected);
                    if (!accepted) report_.last_refusal = line;
                });
            if (!received) return received;
            if (options_.rate <= 0 && loading_) {
                for (; answers > 0; --answers) connection.put_share(now);
            }
            if (!connection.has_unsent()) continue;
            if (auto sent = connection.send(); !sent) return sent;
        }
        return {};
    }

    const LoadOptions& options_;
    const std::function<bool()>& may_begin_;
    int epoll_;
    std::vector<std::unique_ptr<LoadConnection>> connections_;
    bool loading_ = false;
    bool primed_ = false;
    std::uint64_t next_ = 0;  // open loop: when the next share is due
    double fraction_ = 0;
    std::size_t turn_of_ = 0;
    LoadReport report_;
};

}  // namespace

double LoadReport::per_second() const
{
    return seconds > 0 ? static_cast<double>(accepted + rejected) / seconds : 0;
}

double LoadReport::per_server_cpu_second() const
{
    const double used = after.cpu_seconds - before.cpu_seconds;
    return used > 0 ? static_cast<double>(accepted + rejected) / used : 0;
}

std::string to_json(const LoadOptions& options, const LoadReport& report)
{
    const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
    std::string text;
    pool::JsonWriter writer{text};
    const auto put = [&writer](std::string_view key, std::uint64_t value) {
        writer.key(key).unsigned_integer(value);
    };
    writer.begin_object();
    put("connections", options.connections);
    put("processes", options.processes);
    put("in_flight", options.rate > 0 ? 0 : options.in_flight);
    put("rate", whole(options.rate));
    put("measured_us", whole(report.seconds * 1e6));
    put("accepted", report.accepted);
    put("rejected", report.rejected);
    writer.key("last_refusal").string(report.last_refusal);
    put("shares_per_second", whole(report.per_second()));
    put("shares_per_server_cpu_second", whole(report.per_server_cpu_second()));
    put("server_cpu_us", whole((report.after.cpu_seconds - report.before.cpu_seconds) * 1e6));
    put("server_rss_bytes_before", report.before.rss_bytes);
    put("server_rss_bytes", report.after.rss_bytes);
    put("own_cpu_us", whole(report.own_cpu_seconds * 1e6));
    put("p50_us", report.latency.nanoseconds_at(0.5) / 1000);
    put("p99_us", report.latency.nanoseconds_at(0.99) / 1000);
    put("p999_us", report.latency.nanoseconds_at(0.999) / 1000);
    put("max_us", report.latency.nanoseconds_at(1) / 1000);
    writer.end_object();
    return text;
}

Result<LoadReport> run_load(const LoadOptions& options, const std::function<bool()>& may_begin)
{
    return Load{options, may_begin}.run();
}

Result<LoadReport> run_load(const LoadOptions& options)
{
    return run_load(options, [] { return true; });
}

}  // namespace stratum::client
