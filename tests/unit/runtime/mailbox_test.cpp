#include "pool/runtime/mailbox.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

TEST(Mailbox, DeliversValuesOfAnotherThreadInOrderOnTheLoop)
{
    TestLoop test;
    constexpr int count = 20'000;
    const auto loop_thread = std::this_thread::get_id();
    int next = 0;
    Mailbox<int> box{test.loop, count, [&](int value) {
                         EXPECT_EQ(std::this_thread::get_id(), loop_thread);
                         EXPECT_EQ(value, next);
                         if (++next == count) test.loop.stop();
                     }};
    std::thread sender{[&] {
        for (int i = 0; i < count; ++i) EXPECT_TRUE(box.send(i));
    }};
    test.run();
    sender.join();
    EXPECT_EQ(next, count);
}

TEST(Mailbox, RefusesWhenFullAndTakesAgainWhenDrained)
{
    TestLoop test;
    std::vector<int> got;
    Mailbox<int> box{test.loop, 2, [&](int value) { got.push_back(value); }};
    EXPECT_TRUE(box.send(1));
    EXPECT_TRUE(box.send(2));
    EXPECT_FALSE(box.send(3));
    test.loop.post([&] {
        EXPECT_TRUE(box.send(4));
        test.loop.stop();
    });
    test.run();
    test.loop.stop();
    test.run();
    EXPECT_EQ(got, (std::vector<int>{1, 2, 4}));
}

TEST(Mailbox, LosesNothingBetweenManySendersWhenBounded)
{
    TestLoop test;
    constexpr int threads = 3;
    constexpr int each = 4000;
    int received = 0;
    Mailbox<int> box{test.loop, 16, [&](int) {
                         if (++received == threads * each) test.loop.stop();
                     }};
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t) {
        senders.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                while (!box.send(i)) std::this_thread::yield();
            }
        });
    }
    test.run();
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(received, threads * each);
}

TEST(Mailbox, CarriesValuesThatCanOnlyMove)
{
    TestLoop test;
    int got = 0;
    Mailbox<std::unique_ptr<int>> box{test.loop, 1, [&](std::unique_ptr<int> value) {
                                          got = *value;
                                          test.loop.stop();
                                      }};
    EXPECT_TRUE(box.send(std::make_unique<int>(42)));
    test.run();
    EXPECT_EQ(got, 42);
}

TEST(Mailbox, MayBeDroppedByItsReceiverOrBeforeTheDrain)
{
    TestLoop test;
    std::vector<int> got;
    std::optional<Mailbox<int>> box;
    box.emplace(test.loop, 4, [&](int value) {
        got.push_back(value);
        box.reset();
    });
    EXPECT_TRUE(box->send(1));
    EXPECT_TRUE(box->send(2));
    {
        Mailbox<int> gone{test.loop, 4, [&](int value) { got.push_back(value); }};
        EXPECT_TRUE(gone.send(3));
    }
    test.loop.stop();
    test.run();
    EXPECT_EQ(got, (std::vector<int>{1}));
}

}  // namespace
}  // namespace pool
