#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/runtime/loop.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

struct SocketPair {
    SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0); }
    ~SocketPair()
    {
        close(fds[0]);
        if (fds[1] >= 0) close(fds[1]);
    }
    SocketPair(const SocketPair&) = delete;
    SocketPair& operator=(const SocketPair&) = delete;
    std::array<int, 2> fds{-1, -1};
};

TEST(Timer, FiresOnceAfterItsDelayAndThenIsInactive)
{
    TestLoop test;
    int fired = 0;
    const auto start = std::chrono::steady_clock::now();
    Watch once = test.loop.after(milliseconds{20}, [&] {
        ++fired;
        EXPECT_FALSE(once.active());
        EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{19});
    });
    EXPECT_TRUE(once.active());
    Watch end = test.loop.after(milliseconds{60}, [&] { test.loop.stop(); });
    test.run();
    EXPECT_EQ(fired, 1);
}

TEST(Timer, CountsFromTheCallEvenInALongTurn)
{
    TestLoop test;
    std::chrono::steady_clock::time_point start;
    Watch late;
    test.loop.post([&] {
        // A long task: libuv's own idea of now falls behind meanwhile.
        const auto begin = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begin < milliseconds{40}) {
        }
        start = std::chrono::steady_clock::now();
        late = test.loop.after(milliseconds{30}, [&] { test.loop.stop(); });
    });
    test.run();
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{29});
}

TEST(Timer, RepeatsUntilStoppedInsideItsOwnCallback)
{
    TestLoop test;
    int fired = 0;
    Watch end;
    Watch every = test.loop.every(milliseconds{1}, [&] {
        if (++fired == 3) {
            every.stop();
            end = test.loop.after(milliseconds{10}, [&] { test.loop.stop(); });
        }
    });
    test.run();
    EXPECT_EQ(fired, 3);
    EXPECT_FALSE(every.active());
}

TEST(Timer, MayBeReplacedInsideItsOwnCallback)
{
    TestLoop test;
    const auto held = std::make_shared<int>(7);
    int steps = 0;
    Watch step;
    step = test.loop.after(milliseconds{0}, [&, held] {
        step = test.loop.after(milliseconds{0}, [&] { test.loop.stop(); });
        steps += *held;  // what the replaced task holds lives till its end
    });
    test.run();
    EXPECT_EQ(steps, 7);
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Timer, DroppedInsideAnotherCallbackNeverFires)
{
    TestLoop test;
    bool fired = false;
    std::optional<Watch> victim;
    // Both are due in the same turn; the first to run drops the second.
    Watch killer = test.loop.after(milliseconds{1}, [&] { victim.reset(); });
    victim = test.loop.after(milliseconds{1}, [&] { fired = true; });
    Watch end = test.loop.after(milliseconds{20}, [&] { test.loop.stop(); });
    test.run();
    EXPECT_FALSE(fired);
}

TEST(Watch, EmptyOrMovedFromDoesNothing)
{
    Loop loop;
    Watch empty;
    empty.stop();
    EXPECT_FALSE(empty.active());
    Watch timer = loop.after(milliseconds{1}, [] {});
    Watch moved = std::move(timer);
    timer.stop();  // NOLINT(bugprone-use-after-move): it is empty, which is allowed
    EXPECT_FALSE(timer.active());
    EXPECT_TRUE(moved.active());
}

TEST(Watch, MayOutliveItsLoop)
{
    SocketPair pair;
    Watch timer;
    Watch fd;
    Watch turn;
    {
        Loop loop;
        timer = loop.after(milliseconds{1}, [] {});
        fd = loop.watch_fd(pair.fds[0], {.readable = true}, [](FdEvents) {});
        turn = loop.at_turn_end([] {});
        loop.stop();
        loop.run();
    }
    EXPECT_FALSE(timer.active());
    EXPECT_FALSE(fd.active());
    fd.stop();
}

TEST(WatchFd, TellsReadableAgainUntilTheBytesAreTaken)
{
    TestLoop test;
    SocketPair pair;
    ASSERT_EQ(write(pair.fds[1], "ab", 2), 2);
    std::string got;
    int calls = 0;
    Watch watch = test.loop.watch_fd(pair.fds[0], {.readable = true}, [&](FdEvents events) {
        EXPECT_TRUE(events.readable);
        EXPECT_FALSE(events.writable);
        if (++calls == 1) return;  // level-triggered: it comes again
        char byte = 0;
        ASSERT_EQ(read(pair.fds[0], &byte, 1), 1);
        got.push_back(byte);
        if (got.size() == 2) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(got, "ab");
    EXPECT_EQ(calls, 3);
}

TEST(WatchFd, TellsWritableAndMayBeStoppedInside)
{
    TestLoop test;
    SocketPair pair;
    int calls = 0;
    Watch end;
    Watch watch = test.loop.watch_fd(pair.fds[0], {.writable = true}, [&](FdEvents events) {
        EXPECT_TRUE(events.writable);
        ++calls;
        watch.stop();
        end = test.loop.after(milliseconds{10}, [&] { test.loop.stop(); });
    });
    test.run();
    EXPECT_EQ(calls, 1);
}

TEST(WatchFd, TellsOfAPeerThatWentAway)
{
    TestLoop test;
    SocketPair pair;
    close(std::exchange(pair.fds[1], -1));
    Watch watch = test.loop.watch_fd(pair.fds[0], {.readable = true}, [&](FdEvents events) {
        EXPECT_TRUE(events.readable);
        char byte = 0;
        EXPECT_EQ(read(pair.fds[0], &byte, 1), 0);
        test.loop.stop();
    });
    test.run();
}

TEST(WatchFd, CanBeWatchedAnewAtOnceAfterStop)
{
    TestLoop test;
    SocketPair pair;
    ASSERT_EQ(write(pair.fds[1], "a", 1), 1);
    Watch second;
    Watch first = test.loop.watch_fd(pair.fds[0], {.readable = true}, [&](FdEvents) {
        first.stop();
        second = test.loop.watch_fd(pair.fds[0], {.writable = true}, [&](FdEvents events) {
            EXPECT_TRUE(events.writable);
            test.loop.stop();
        });
    });
    test.run();
}

TEST(TurnEnd, RunsAfterAllThatTheTurnDelivered)
{
    TestLoop test;
    SocketPair one;
    SocketPair two;
    ASSERT_EQ(write(one.fds[1], "a", 1), 1);
    ASSERT_EQ(write(two.fds[1], "b", 1), 1);
    std::string events;
    const auto take = [&](int fd) {
        char byte = 0;
        ASSERT_EQ(read(fd, &byte, 1), 1);
        events.push_back(byte);
    };
    Watch first =
        test.loop.watch_fd(one.fds[0], {.readable = true}, [&](FdEvents) { take(one.fds[0]); });
    Watch second =
        test.loop.watch_fd(two.fds[0], {.readable = true}, [&](FdEvents) { take(two.fds[0]); });
    Watch end = test.loop.at_turn_end([&] {
        if (events.empty()) return;  // the end of the turn before the first event
        events.push_back('.');
        test.loop.stop();
    });
    test.run();
    ASSERT_GE(events.size(), 3U);
    EXPECT_TRUE(events.starts_with("ab.") || events.starts_with("ba.")) << events;
}

// A timer fires when no descriptor is due: its batch must not wait for the next one.
TEST(TurnEnd, FlushesWhatATimerQueuedBeforeTheLoopSleeps)
{
    TestLoop test;
    bool queued = false;
    Watch flush = test.loop.at_turn_end([&] {
        if (queued) test.loop.stop();
    });
    Watch timer = test.loop.after(milliseconds{5}, [&] { queued = true; });
    test.run();
    EXPECT_TRUE(queued);
}

TEST(TurnEnd, RunsForTheLastTurnToo)
{
    TestLoop test;
    std::vector<std::string> order;
    test.loop.post([&] { order.emplace_back("task"); });
    test.loop.stop();
    bool flushed_all = false;
    Watch flush = test.loop.at_turn_end([&] { flushed_all = !order.empty(); });
    test.run();
    EXPECT_TRUE(flushed_all);
}

TEST(TurnEnd, DoesNotKeepTheLoopSpinning)
{
    TestLoop test;
    int turns = 0;
    Watch flush = test.loop.at_turn_end([&] { ++turns; });
    Watch end = test.loop.after(milliseconds{100}, [&] { test.loop.stop(); });
    test.run();
    EXPECT_LT(turns, 20);
}

TEST(TurnEnd, MayDropItselfAndOthersInside)
{
    TestLoop test;
    int first_runs = 0;
    int second_runs = 0;
    int added_runs = 0;
    std::optional<Watch> first;
    std::optional<Watch> second;
    Watch added;
    first = test.loop.at_turn_end([&] {
        ++first_runs;
        second.reset();
        added = test.loop.at_turn_end([&] {
            ++added_runs;
            test.loop.stop();
        });
        test.loop.post([] {});  // another turn
        first.reset();
    });
    second = test.loop.at_turn_end([&] { ++second_runs; });
    test.run();
    EXPECT_EQ(first_runs, 1);
    EXPECT_EQ(second_runs, 0);
    EXPECT_GE(added_runs, 1);
}

}  // namespace
}  // namespace pool
