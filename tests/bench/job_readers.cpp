#include "tests/bench/job_readers.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool/base/bytes.h"

namespace tests {
namespace {

using std::chrono::seconds;

// Until the channel has its job. Blocking; what comes after is not opened any more.
void open_v2(int fd, const Hello& hello)
{
    stratum::client::V2Wish wish;
    wish.channel = *hello.v2;
    stratum::client::V2MinerSession session{{.user = hello.user}, wish};
    std::array<char, 4096> buffer{};
    while (session.job() == nullptr) {
        const std::string out = session.take_output();
        if (!out.empty() && ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) die("send");
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) die("the pool closed a connection");
        const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
        if (auto heard = session.on_bytes(pool::as_bytes(bytes)); !heard) die(heard.error().detail);
    }
}

}  // namespace

double ms(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

void die(const std::string& what)
{
    std::fprintf(stderr, "tip_bench: %s\n", what.c_str());
    std::exit(1);
}

JobReaders::JobReaders(std::uint16_t port, int count, const Hello& hello)
    : v2_(hello.v2.has_value())
{
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (int i = 0; i < count; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) die("no more sockets: raise ulimit -n");
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            die(std::string{"connect: "} + std::strerror(errno));
        }
        if (v2_ && !hello.user.empty()) open_v2(fd, hello);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        const int on = 1;
        if (::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
            die("no time stamps on sockets");
        const std::string& lines = hello.lines;
        if (!lines.empty() && ::send(fd, lines.data(), lines.size(), 0) < 0) die("send");
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
        fds_.push_back(fd);
        if (i % 100 == 99) read_for(std::chrono::milliseconds{5});
    }
}

JobReaders::~JobReaders()
{
    for (const int fd : fds_) ::close(fd);
    ::close(poll_);
}

bool JobReaders::read_until(Clock::time_point deadline, const std::function<bool()>& done)
{
    std::array<epoll_event, 512> events{};
    std::array<char, 16384> buffer{};
    while (!done()) {
        if (Clock::now() > deadline) return false;
        const int ready = ::epoll_wait(poll_, events.data(), events.size(), 1);
        for (int i = 0; i < ready; ++i) {
            Clock::time_point written;
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            const ssize_t got = receive(fd, buffer, written);
            if (got == 0) die("the server closed a connection");
            if (got < 0) continue;
            if (v2_) {
                note_v2(fd, written);
            } else {
                note({buffer.data(), static_cast<std::size_t>(got)}, written);
            }
        }
    }
    return true;
}

void JobReaders::read_for(Clock::duration span)
{
    read_until(Clock::now() + span, [] { return false; });
}

void JobReaders::begin_event()
{
    counts = {};
    heard_.clear();
}

void JobReaders::note_v2(int fd, Clock::time_point written)
{
    const auto at = static_cast<std::size_t>(fd);
    if (heard_.size() <= at) heard_.resize(at + 1);
    if (heard_[at]) return;
    heard_[at] = true;
    if (counts.clean++ == 0 || written < counts.first_clean) counts.first_clean = written;
    counts.last_clean = std::max(counts.last_clean, written);
}

// written: when the last packet of what is read was sent.
ssize_t JobReaders::receive(int fd, std::span<char> buffer, Clock::time_point& written)
{
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    alignas(cmsghdr) std::array<char, 64> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd, &message, 0);
    if (got <= 0) return got;
    const cmsghdr* stamp = CMSG_FIRSTHDR(&message);
    if (stamp == nullptr || stamp->cmsg_type != SCM_TIMESTAMPNS) {
        written = Clock::now();  // the kernel begins to stamp a little after it was asked to
        return got;
    }
    timespec at{};
    std::memcpy(&at, CMSG_DATA(stamp), sizeof at);
    written = Clock::time_point{seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec}};
    return got;
}

void JobReaders::note(std::string_view text, Clock::time_point written)
{
    for (auto at = text.find("mining.notify\","); at != std::string_view::npos;
         at = text.find("mining.notify\",", at + 1)) {
        const auto end = text.find("]}\n", text.find("],\"", at));
        if (end == std::string_view::npos) continue;
        if (text.substr(end - 4, 4) == "true") {
            if (counts.clean++ == 0 || written < counts.first_clean) counts.first_clean = written;
            counts.last_clean = std::max(counts.last_clean, written);
            if (last_clean_line.empty()) last_clean_line = text.substr(0, end + 3);
        } else {
            if (counts.full++ == 0 || written < counts.first_full) counts.first_full = written;
            counts.last_full = std::max(counts.last_full, written);
        }
    }
}

}  // namespace tests
