#pragma once

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rpc/methods.h"
#include "rpc/server.h"
#include "tests/integration/rpc_fake_pool.h"

/// What the tests of the HTTP edge share: a server over a FakePool on a loop of its own, and a
/// plain client. Only the tests of rpc include it.
namespace rpc::testing {

// base64 of "__cookie__:" and 64 times 'a'
inline const std::string cookie_header =
    "Authorization: Basic X19jb29raWVfXzphYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYW"
    "FhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\r\n";
inline const std::string cookie_secret(64, 'a');

// alice, a viewer, with the password "correct horse battery staple": see auth_test.cpp.
inline const std::string alice_line =
    "alice:0c8e5a3d2b7f41960a1bce92d4f07a35$"
    "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8:viewer";
inline const std::string alice_header =
    "Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==\r\n";
inline const std::string alice_wrong_header = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";
inline const std::string malory_header = "Authorization: Basic bWFsb3J5Omd1ZXNz\r\n";  // is no user

/// A server over a FakePool on a loop of its own.
class Running {
public:
    explicit Running(ServerOptions options = {})
    {
        options.admin = pool::Endpoint{"127.0.0.1", 0};
        options.web = pool::Endpoint{"127.0.0.1", 0};
        options_ = options;
        register_admin_methods(router_, pool);
        register_worker_methods(router_, pool);
        auto started = Server::start(loop_, options, router_, auth_, pool);
        pool::check(started.has_value(), "two ports of 127.0.0.1 are free");
        server_ = std::move(*started);
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    ~Running()
    {
        loop_.post([this] { server_.reset(); });
        loop_.stop();
        thread_.join();
    }
    std::string admin_socket() const { return options_.admin_socket; }
    std::uint16_t web() const { return server_->web_port(); }
    std::uint16_t admin() const { return server_->admin_port(); }
    void on_loop(std::function<void()> task) { loop_.post(std::move(task)); }
    /// Until somebody waits for the fake pool's answer.
    void wait_for_question()
    {
        std::atomic<bool> arrived{false};
        std::function<void()> look = [&] {
            if (!pool.waiting) return on_loop(look);
            arrived = true;
            arrived.notify_one();
        };
        on_loop(look);
        arrived.wait(false);
    }

    FakePool pool;

private:
    ServerOptions options_;
    pool::Loop loop_;
    Router router_;
    Authenticator auth_{{*parse_rpc_user(alice_line)}, cookie_secret};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

/// A plain blocking socket; reads give up after ten seconds, which is a failure.
class Client {
public:
    /// from: the last byte of the loopback address that it comes from. segment_max: of TCP's; small
    /// ones keep the kernel from holding megabytes for who does not read. 0: as the kernel has it.
    explicit Client(std::uint16_t port, std::uint32_t from = 1, int segment_max = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        ::sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from);
        if (from != 1) {
            EXPECT_EQ(::bind(fd_, reinterpret_cast<const ::sockaddr*>(&own), sizeof(own)), 0);
        }
        const ::timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (segment_max > 0) {
            ::setsockopt(fd_, IPPROTO_TCP, TCP_MAXSEG, &segment_max, sizeof(segment_max));
        }
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const ::sockaddr*>(&address), sizeof(address)),
                  0);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(const std::string& text)
    {
        std::size_t at = 0;
        while (at < text.size()) {
            const ssize_t sent = ::send(fd_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return;
            at += static_cast<std::size_t>(sent);
        }
    }
    /// All that comes until the server closes.
    std::string rest()
    {
        std::string out;
        while (read_some(out)) {
        }
        return out;
    }
    /// Has the server closed it by then, or said anything?
    bool closed_within(std::chrono::milliseconds patience) const
    {
        ::pollfd looked{fd_, POLLIN | POLLHUP, 0};
        return ::poll(&looked, 1, static_cast<int>(patience.count())) > 0;
    }
    /// All that comes until `mark` has come.
    std::string until(const std::string& mark)
    {
        std::string out;
        while (out.find(mark) == std::string::npos && read_some(out)) {
        }
        return out;
    }

private:
    bool read_some(std::string& out)
    {
        std::array<char, 4096> buffer{};
        ssize_t got = -1;
        do {  // libuv's io_uring interrupts the thread that made the loop
            got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        } while (got < 0 && errno == EINTR);
        EXPECT_TRUE(got >= 0 || errno == ECONNRESET) << "nothing came for ten seconds";
        if (got <= 0) return false;
        out.append(buffer.data(), static_cast<std::size_t>(got));
        return true;
    }
    int fd_;
};

inline std::string ask(std::uint16_t port, const std::string& head, const std::string& body = "")
{
    Client client{port};
    const std::string length =
        body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(head + "Host: pool\r\nConnection: close\r\n" + length + "\r\n" + body);
    return client.rest();
}

inline std::string get(std::uint16_t port, const std::string& target)
{
    return ask(port, "GET " + target + " HTTP/1.1\r\n");
}

/// By the bearer of `token`; by nobody when it is empty.
inline std::string get_by(std::uint16_t port, const std::string& target, const std::string& token)
{
    return ask(port, "GET " + target + " HTTP/1.1\r\n" +
                         (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n"));
}

inline std::string status_of(const std::string& answer) { return answer.substr(9, 3); }

inline std::string body_of(const std::string& answer)
{
    const std::size_t head_end = answer.find("\r\n\r\n");
    return head_end == std::string::npos ? "" : answer.substr(head_end + 4);
}

inline std::string header_of(const std::string& answer, const std::string& name)
{
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

inline bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

inline std::string rpc(const Running& server, const std::string& auth, const std::string& body)
{
    return ask(server.admin(), "POST / HTTP/1.1\r\n" + auth, body);
}

inline std::string rpc_call(const std::string& method, const std::string& params = "[]")
{
    return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}";
}

}  // namespace rpc::testing
