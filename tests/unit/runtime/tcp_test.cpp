#include "pool/runtime/tcp.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using Conn = std::unique_ptr<TcpConn>;
using Bytes = std::span<const std::uint8_t>;

std::string_view text_of(Bytes bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unique_ptr<TcpListener> listen_on(Loop& loop, const std::string& host,
                                       std::function<void(Conn)> on_accept)
{
    auto listener =
        TcpListener::listen(loop, {.address = {.host = host, .port = 0}}, std::move(on_accept));
    EXPECT_TRUE(listener) << listener.error().detail;
    return listener ? std::move(*listener) : nullptr;
}

/// Both ends of one connection, the loop having run until they exist.
struct Pair {
    explicit Pair(TestLoop& test, const std::string& host = "127.0.0.1")
    {
        const auto done = [&] {
            if (server && client) test.loop.stop();
        };
        const auto listener = listen_on(test.loop, host, [&](Conn conn) {
            server = std::move(conn);
            done();
        });
        TcpConn::connect(test.loop, {host, listener->port()}, [&](Result<Conn> conn) {
            ASSERT_TRUE(conn) << conn.error().detail;
            client = std::move(*conn);
            done();
        });
        test.run();
    }
    Conn server;
    Conn client;
};

void expect_echo(const std::string& host)
{
    TestLoop test;
    Pair pair{test, host};
    EXPECT_EQ(pair.server->peer().host, host);
    EXPECT_NE(pair.server->peer().port, 0);
    EXPECT_EQ(pair.client->peer().host, host);
    pair.server->start(
        {.on_bytes = [&](Bytes bytes) { pair.server->write(text_of(bytes)); }, .on_close = {}});
    std::string got;
    pair.client->start({.on_bytes =
                            [&](Bytes bytes) {
                                got += text_of(bytes);
                                if (got == "hello") test.loop.stop();
                            },
                        .on_close = {}});
    pair.client->write("hel");
    pair.client->write("lo");
    test.run();
    EXPECT_EQ(got, "hello");
}

TEST(TcpConn, CarriesBytesBothWaysOverIpv4) { expect_echo("127.0.0.1"); }

TEST(TcpConn, CarriesBytesBothWaysOverIpv6)
{
    TestLoop test;
    const auto listener =
        TcpListener::listen(test.loop, {.address = {.host = "::1", .port = 0}}, [](Conn) {});
    if (!listener) GTEST_SKIP() << "no IPv6 here: " << listener.error().detail;
    expect_echo("::1");
}

TEST(TcpConn, TellsThatThePeerClosedAfterItsLastBytes)
{
    TestLoop test;
    Pair pair{test};
    std::string events;
    pair.server->start({.on_bytes = [&](Bytes bytes) { events += text_of(bytes); },
                        .on_close =
                            [&](CloseReason why) {
                                EXPECT_EQ(why, CloseReason::peer_closed);
                                events += ".";
                                test.loop.stop();
                            }});
    pair.client->write("bye");
    pair.client.reset();
    test.run();
    EXPECT_EQ(events, "bye.");
}

TEST(TcpConn, TellsThatThePeerReset)
{
    TestLoop test;
    std::optional<CloseReason> reason;
    Conn server;
    const auto listener = listen_on(test.loop, "127.0.0.1", [&](Conn conn) {
        server = std::move(conn);
        server->start({.on_bytes = {}, .on_close = [&](CloseReason why) {
                           reason = why;
                           test.loop.stop();
                       }});
    });
    RawSocket client{listener->port()};
    client.reset();
    test.run();
    EXPECT_EQ(reason, CloseReason::peer_reset);
}

TEST(TcpConn, MayBeDroppedInsideItsOwnOnBytes)
{
    TestLoop test;
    Pair pair{test};
    const auto held = std::make_shared<int>(3);
    int calls = 0;
    pair.server->start({.on_bytes =
                            [&, held](Bytes) {
                                pair.server.reset();
                                calls += *held;  // the running callback is alive
                            },
                        .on_close = [&](CloseReason) { ADD_FAILURE() << "the owner closed"; }});
    pair.client->start({.on_bytes = {}, .on_close = [&](CloseReason) { test.loop.stop(); }});
    pair.client->write("x");
    test.run();
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(held.use_count(), 1);
}

TEST(TcpConn, MayBeDroppedInsideItsOwnOnClose)
{
    TestLoop test;
    Pair pair{test};
    int calls = 0;
    pair.server->start({.on_bytes = {}, .on_close = [&](CloseReason) {
                            pair.server.reset();
                            ++calls;
                            test.loop.stop();
                        }});
    pair.client.reset();
    test.run();
    EXPECT_EQ(calls, 1);
}

TEST(TcpConn, DroppedByAnotherConnectionsCallbackIsCalledNoMore)
{
    TestLoop test;
    Pair one{test};
    Pair two{test};
    int calls = 0;
    // Both are readable in the same turn; whoever is first drops both.
    const auto take = [&](Bytes) {
        ++calls;
        one.server.reset();
        two.server.reset();
        test.loop.stop();
    };
    one.server->start({.on_bytes = take, .on_close = {}});
    two.server->start({.on_bytes = take, .on_close = {}});
    one.client->write("x");
    two.client->write("x");
    test.run();
    EXPECT_EQ(calls, 1);
}

TEST(TcpConn, ClosesWhenMoreIsQueuedThanTheBound)
{
    TestLoop test;
    Pair pair{test};
    pair.server->set_write_queue_max(100'000);
    bool inside = false;
    int closed = 0;
    pair.server->start({.on_bytes = {}, .on_close = [&](CloseReason why) {
                            EXPECT_EQ(why, CloseReason::write_overflow);
                            EXPECT_FALSE(inside) << "never from inside write()";
                            ++closed;
                            test.loop.stop();
                        }});
    // The client does not read: what the kernel does not take is queued here.
    const std::string block(10'000, 'x');
    inside = true;
    std::size_t before = 0;
    int writes = 0;
    do {
        before = pair.server->write_queue_bytes();
        EXPECT_LE(before, 100'000U);
        pair.server->write(block);
    } while (pair.server->write_queue_bytes() >= before && ++writes < 10'000);
    EXPECT_GT(before, 90'000U);
    EXPECT_EQ(pair.server->write_queue_bytes(), 0U) << "closed: nothing is kept";
    pair.server->write(block);  // ignored
    inside = false;
    test.run();
    EXPECT_EQ(closed, 1);
}

TEST(TcpConn, DeliversAllThatWasQueuedBeforeCloseAfterWrite)
{
    TestLoop test;
    Pair pair{test};
    constexpr std::size_t size = std::size_t{24} << 20;  // well over what the kernel buffers
    std::string sent(size, '\0');
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 31 + (i >> 11));
    std::string got;
    int ended = 0;
    const auto end = [&] {
        if (++ended == 2) test.loop.stop();
    };
    pair.server->set_write_queue_max(size);
    pair.server->start({.on_bytes = [](Bytes) { ADD_FAILURE() << "no on_bytes from here on"; },
                        .on_close =
                            [&](CloseReason why) {
                                EXPECT_EQ(why, CloseReason::we_closed);
                                end();
                            }});
    pair.server->write(sent);
    EXPECT_GT(pair.server->write_queue_bytes(), 0U);
    pair.server->close_after_write();
    pair.server->write("too late");
    // What the peer still says and nobody reads must not reset the connection.
    pair.client->write("still talking");
    pair.client->start({.on_bytes = [&](Bytes bytes) { got += text_of(bytes); },
                        .on_close =
                            [&](CloseReason why) {
                                EXPECT_EQ(why, CloseReason::peer_closed);
                                EXPECT_EQ(got.size(), size);
                                pair.client.reset();
                                end();
                            }});
    test.run();
    EXPECT_TRUE(got == sent);
}

TEST(TcpConn, CloseAfterWriteMayBeCalledInsideOnBytesWithNothingQueued)
{
    TestLoop test;
    Pair pair{test};
    std::string got;
    pair.server->start({.on_bytes =
                            [&](Bytes) {
                                pair.server->write("HTTP/1.1 400 Bad Request\r\n\r\n");
                                pair.server->close_after_write();
                            },
                        .on_close =
                            [&](CloseReason why) {
                                EXPECT_EQ(why, CloseReason::we_closed);
                                pair.server.reset();
                                test.loop.stop();
                            }});
    pair.client->start({.on_bytes = [&](Bytes bytes) { got += text_of(bytes); },
                        .on_close = [&](CloseReason) { pair.client.reset(); }});
    pair.client->write("nonsense");
    test.run();
    EXPECT_EQ(got, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

TEST(TcpConn, SendsTheRestToAPeerThatHalfClosed)
{
    TestLoop test;
    constexpr std::size_t size = std::size_t{8} << 20;
    Conn server;
    const auto listener = listen_on(test.loop, "127.0.0.1", [&](Conn conn) {
        server = std::move(conn);
        server->set_write_queue_max(size);
        server->write(std::string(size, 'x'));
        server->close_after_write();
        server->start({.on_bytes = {}, .on_close = [&](CloseReason why) {
                           EXPECT_EQ(why, CloseReason::we_closed);
                           test.loop.stop();
                       }});
    });
    RawSocket client{listener->port()};
    ASSERT_EQ(shutdown(client.fd(), SHUT_WR), 0);
    std::size_t got = 0;
    Watch reading = test.loop.watch_fd(client.fd(), {.readable = true}, [&](FdEvents) {
        std::vector<char> buffer(std::size_t{64} << 10);
        const ssize_t count = recv(client.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) got += static_cast<std::size_t>(count);
        if (count == 0) reading.stop();
    });
    test.run();
    while (got < size) {
        std::vector<char> buffer(std::size_t{64} << 10);
        const ssize_t count = recv(client.fd(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    EXPECT_EQ(got, size);
}

// Written before start(): the owner learns of the failure once it listens; and SIGPIPE, which
// would end the process, is held back.
TEST(TcpConn, SurvivesWritingToAPeerThatIsGone)
{
    TestLoop test;
    Conn server;
    Watch writing;
    int closed = 0;
    const auto listener = listen_on(test.loop, "127.0.0.1", [&](Conn conn) {
        server = std::move(conn);
        int writes = 0;
        writing = test.loop.every(milliseconds{1}, [&, writes]() mutable {
            server->write("x");
            if (++writes < 20) return;
            writing.stop();
            server->start({.on_bytes = {}, .on_close = [&](CloseReason why) {
                               EXPECT_EQ(why, CloseReason::peer_reset);
                               ++closed;
                               test.loop.stop();
                           }});
        });
    });
    RawSocket client{listener->port()};
    client.reset();
    test.run();
    EXPECT_EQ(closed, 1);
}

TEST(TcpConn, MayBeDroppedWithWritesUnderWay)
{
    const auto held = std::make_shared<int>(0);
    TestLoop test;
    Pair pair{test};
    pair.server->set_write_queue_max(std::size_t{64} << 20);
    pair.server->start({.on_bytes = [held](Bytes) {}, .on_close = [held](CloseReason) {}});
    pair.server->write(std::string(std::size_t{16} << 20, 'x'));
    EXPECT_GT(pair.server->write_queue_bytes(), 0U);
    pair.server.reset();
    EXPECT_EQ(held.use_count(), 1);
    pair.client->start({.on_bytes = {}, .on_close = [&](CloseReason) { test.loop.stop(); }});
    test.run();
}

TEST(TcpConn, MayOutliveItsLoop)
{
    std::optional<TestLoop> test;
    test.emplace();
    Pair pair{*test};
    pair.server->set_write_queue_max(std::size_t{64} << 20);
    pair.server->start({.on_bytes = {}, .on_close = [](CloseReason) { ADD_FAILURE(); }});
    pair.server->write(std::string(std::size_t{16} << 20, 'x'));
    pair.client->close_after_write();
    test.reset();
    pair.server->write("x");
    EXPECT_EQ(pair.server->write_queue_bytes(), 0U);
    pair.server->close_after_write();
}

TEST(TcpConn, SaysWhyItCannotConnect)
{
    TestLoop test;
    std::uint16_t port = 0;
    {
        const auto closed_again = listen_on(test.loop, "127.0.0.1", [](Conn) {});
        port = closed_again->port();
    }
    bool inside = true;
    int answers = 0;
    TcpConn::connect(test.loop, {"127.0.0.1", port}, [&](Result<Conn> conn) {
        EXPECT_FALSE(inside);
        ASSERT_FALSE(conn);
        EXPECT_EQ(conn.error().code, Error::Code::unavailable);
        EXPECT_EQ(conn.error().detail,
                  "cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
        if (++answers == 2) test.loop.stop();
    });
    TcpConn::connect(test.loop, {"pool.example", 3333}, [&](Result<Conn> conn) {
        EXPECT_FALSE(inside);
        ASSERT_FALSE(conn);
        EXPECT_EQ(conn.error().code, Error::Code::invalid);
        if (++answers == 2) test.loop.stop();
    });
    inside = false;
    test.run();
    EXPECT_EQ(answers, 2);
}

TEST(TcpConn, ConnectingIsForgottenWhenTheLoopDies)
{
    const auto held = std::make_shared<int>(0);
    bool called = false;
    {
        Loop loop;
        const auto listener = listen_on(loop, "127.0.0.1", [](Conn) {});
        TcpConn::connect(loop, {"127.0.0.1", listener->port()},
                         [held, &called](Result<Conn>) { called = true; });
    }
    EXPECT_FALSE(called);
    EXPECT_EQ(held.use_count(), 1);
}

// The socket of this process whose peer has `port`: options cannot be seen from outside.
int find_socket_with_peer(std::uint16_t port)
{
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
        if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return fd;
    }
    return -1;
}

int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

TEST(TcpConn, SendsAtOnceAndNoticesDeadPeers)
{
    TestLoop test;
    Pair pair{test};
    const int fd = find_socket_with_peer(pair.server->peer().port);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
}

}  // namespace
}  // namespace pool
