// What a connection may keep from the others by sending more than is read at once.
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/socket_path.h"
#include "tests/unit/runtime/tcp_pair.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

constexpr std::size_t read_most = std::size_t{64} << 10;

/// Connections by a unix socket, for there all that was sent is there to be read.
struct Accepted {
    explicit Accepted(std::size_t count)
    {
        auto listener =
            TcpListener::listen(test.loop, {.address = {}, .unix_path = at.path}, [&](Conn conn) {
                ours.push_back(std::move(conn));
                if (ours.size() == count) test.loop.stop();
            });
        EXPECT_TRUE(listener) << listener.error().detail;
        for (std::size_t i = 0; i < count; ++i) theirs.push_back(at.connect());
        test.run();
    }
    ~Accepted()
    {
        for (const int fd : theirs) ::close(fd);
    }
    Accepted(const Accepted&) = delete;
    Accepted& operator=(const Accepted&) = delete;

    /// So many bytes lie in the kernel when it returns.
    void send(std::size_t who, std::size_t bytes)
    {
        const int room = 1 << 20;
        ::setsockopt(theirs[who], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        const std::string text(bytes, ' ');
        const auto sent = ::send(theirs[who], text.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        ASSERT_EQ(sent, static_cast<ssize_t>(bytes));
    }
    void hang_up(std::size_t who) { ::close(std::exchange(theirs[who], -1)); }

    TestLoop test;
    SocketPath at;
    std::vector<Conn> ours;
    std::vector<int> theirs;
};

TEST(TcpConn, ReadsNobodyTwiceBeforeTheOthersWereReadOnce)
{
    constexpr std::size_t much = 3 * read_most;
    constexpr std::array<std::size_t, 4> sizes{much, 1, much, 1};
    Accepted all{sizes.size()};
    std::string order;
    std::array<std::size_t, sizes.size()> rest = sizes;
    for (std::size_t who = 0; who < sizes.size(); ++who) {
        all.send(who, sizes[who]);
        all.ours[who]->start({.on_bytes =
                                  [&, who](ReadBytes bytes) {
                                      order += static_cast<char>('0' + who);
                                      rest[who] -= bytes.size();
                                      if (rest == std::array<std::size_t, sizes.size()>{})
                                          all.test.loop.stop();
                                  },
                              .on_close = {}});
    }
    all.test.run();
    // What was read in each round, in whichever order.
    const auto round = [&](std::size_t from, std::size_t count) {
        std::string some = order.substr(from, count);
        std::sort(some.begin(), some.end());
        return some;
    };
    ASSERT_EQ(order.size(), 8U) << "each of the two is read three times: " << order;
    EXPECT_EQ(round(0, 4), "0123") << order;
    EXPECT_EQ(round(4, 2), "02") << order;
}

TEST(TcpConn, LosesNothingOfWhoFillsEachReadAndThenGoes)
{
    for (const std::size_t bytes : {read_most, 2 * read_most, 2 * read_most + 1}) {
        Accepted one{1};
        one.send(0, bytes);
        one.hang_up(0);
        std::size_t got = 0;
        std::optional<CloseReason> why;
        one.ours[0]->start({.on_bytes = [&](ReadBytes read) { got += read.size(); },
                            .on_close =
                                [&](CloseReason reason) {
                                    why = reason;
                                    one.test.loop.stop();
                                }});
        one.test.run();
        EXPECT_EQ(got, bytes);
        EXPECT_EQ(why, CloseReason::peer_closed);
    }
}

// While one is not read the others are, and of its bytes and its farewell nothing is lost.
TEST(TcpConn, LeavesToTheKernelWhatComesWhileReadingIsPaused)
{
    Accepted two{2};
    two.send(0, 2 * read_most);
    std::size_t got = 0;
    std::optional<CloseReason> why;
    two.ours[0]->start({.on_bytes =
                            [&](ReadBytes bytes) {
                                got += bytes.size();
                                two.ours[0]->pause_reading();
                                two.ours[0]->pause_reading();
                            },
                        .on_close =
                            [&](CloseReason reason) {
                                why = reason;
                                two.test.loop.stop();
                            }});
    int turns = 0;
    two.ours[1]->start({.on_bytes =
                            [&](ReadBytes) {
                                if (++turns == 5) two.test.loop.stop();
                                two.send(1, 1);
                            },
                        .on_close = {}});
    two.send(1, 1);
    two.hang_up(0);
    two.test.run();
    EXPECT_EQ(got, read_most) << "one read, in five turns";
    two.ours[0]->resume_reading();
    const Watch again = two.test.loop.at_turn_end([&] { two.ours[0]->resume_reading(); });
    two.test.run();
    EXPECT_EQ(got, 2 * read_most);
    EXPECT_EQ(why, CloseReason::peer_closed);
}

TEST(TcpConn, ThatIsPausedEndsInOrderAllTheSame)
{
    Accepted one{1};
    one.send(0, 2 * read_most);
    std::size_t got = 0;
    std::optional<CloseReason> why;
    one.ours[0]->start({.on_bytes =
                            [&](ReadBytes bytes) {
                                got += bytes.size();
                                one.ours[0]->pause_reading();
                                one.ours[0]->close_after_write();
                                one.hang_up(0);
                            },
                        .on_close =
                            [&](CloseReason reason) {
                                why = reason;
                                one.test.loop.stop();
                            }});
    bool lingered = false;
    const Watch patience =
        one.test.loop.after(TcpConn::linger / 2, [&lingered] { lingered = true; });
    one.test.run();
    EXPECT_EQ(got, read_most);
    EXPECT_EQ(why, CloseReason::we_closed);
    EXPECT_FALSE(lingered) << "it sees that the peer has gone";
}

TEST(TcpConn, MayBeDroppedInsideAReadBehindWhichMoreWaits)
{
    Accepted two{2};
    for (const std::size_t who : {0U, 1U}) two.send(who, 3 * read_most);
    int reads = 0;
    two.ours[0]->start({.on_bytes =
                            [&](ReadBytes) {
                                two.ours[0].reset();
                                ++reads;
                            },
                        .on_close = [](CloseReason) { ADD_FAILURE() << "the owner closed"; }});
    std::size_t rest = 3 * read_most;
    two.ours[1]->start({.on_bytes =
                            [&](ReadBytes bytes) {
                                rest -= bytes.size();
                                if (rest == 0) two.test.loop.stop();
                            },
                        .on_close = {}});
    two.test.run();
    EXPECT_EQ(reads, 1);
}

}  // namespace
}  // namespace pool
