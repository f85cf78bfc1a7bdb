#include "stratum/client/load_connection.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "stratum/client/load_v1.h"
#include "stratum/client/load_v2.h"

namespace stratum::client {
namespace {

pool::Error gone(std::string_view what, int number)
{
    return {pool::Error::Code::unavailable, "a connection of the load broke (" + std::string{what} +
                                                ": " + std::strerror(number) + ")"};
}

}  // namespace

pool::Result<std::unique_ptr<LoadConnection>> LoadConnection::open(const pool::Endpoint& to,
                                                                   const LoadLogin& login)
{
    std::unique_ptr<LoadConnection> made;
    if (login.v2) {
        made = std::make_unique<LoadV2>(login, *login.v2);
    } else {
        made = std::make_unique<LoadV1>(login);
    }
    if (auto connected = made->connect(to); !connected) return pool::fail(connected.error());
    if (auto sent = made->send(); !sent) return pool::fail(sent.error());
    return made;
}

LoadConnection::~LoadConnection()
{
    if (fd_ >= 0) ::close(fd_);
}

pool::Result<void> LoadConnection::connect(const pool::Endpoint& to)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    if (::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1) {
        return pool::fail(pool::Error::Code::invalid, "a load needs an IPv4 address");
    }
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return pool::fail(gone("socket", errno));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return pool::fail(gone("connect", errno));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    return {};
}

pool::Result<void> LoadConnection::send()
{
    while (!out_.empty()) {
        const ssize_t put = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) return {};
        if (put < 0) return pool::fail(gone("send", errno));
        out_.erase(0, static_cast<std::size_t>(put));
    }
    return {};
}

pool::Result<void> LoadConnection::read_into(std::string& in)
{
    std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) return pool::fail(gone("recv", got == 0 ? ECONNRESET : errno));
    in.append(buffer.data(), static_cast<std::size_t>(got));
    return {};
}

}  // namespace stratum::client
