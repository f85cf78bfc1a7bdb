#include "pool/runtime/tcp.h"

#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/runtime/tcp_pair.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

void expect_echo(const std::string& host)
{
    TestLoop test;
    TcpPair pair{test, host};
    EXPECT_EQ(pair.server->peer().host, host);
    EXPECT_NE(pair.server->peer().port, 0);
    EXPECT_EQ(pair.client->peer().host, host);
    pair.server->start(
        {.on_bytes = [&](ReadBytes bytes) { pair.server->write(text_of(bytes)); }, .on_close = {}});
    std::string got;
    pair.client->start({.on_bytes =
                            [&](ReadBytes bytes) {
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
    TcpPair pair{test};
    std::string events;
    pair.server->start({.on_bytes = [&](ReadBytes bytes) { events += text_of(bytes); },
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
    TcpPair pair{test};
    const auto held = std::make_shared<int>(3);
    int calls = 0;
    pair.server->start({.on_bytes =
                            [&, held](ReadBytes) {
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
    TcpPair pair{test};
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
    TcpPair one{test};
    TcpPair two{test};
    int calls = 0;
    // Both are readable in the same turn; whoever is first drops both.
    const auto take = [&](ReadBytes) {
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

// Written before start(): the owner learns of the failure once it listens; and SIGPIPE, which
// would end the process, is held back.
TEST(TcpConn, MayOutliveItsLoop)
{
    std::optional<TestLoop> test;
    test.emplace();
    TcpPair pair{*test};
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
    TcpPair pair{test};
    const int fd = find_socket_with_peer(pair.server->peer().port);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0) << "nobody may be turned away at a cost";
    pair.server->start({.on_bytes = [](auto) {}, .on_close = [](auto) {}});
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 90'000);
}

}  // namespace
}  // namespace pool
