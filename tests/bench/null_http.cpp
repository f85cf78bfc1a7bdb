#include "tests/bench/null_http.h"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests {
namespace {

[[noreturn]] void die(const char* what)
{
    std::perror(what);
    std::exit(1);
}

// An answer fits into the kernel's buffer, or waits until the reader has made room.
void send_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

[[noreturn]] void serve(int listener, const std::string& answer)
{
    const int poll = ::epoll_create1(0);
    const auto watch = [poll](int fd) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    };
    watch(listener);
    std::array<epoll_event, 256> events{};
    std::array<char, 4096> request{};
    for (;;) {
        const int count = ::epoll_wait(poll, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                const int made = ::accept(listener, nullptr, nullptr);
                const int on = 1;
                ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(made);
                continue;
            }
            if (::recv(fd, request.data(), request.size(), 0) > 0) {
                send_all(fd, answer);
            } else {
                ::close(fd);
            }
        }
    }
}

}  // namespace

NullHttp::NullHttp(const std::string& answer)
{
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 4096) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        die("the null server cannot listen");
    }
    port_ = ntohs(address.sin_port);
    child_ = ::fork();
    if (child_ < 0) die("fork");
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener, answer);
    }
    ::close(listener);
}

NullHttp::~NullHttp()
{
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

}  // namespace tests
