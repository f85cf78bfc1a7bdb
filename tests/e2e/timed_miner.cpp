#include "tests/e2e/timed_miner.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pool/crypto/scan.h"

namespace tests {

using std::chrono::milliseconds;

TimedMiner::TimedMiner(std::uint16_t port, const std::string& user) : session_({.user = user})
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        ADD_FAILURE() << "nobody listens on port " << port;
    write_out();
}

TimedMiner::~TimedMiner() { ::close(fd_); }

void TimedMiner::write_out()
{
    const std::string text = session_.take_output();
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        ADD_FAILURE() << "the pool takes nothing more";
}

void TimedMiner::hear(milliseconds patience)
{
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return;
    std::array<std::uint8_t, 16384> buffer{};
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    const auto now = Clock::now();
    if (got <= 0) {
        ADD_FAILURE() << "the pool closed the connection";
        return;
    }
    const auto understood =
        session_.on_bytes(std::span{buffer}.first(static_cast<std::size_t>(got)));
    EXPECT_TRUE(understood.has_value()) << understood.error().detail;
    if (session_.job() != nullptr)
        jobs_.try_emplace(pool::to_display_hex(session_.job()->previous), now);
    write_out();
}

void TimedMiner::send_block()
{
    const auto job = session_.job();
    if (job == nullptr || mined_on_ == job->previous) return;
    const pool::HeaderBytes header = header_of(*job, ++extranonce2_);
    const auto nonce = pool::scan_nonces(std::span{header}.first<pool::header_bytes_before_nonce>(),
                                         0, 1 << 16, job->target);
    const auto hash = nonce ? block_of(*job, extranonce2_, *nonce) : std::nullopt;
    if (!hash) return;  // a share that is no block: the next extranonce has one
    mined_on_ = job->previous;
    session_.submit({job, extranonce2_, *nonce});
    sent_.emplace(pool::to_display_hex(*hash), Clock::now());
    write_out();
}

void TimedMiner::mine_for(milliseconds span, milliseconds every)
{
    const auto end = Clock::now() + span;
    auto next = Clock::now();
    while (Clock::now() < end && !::testing::Test::HasFailure()) {
        if (Clock::now() >= next) {
            send_block();
            next += every;
        }
        hear(std::max(milliseconds{1},
                      std::chrono::duration_cast<milliseconds>(next - Clock::now())));
    }
}

std::set<std::string> TimedMiner::acknowledged() const
{
    std::set<std::string> out;
    for (const pool::BlockHash& hash : session_.counts().blocks)
        out.insert(pool::to_display_hex(hash));
    return out;
}

}  // namespace tests
