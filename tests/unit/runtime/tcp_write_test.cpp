#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "pool/runtime/tcp.h"
#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/runtime/tcp_pair.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

TEST(TcpConn, ClosesWhenMoreIsQueuedThanTheBound)
{
    TestLoop test;
    TcpPair pair{test};
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
    TcpPair pair{test};
    constexpr std::size_t size = std::size_t{24} << 20;  // well over what the kernel buffers
    std::string sent(size, '\0');
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 31 + (i >> 11));
    std::string got;
    int ended = 0;
    const auto end = [&] {
        if (++ended == 2) test.loop.stop();
    };
    pair.server->set_write_queue_max(size);
    pair.server->start({.on_bytes = [](ReadBytes) { ADD_FAILURE() << "no on_bytes from here on"; },
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
    pair.client->start({.on_bytes = [&](ReadBytes bytes) { got += text_of(bytes); },
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
    TcpPair pair{test};
    std::string got;
    pair.server->start({.on_bytes =
                            [&](ReadBytes) {
                                pair.server->write("HTTP/1.1 400 Bad Request\r\n\r\n");
                                pair.server->close_after_write();
                                pair.client->write("more that nobody reads");
                            },
                        .on_close =
                            [&](CloseReason why) {
                                EXPECT_EQ(why, CloseReason::we_closed);
                                pair.server.reset();
                                test.loop.stop();
                            }});
    pair.client->start({.on_bytes = [&](ReadBytes bytes) { got += text_of(bytes); },
                        .on_close = [&](CloseReason) { pair.client.reset(); }});
    pair.client->write("nonsense");
    const auto start = std::chrono::steady_clock::now();
    test.run();
    EXPECT_LT(std::chrono::steady_clock::now() - start, TcpConn::linger)
        << "the peer's end ends it";
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

TEST(TcpConn, SurvivesWritingToAPeerThatIsGone)
{
    const auto before = std::signal(SIGPIPE, SIG_DFL);
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
    client.shut();  // the first write is answered with a reset, the second fails with EPIPE
    test.run();
    EXPECT_EQ(closed, 1);
    std::signal(SIGPIPE, before);
}

TEST(TcpConn, MayBeDroppedWithWritesUnderWay)
{
    const auto held = std::make_shared<int>(0);
    TestLoop test;
    TcpPair pair{test};
    pair.server->set_write_queue_max(std::size_t{64} << 20);
    pair.server->start({.on_bytes = [held](ReadBytes) {}, .on_close = [held](CloseReason) {}});
    pair.server->write(std::string(std::size_t{16} << 20, 'x'));
    EXPECT_GT(pair.server->write_queue_bytes(), 0U);
    pair.server.reset();
    EXPECT_EQ(held.use_count(), 1);
    pair.client->start({.on_bytes = {}, .on_close = [&](CloseReason) { test.loop.stop(); }});
    test.run();
}

}  // namespace
}  // namespace pool
