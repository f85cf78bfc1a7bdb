#include "pool/runtime/listener_handover.h"

#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pool/runtime/loop.h"
#include "pool/runtime/tcp.h"

namespace pool {
namespace {

bool stays_over_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0; }

std::unique_ptr<TcpListener> listen(Loop& loop, const Endpoint& address)
{
    auto opened =
        TcpListener::listen(loop, {.address = address}, [](const std::unique_ptr<TcpConn>&) {});
    EXPECT_TRUE(opened.has_value()) << opened.error().detail;
    return std::move(*opened);
}

// As one program: what pack() leaves for exec is what unpack() finds after it.
TEST(ListenerHandover, GivesAListenersPortToTheOneThatIsAskedForTheSameAddress)
{
    Loop loop;
    const Endpoint any{"127.0.0.1", 0};
    auto first = listen(loop, any);
    auto second = listen(loop, any);
    const std::uint16_t port = first->port();
    ASSERT_NE(port, second->port());
    const std::string text = handover::pack();
    const int kept = std::stoi(text);
    EXPECT_TRUE(stays_over_exec(kept)) << text;
    first.reset();
    const std::uint16_t other_port = second->port();
    second.reset();
    EXPECT_EQ(handover::pack(), "") << "those that are closed are nobody's";

    handover::unpack(text);
    EXPECT_FALSE(stays_over_exec(kept)) << "no program but the next one gets it";
    EXPECT_TRUE(handover::has("127.0.0.1:0"));
    EXPECT_FALSE(handover::has("127.0.0.1:1"));
    EXPECT_EQ(listen(loop, any)->port(), port) << "in the order in which they were opened";
    EXPECT_EQ(listen(loop, any)->port(), other_port);
    const auto fresh = listen(loop, any)->port();
    EXPECT_NE(fresh, port);
    EXPECT_NE(fresh, other_port);
}

TEST(ListenerHandover, ClosesWhatNobodyTakesAndTakesNothingThatDoesNotListen)
{
    Loop loop;
    auto listener = listen(loop, {"127.0.0.1", 0});
    const std::string text = handover::pack();
    const int kept = std::stoi(text);
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    handover::unpack(std::to_string(file) + "=127.0.0.1:2 x=127.0.0.1:3  =127.0.0.1:4 99999=a 7 " +
                     text + " 0=127.0.0.1:5");
    for (const char* const address :
         {"127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "a", "127.0.0.1:5"}) {
        EXPECT_EQ(handover::take(address), -1) << address;
    }
    handover::close_rest();
    EXPECT_FALSE(handover::has("127.0.0.1:0"));
    EXPECT_EQ(::fcntl(kept, F_GETFD), -1);
    EXPECT_NE(::fcntl(file, F_GETFD), -1);
    ::close(file);
}

}  // namespace
}  // namespace pool
