#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/runtime/tcp.h"
#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/runtime/socket_path.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using Conn = std::unique_ptr<TcpConn>;

TEST(TcpListener, SaysThatAPortIsInUse)
{
    Loop loop;
    const auto first = TcpListener::listen(loop, {.address = {"127.0.0.1", 0}}, [](Conn) {});
    ASSERT_TRUE(first) << first.error().detail;
    const std::uint16_t port = (*first)->port();
    ASSERT_NE(port, 0);
    const auto second = TcpListener::listen(loop, {.address = {"127.0.0.1", port}}, [](Conn) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Error::Code::unavailable);
    EXPECT_EQ(second.error().detail,
              "127.0.0.1:" + std::to_string(port) +
                  " is in use by another program: stop that, or choose another port");
}

TEST(TcpListener, RefusesAnAddressThatIsNoneOrNotOurs)
{
    Loop loop;
    const auto name = TcpListener::listen(loop, {.address = {"localhost", 0}}, [](Conn) {});
    ASSERT_FALSE(name);
    EXPECT_EQ(name.error().code, Error::Code::invalid);
    // TEST-NET-1 (RFC 5737) is nobody's.
    const auto foreign = TcpListener::listen(loop, {.address = {"192.0.2.1", 0}}, [](Conn) {});
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, Error::Code::unavailable);
    EXPECT_EQ(foreign.error().detail, "192.0.2.1:0 is no address of this machine");
}

TEST(TcpListener, TakesABurstLongerThanOneTurn)
{
    TestLoop test;
    constexpr std::size_t count = 150;
    std::vector<Conn> accepted;
    const auto listener =
        TcpListener::listen(test.loop, {.address = {"127.0.0.1", 0}}, [&](Conn conn) {
            accepted.push_back(std::move(conn));
            if (accepted.size() == count) test.loop.stop();
        });
    ASSERT_TRUE(listener);
    std::vector<std::unique_ptr<RawSocket>> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<RawSocket>((*listener)->port()));
    }
    test.run();
    EXPECT_EQ(accepted.size(), count);
}

TEST(TcpListener, MayBeDroppedInsideItsOwnOnAccept)
{
    TestLoop test;
    std::unique_ptr<TcpListener> listener;
    Watch end;
    int accepted = 0;
    auto made = TcpListener::listen(test.loop, {.address = {"127.0.0.1", 0}}, [&](Conn) {
        ++accepted;
        listener.reset();
        end = test.loop.after(milliseconds{10}, [&] { test.loop.stop(); });
    });
    ASSERT_TRUE(made);
    listener = std::move(*made);
    const RawSocket one{listener->port()};
    const RawSocket two{listener->port()};
    test.run();
    EXPECT_EQ(accepted, 1);
}

TEST(TcpListener, MayOutliveItsLoop)
{
    auto loop = std::make_unique<Loop>();
    auto listener = TcpListener::listen(*loop, {.address = {"127.0.0.1", 0}}, [](Conn) {});
    ASSERT_TRUE(listener);
    loop.reset();
    listener->reset();
}

/// No descriptor can be opened while one lives.
class NoDescriptors {
public:
    NoDescriptors()
    {
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
        const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(lowest_free);
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t>(lowest_free);
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
    }
    ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

TEST(TcpListener, WaitsWithoutSpinningWhenDescriptorsRunOut)
{
    TestLoop test;
    int accepted = 0;
    const auto listener = TcpListener::listen(test.loop, {.address = {"127.0.0.1", 0}}, [&](Conn) {
        ++accepted;
        test.loop.stop();
    });
    ASSERT_TRUE(listener);
    const RawSocket client{(*listener)->port()};
    int turns = 0;
    Watch count = test.loop.at_turn_end([&] { ++turns; });
    auto shortage = std::make_unique<NoDescriptors>();
    Watch relief = test.loop.after(milliseconds{250}, [&] {
        EXPECT_EQ(accepted, 0);
        EXPECT_LT(turns, 20);
        shortage.reset();
    });
    test.run();
    EXPECT_EQ(accepted, 1) << "the connection waited in the kernel's queue";
}

TEST(TcpListener, SharesOnePortBetweenLoops)
{
    struct Side {
        TestLoop test;
        std::unique_ptr<TcpListener> listener;
        int accepted = 0;
    };
    std::array<Side, 2> sides;
    constexpr int count = 200;
    std::atomic<int> total{0};
    std::uint16_t port = 0;
    for (Side& side : sides) {
        auto listener = TcpListener::listen(
            side.test.loop, {.address = {"127.0.0.1", port}, .reuse_port = true}, [&](Conn) {
                ++side.accepted;
                if (++total < count) return;
                for (Side& each : sides) each.test.loop.stop();
            });
        ASSERT_TRUE(listener) << listener.error().detail;
        side.listener = std::move(*listener);
        port = side.listener->port();
    }
    std::array<std::thread, 2> threads;
    for (std::size_t i = 0; i < 2; ++i) {
        threads[i] = std::thread{[&side = sides[i]] { side.test.run(); }};
    }
    std::vector<std::unique_ptr<RawSocket>> clients;
    for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<RawSocket>(port));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sides[0].accepted + sides[1].accepted, count);
    // The kernel chooses by hash; that one side gets none of 200 has probability 2^-199.
    EXPECT_GT(sides[0].accepted, 0);
    EXPECT_GT(sides[1].accepted, 0);
}

TEST(TcpListener, ListensOnAUnixSocketForItsUserAndGroupOnly)
{
    TestLoop test;
    const SocketPath at;
    Conn accepted;
    auto listener =
        TcpListener::listen(test.loop, {.address = {}, .unix_path = at.path}, [&](Conn conn) {
            accepted = std::move(conn);
            accepted->start({.on_bytes =
                                 [&](std::span<const std::uint8_t> bytes) {
                                     accepted->write({reinterpret_cast<const char*>(bytes.data()),
                                                      bytes.size()});
                                     test.loop.stop();
                                 },
                             .on_close = [](CloseReason) {}});
        });
    ASSERT_TRUE(listener) << listener.error().detail;
    struct ::stat status{};
    ASSERT_EQ(::stat(at.path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
    const int fd = at.connect();
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::send(fd, "hello", 5, MSG_NOSIGNAL), 5);
    test.run();
    std::array<char, 16> buffer{};
    EXPECT_EQ(::recv(fd, buffer.data(), buffer.size(), 0), 5);
    EXPECT_EQ(accepted->peer().host, unix_peer);
    ::close(fd);
    listener->reset();
    EXPECT_NE(::stat(at.path.c_str(), &status), 0) << "it goes with the listener";
}

TEST(TcpListener, ReplacesAUnixSocketThatNobodyListensOnAndNoOther)
{
    Loop loop;
    const SocketPath at;
    const ListenOptions options{.address = {}, .unix_path = at.path};
    {
        // As kill -9 leaves it.
        sockaddr_un left{};
        left.sun_family = AF_UNIX;
        at.path.copy(left.sun_path, sizeof left.sun_path - 1);
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&left), sizeof left), 0);
        ::close(fd);
    }
    const auto first = TcpListener::listen(loop, options, [](Conn) {});
    ASSERT_TRUE(first) << first.error().detail;
    const auto second = TcpListener::listen(loop, options, [](Conn) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().detail, "cannot listen on " + at.path + ": Address already in use");
    const auto too_long =
        TcpListener::listen(loop, {.address = {}, .unix_path = std::string(200, 'x')}, [](Conn) {});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, Error::Code::invalid);
}

}  // namespace
}  // namespace pool
