#include "pool/node/zmq_feed.h"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "pool/runtime/loop.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/process.h"

namespace tests {
namespace {

using pool::Error;
using std::chrono::milliseconds;
using std::chrono::seconds;

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A path to a port that can go dead without a word: what was open then stays open, and nothing
/// passes any more. Whoever comes later gets through.
class Path {
public:
    Path(std::uint16_t from, std::uint16_t to)
        : to_(to), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const sockaddr_in address = loopback(from);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
        ::listen(listener_, 8);
        thread_ = std::thread{[this] { run(); }};
    }
    ~Path()
    {
        over_ = true;
        thread_.join();
        ::close(listener_);
        for (const Pair& pair : pairs_) {
            ::close(pair.near);
            ::close(pair.far);
        }
    }
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

    void go_dead() { dead_ = true; }
    int callers() const { return callers_; }

private:
    struct Pair {
        int near = -1;
        int far = -1;
        bool dead = false;
    };

    void run()
    {
        while (!over_) {
            if (dead_.exchange(false)) {
                for (Pair& pair : pairs_) pair.dead = true;
            }
            pollfd caller{.fd = listener_, .events = POLLIN, .revents = 0};
            if (::poll(&caller, 1, 1) > 0) take();
            for (Pair& pair : pairs_) {
                if (pair.dead) continue;
                pass(pair, pair.near, pair.far);
                pass(pair, pair.far, pair.near);
            }
        }
    }
    void take()
    {
        Pair pair{::accept(listener_, nullptr, nullptr),
                  ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const sockaddr_in address = loopback(to_);
        const int failed =
            ::connect(pair.far, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        EXPECT_EQ(failed, 0);
        pairs_.push_back(pair);
        ++callers_;
    }
    static void pass(Pair& pair, int from, int to)
    {
        std::array<char, 4096> buffer{};
        const ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got == 0) pair.dead = true;
        if (got > 0) ::send(to, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    }

    std::uint16_t to_;
    int listener_;
    std::atomic<bool> dead_{false};
    std::atomic<bool> over_{false};
    std::atomic<int> callers_{0};
    std::vector<Pair> pairs_;
    std::thread thread_;
};

TEST(ZmqFeed, TellsOfEachConnectedBlockInOrder)
{
    const std::uint16_t port = free_port();
    NodeFixture node{"regtest", {"-zmqpubhashblock=tcp://127.0.0.1:" + std::to_string(port)}};
    pool::Loop loop;
    std::vector<pool::ZmqTip> tips;
    const auto feed =
        pool::ZmqFeed::open(loop, "tcp://127.0.0.1:" + std::to_string(port), [&](auto tip) {
            tips.push_back(tip);
            if (tips.size() >= 3) loop.stop();
        });
    ASSERT_TRUE(feed.has_value()) << feed.error().detail;
    // A subscription takes a moment that nobody is told of: blocks until three have been heard.
    const pool::Watch more = loop.every(std::chrono::milliseconds{100}, [&] { node.generate(1); });
    const pool::Watch deadline = loop.after(seconds{30}, [&] { loop.stop(); });
    loop.run();
    ASSERT_GE(tips.size(), 3U);
    EXPECT_EQ(tips[1].sequence, tips[0].sequence + 1);
    EXPECT_EQ(tips[2].sequence, tips[1].sequence + 1);
    const auto height = [&](const pool::ZmqTip& tip) {
        const auto header =
            node.call("getblockheader", "[\"" + pool::to_display_hex(tip.hash) + "\"]");
        return number_in(header.value_or(""), "height").value_or(0);
    };
    EXPECT_GT(height(tips[0]), 0);
    EXPECT_EQ(height(tips[1]), height(tips[0]) + 1);
    EXPECT_EQ(height(tips[2]), height(tips[1]) + 1);
}

TEST(ZmqFeed, RefusesAnEndpointThatIsNone)
{
    pool::Loop loop;
    const auto feed = pool::ZmqFeed::open(loop, "28332", [](auto) {});
    ASSERT_FALSE(feed.has_value());
    EXPECT_EQ(feed.error().code, Error::Code::invalid);
}

// A firewall that has forgotten the connection, a host without power: no packet says so.
TEST(ZmqFeed, FindsOutThatItsPathHasGoneDeadAndTakesAnother)
{
    const std::uint16_t port = free_port();
    const std::uint16_t door = free_port();
    NodeFixture node{"regtest", {"-zmqpubhashblock=tcp://127.0.0.1:" + std::to_string(port)}};
    Path path{door, port};
    pool::Loop loop;
    std::size_t heard = 0;
    const auto feed = pool::ZmqFeed::open(
        loop, "tcp://127.0.0.1:" + std::to_string(door),
        [&](const pool::ZmqTip&) {
            ++heard;
            loop.stop();
        },
        milliseconds{1000});
    ASSERT_TRUE(feed.has_value()) << feed.error().detail;
    const pool::Watch more = loop.every(milliseconds{100}, [&] { node.generate(1); });
    const pool::Watch deadline = loop.after(seconds{30}, [&] { loop.stop(); });
    loop.run();
    ASSERT_GE(heard, 1U);
    const int callers = path.callers();
    path.go_dead();
    // What was on its way may come yet: only who has called again hears more.
    while (deadline.active() && path.callers() == callers) loop.run();
    ASSERT_TRUE(deadline.active()) << "it waits on the dead path for ever";
    const std::size_t before = heard;
    loop.run();
    EXPECT_GT(heard, before);
}

}  // namespace
}  // namespace tests
