#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "tests/bench/connections_server.h"

/// The generator of connections_bench: thousands of miners on plain sockets.
namespace bench {

using Clock = std::chrono::steady_clock;

inline constexpr std::string_view hello =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.12.0\"]}\n"
    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w\",\"x\"]}\n";

/// Ends the program: a bench that lost a miner measures nothing.
[[noreturn]] inline void die(const std::string& what)
{
    std::fprintf(stderr, "connections_bench: %s\n", what.c_str());
    std::exit(1);
}

struct Conn {
    int fd = -1;
    bool said_hello = false;
    std::string in;
    std::string job;
    std::size_t jobs = 0;
    std::uint32_t shares = 0;
};

/// Miners on plain sockets, one thread.
class Miners {
public:
    /// far: with segments and a buffer as across a network. Over the loopback device the kernel
    /// keeps megabytes for who does not read, and no server has to hold anything back.
    explicit Miners(std::uint16_t port, bool far = false)
        : epoll_(::epoll_create1(EPOLL_CLOEXEC)), far_(far)
    {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(port);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    ~Miners()
    {
        for (const auto& conn : conns_) ::close(conn->fd);
        ::close(epoll_);
    }
    Miners(const Miners&) = delete;
    Miners& operator=(const Miners&) = delete;

    /// Opens `count`, so many at once under way, until each has work. The seconds it took.
    double open(std::size_t count, std::size_t under_way = 512)
    {
        const auto begun = Clock::now();
        const std::size_t before = ready_;
        std::size_t opened = 0;
        while (ready_ < before + count) {
            while (opened < count && opened - (ready_ - before) < under_way) {
                connect_one();
                // They speak as soon as they are connected, as miners do: whoever says nothing
                // while fifteen thousand others connect is turned away, and rightly.
                if (++opened % 64 == 0) poll(0);
            }
            poll(100);
        }
        return std::chrono::duration<double>(Clock::now() - begun).count();
    }

    void poll(int patience_ms)
    {
        std::array<epoll_event, 256> events{};
        const int count =
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience_ms);
        for (int at = 0; at < count; ++at) {
            auto& conn = *static_cast<Conn*>(events[static_cast<std::size_t>(at)].data.ptr);
            if (!conn.said_hello) {
                say_hello(conn);
            } else {
                read(conn);
            }
        }
    }

    template <typename Done>
    void until(Done done, std::chrono::milliseconds patience)
    {
        const auto end = Clock::now() + patience;
        while (!done() && Clock::now() < end) poll(20);
        if (!done()) die("the server does not answer in time");
    }

    void submit_all(unsigned shares)
    {
        for (const auto& conn : conns_) {
            submit(*conn, shares);
            poll(0);
        }
    }
    void submit(Conn& conn, unsigned shares)
    {
        std::string out;
        for (unsigned at = 0; at < shares; ++at) {
            std::array<char, 192> line{};
            std::snprintf(line.data(), line.size(),
                          R"({"id":4,"method":"mining.submit","params":["user.w","%s","%016x",)"
                          R"("%08x","00000000"]})"
                          "\n",
                          conn.job.c_str(), conn.shares++, time_);
            out += line.data();
        }
        if (::send(conn.fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) die("a lost miner");
    }

    /// One share of one miner; how long its answer took, in milliseconds.
    double share_of(std::size_t at)
    {
        const auto begun = Clock::now();
        const std::size_t wanted = answered_ + 1;
        submit(*conns_[at % conns_.size()], 1);
        until([&] { return answered_ >= wanted; }, std::chrono::seconds{20});
        return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    }

    std::size_t turned_away() const { return turned_away_; }
    std::size_t answered() const { return answered_; }
    std::size_t jobs() const { return jobs_; }
    std::vector<std::pair<std::string, Word>>& arrivals() { return arrivals_; }
    void note_arrivals(bool on) { noting_ = on; }

private:
    void connect_one()
    {
        conns_.push_back(std::make_unique<Conn>());
        connect(conns_.back().get());
    }
    void come_again(Conn& conn)
    {
        ++turned_away_;
        ::close(conn.fd);
        conn.said_hello = false;
        conn.in.clear();
        connect(&conn);
    }
    void connect(Conn* conn)
    {
        conn->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (conn->fd < 0) die("no more files: ulimit -n");
        const int one = 1;
        ::setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (far_) {
            const int buffer = 4096;
            const int segment = 1400;
            ::setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
            ::setsockopt(conn->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
        }
        if (::connect(conn->fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 &&
            errno != EINPROGRESS) {
            die("can't connect");
        }
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.ptr = conn;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, conn->fd, &event);
    }
    void say_hello(Conn& conn)
    {
        if (::send(conn.fd, hello.data(), hello.size(), MSG_NOSIGNAL) < 0) return come_again(conn);
        conn.said_hello = true;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &conn;
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, conn.fd, &event);
    }
    void read(Conn& conn)
    {
        std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        const ssize_t size = ::recv(conn.fd, buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            if (size < 0 && errno == EAGAIN) return;
            if (conn.jobs > 0) die("a miner was thrown out");
            return come_again(conn);
        }
        conn.in.append(buffer.data(), static_cast<std::size_t>(size));
        std::size_t from = 0;
        for (auto end = conn.in.find('\n'); end != std::string::npos;
             end = conn.in.find('\n', from)) {
            take(conn, std::string_view{conn.in}.substr(from, end - from));
            from = end + 1;
        }
        conn.in.erase(0, from);
    }
    void take(Conn& conn, std::string_view line)
    {
        constexpr std::string_view start = R"("mining.notify","params":[")";
        const std::size_t at = line.find(start);
        if (at == std::string_view::npos) {
            // One hash in 65,536 misses even 2^-32.
            if (line.starts_with("{\"id\":4,")) ++answered_;
            return;
        }
        line.remove_prefix(at + start.size());
        conn.job.assign(line.substr(0, line.find('"')));
        const std::size_t clean = line.rfind(',');
        const std::size_t time = line.rfind(',', clean - 1);
        time_ = static_cast<std::uint32_t>(
            std::strtoul(std::string{line.substr(time + 2, 8)}.c_str(), nullptr, 16));
        if (conn.jobs++ == 0) ++ready_;
        ++jobs_;
        if (noting_) arrivals_.emplace_back(conn.job, Clock::now().time_since_epoch().count());
    }

    int epoll_;
    bool far_;
    sockaddr_in to_{};
    std::vector<std::unique_ptr<Conn>> conns_;
    std::size_t ready_ = 0;
    std::size_t answered_ = 0;
    std::size_t turned_away_ = 0;
    std::size_t jobs_ = 0;
    std::uint32_t time_ = 0;
    bool noting_ = false;
    std::vector<std::pair<std::string, Word>> arrivals_;
};

}  // namespace bench
