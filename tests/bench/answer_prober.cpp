#include "tests/bench/answer_prober.h"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/job_readers.h"

namespace tests {
namespace {

int connect_to(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        die("the prober cannot connect");
    return fd;
}

void say(int fd, std::string_view text)
{
    if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) die("the prober cannot send");
}

void wait_for(int fd, std::string& heard, std::string_view word)
{
    std::array<char, 16384> buffer{};
    while (heard.find(word) == std::string::npos) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) die("the pool closed the prober's connection after: " + heard);
        heard.append(buffer.data(), static_cast<std::size_t>(got));
    }
    heard.clear();
}

}  // namespace

AnswerProber::AnswerProber(std::uint16_t port, const std::string& user)
    : thread_([this, port, user] { run(port, user); })
{
}

void AnswerProber::finish()
{
    over_ = true;
    if (thread_.joinable()) thread_.join();
}

void AnswerProber::run(std::uint16_t port, const std::string& user)
{
    const int fd = connect_to(port);
    std::string heard;
    say(fd,
        "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"prober\"]}\n"
        "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" +
            user + "\",\"x\"]}\n");
    wait_for(fd, heard, "mining.notify\",");
    const std::string share = "{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"" + user +
                              "\",\"ffffff\",\"0000000000000000\",\"655e1a2b\",\"00000000\"]}\n";
    using Steady = std::chrono::steady_clock;
    for (auto due = Steady::now(); !over_; due += std::chrono::milliseconds{1}) {
        std::this_thread::sleep_until(due);
        say(fd, share);
        wait_for(fd, heard, "\"id\":7");
        const double took = std::chrono::duration<double, std::milli>(Steady::now() - due).count();
        (is_busy_ ? busy_ : quiet_).push_back(took);
    }
    ::close(fd);
}

}  // namespace tests
