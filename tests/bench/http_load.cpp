#include "tests/bench/http_load.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace tests {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what)
{
    std::fprintf(stderr, "http_load: %s\n", what);
    std::exit(1);
}

struct Connection {
    int fd = -1;
    std::string heard;
    std::size_t missing = 0;  // of the body; 0: the head is not whole
    Clock::time_point due;
};

int connect_to(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        die("cannot connect");
    }
    return fd;
}

class Run {
public:
    explicit Run(const HttpLoad& load)
        : load_(load),
          poll_(::epoll_create1(EPOLL_CLOEXEC)),
          connections_(static_cast<std::size_t>(load.connections))
    {
        for (const std::string& path : load.paths) {
            requests_.push_back("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n");
        }
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i].fd = connect_to(load.port);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            ::epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
            idle_.push_back(i);
        }
    }
    ~Run()
    {
        for (const Connection& each : connections_) ::close(each.fd);
        ::close(poll_);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    HttpLoadReport run()
    {
        const auto begin = Clock::now();
        end_ = begin + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(load_.seconds));
        next_ = begin;
        std::array<epoll_event, 256> events{};
        for (auto now = begin; now < end_; now = Clock::now()) {
            send_due(now);
            rest(now);
            const int ready = ::epoll_wait(poll_, events.data(), events.size(), 0);
            for (int i = 0; i < ready; ++i) hear(events[static_cast<std::size_t>(i)].data.u64);
        }
        report_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        return report_;
    }

private:
    // Until an answer comes or a request is due. Never spinning: the server needs the core.
    void rest(Clock::time_point now) const
    {
        constexpr std::chrono::nanoseconds least{50'000};
        std::chrono::nanoseconds pause{100'000'000};
        if (load_.rate != 0 && !idle_.empty())
            pause = std::max<std::chrono::nanoseconds>(next_ - now, least);
        const timespec time{0,
                            static_cast<long>(std::min<std::int64_t>(pause.count(), 100'000'000))};
        pollfd ready{.fd = poll_, .events = POLLIN, .revents = 0};
        ::ppoll(&ready, 1, &time, nullptr);
    }
    void send_due(Clock::time_point now)
    {
        while (!idle_.empty() && (load_.rate == 0 || next_ <= now)) {
            Connection& connection = connections_[idle_.front()];
            idle_.pop_front();
            connection.due = load_.rate == 0 ? Clock::now() : next_;
            if (load_.rate != 0) {
                next_ += std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 / load_.rate)};
            }
            const std::string& request = requests_[turn_++ % requests_.size()];
            if (::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
                die("the server closed a connection");
            }
        }
    }
    void hear(std::size_t at)
    {
        Connection& connection = connections_[at];
        const ssize_t got = ::recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got == 0) die("the server closed a connection");
        if (got < 0) return;
        if (connection.missing > 0) {
            connection.missing -= static_cast<std::size_t>(got);
        } else {
            connection.heard.append(buffer_.data(), static_cast<std::size_t>(got));
            if (!read_head(connection)) return;
        }
        if (connection.missing > 0) return;
        const auto took = Clock::now() - connection.due;
        report_.times.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(took).count()));
        ++(good_ ? report_.good : report_.other);
        connection.heard.clear();
        idle_.push_back(at);
    }
    // Once the head is whole: what is missing of the body.
    bool read_head(Connection& connection)
    {
        const std::string_view text = connection.heard;
        const auto end = text.find("\r\n\r\n");
        if (end == text.npos) return false;
        constexpr std::string_view name = "Content-Length: ";
        const auto at = text.find(name);
        std::size_t length = 0;
        if (at > end ||
            std::from_chars(text.data() + at + name.size(), text.data() + end, length).ec !=
                std::errc{}) {
            die("an answer without its length");
        }
        good_ = text.starts_with("HTTP/1.1 200 ");
        report_.body_bytes = length;
        connection.missing = end + 4 + length - text.size();
        return true;
    }

    HttpLoad load_;
    std::vector<std::string> requests_;
    std::size_t turn_ = 0;
    int poll_;
    std::vector<Connection> connections_;
    std::deque<std::size_t> idle_;
    Clock::time_point end_;
    Clock::time_point next_;
    std::array<char, 65536> buffer_{};
    bool good_ = false;
    HttpLoadReport report_;
};

}  // namespace

HttpLoadReport run_http_load(const HttpLoad& load) { return Run{load}.run(); }

}  // namespace tests
