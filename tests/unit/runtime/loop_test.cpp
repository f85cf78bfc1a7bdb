#include "pool/runtime/loop.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

TEST(Loop, RunsPostedTasksInOrderAndThoseBeforeStop)
{
    TestLoop test;
    std::vector<int> order;
    test.loop.post([&] { order.push_back(1); });
    test.loop.post([&] { order.push_back(2); });
    test.loop.stop();
    test.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Loop, RunsTasksThatTasksPost)
{
    TestLoop test;
    int depth = 0;
    std::function<void()> again = [&] {
        if (++depth == 1000) return test.loop.stop();
        test.loop.post(again);
    };
    test.loop.post(again);
    test.run();
    EXPECT_EQ(depth, 1000);
}

TEST(Loop, TakesTasksFromManyThreadsWithoutLosingOrReordering)
{
    TestLoop test;
    constexpr int threads = 4;
    constexpr int each = 5000;
    std::array<int, threads> seen{};
    int total = 0;
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t) {
        posters.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                test.loop.post([&, t, i] {
                    EXPECT_EQ(seen[static_cast<std::size_t>(t)]++, i);
                    if (++total == threads * each) test.loop.stop();
                });
            }
        });
    }
    test.run();
    for (std::thread& poster : posters) poster.join();
    EXPECT_EQ(total, threads * each);
}

TEST(Loop, CanRunAgainAfterStop)
{
    TestLoop test;
    int runs = 0;
    for (int i = 0; i < 3; ++i) {
        test.loop.post([&] {
            ++runs;
            test.loop.stop();
        });
        test.run();
    }
    EXPECT_EQ(runs, 3);
}

TEST(Loop, DropsWhatWasPostedAfterStopWithoutRunningIt)
{
    auto held = std::make_shared<int>(1);
    bool ran = false;
    {
        Loop loop;
        loop.stop();
        loop.run();
        loop.post([held, &ran] { ran = true; });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(held.use_count(), 1);
}

TEST(SyncFile, ReportsFromTheLoopWhenTheFileIsSafe)
{
    TestLoop test;
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(write(fileno(file), "share", 5), 5);
    const auto loop_thread = std::this_thread::get_id();
    int calls = 0;
    test.loop.sync_file(fileno(file), [&](Result<void> result) {
        EXPECT_TRUE(result);
        EXPECT_EQ(std::this_thread::get_id(), loop_thread);
        ++calls;
        test.loop.stop();
    });
    EXPECT_EQ(calls, 0);
    test.run();
    EXPECT_EQ(calls, 1);
    std::fclose(file);
}

TEST(SyncFile, SaysWhyItFailed)
{
    TestLoop test;
    test.loop.sync_file(-1, [&](Result<void> result) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Error::Code::io);
        EXPECT_EQ(result.error().detail, "fdatasync: bad file descriptor");
        test.loop.stop();
    });
    test.run();
}

TEST(SyncFile, IsWaitedForButNotReportedByADyingLoop)
{
    const auto held = std::make_shared<int>(0);
    bool called = false;
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    {
        Loop loop;
        loop.sync_file(fileno(file), [&called, held](Result<void>) { called = true; });
    }
    EXPECT_FALSE(called);
    EXPECT_EQ(held.use_count(), 1);
    std::fclose(file);
}

}  // namespace
}  // namespace pool
