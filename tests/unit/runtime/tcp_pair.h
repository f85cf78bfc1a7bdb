#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "pool/runtime/tcp.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {

using Conn = std::unique_ptr<TcpConn>;
using ReadBytes = std::span<const std::uint8_t>;

inline std::string_view text_of(ReadBytes bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::unique_ptr<TcpListener> listen_on(Loop& loop, const std::string& host,
                                              std::function<void(Conn)> on_accept)
{
    auto listener =
        TcpListener::listen(loop, {.address = {.host = host, .port = 0}}, std::move(on_accept));
    EXPECT_TRUE(listener) << listener.error().detail;
    return listener ? std::move(*listener) : nullptr;
}

/// Both ends of one connection, the loop having run until they exist.
struct TcpPair {
    explicit TcpPair(TestLoop& test, const std::string& host = "127.0.0.1")
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

}  // namespace pool
