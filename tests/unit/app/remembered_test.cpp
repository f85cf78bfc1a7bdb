#include "pool/app/remembered.h"

#include <chrono>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

using std::chrono::milliseconds;

TEST(Remembered, AsksOnceForAllWhoWait)
{
    Loop loop;
    std::vector<std::function<void(Result<int>)>> asked;
    Remembered<int> value{loop, {milliseconds{60'000}, milliseconds{60'000}}, [&](auto done) {
                              asked.push_back(std::move(done));
                          }};
    std::vector<int> heard;
    for (int i = 0; i < 3; ++i) value.get([&](int is) { heard.push_back(is); });
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_FALSE(value.known());
    asked.front()(7);
    EXPECT_EQ(heard, (std::vector<int>{7, 7, 7}));
    value.get([&](int is) { heard.push_back(is); });
    EXPECT_EQ(heard.size(), 4U) << "it is fresh";
    EXPECT_EQ(asked.size(), 1U);
}

TEST(Remembered, GivesTheLastAnswerToWhoeverHasWaitedLongEnough)
{
    Loop loop;
    std::vector<std::function<void(Result<int>)>> asked;
    Remembered<int> value{loop, {milliseconds{0}, milliseconds{30}}, [&](auto done) {
                              asked.push_back(std::move(done));
                          }};
    value.get([](int) {});
    asked.front()(7);
    const SteadyTime begun = read_clock().steady;
    int late = 0;
    value.get([&](int is) {
        late = is;
        // The question is still out: nobody waits for it any more, and none is asked beside it.
        int at_once = 0;
        value.get([&](int now) { at_once = now; });
        EXPECT_EQ(at_once, 7);
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(late, 7);
    EXPECT_EQ(asked.size(), 2U);
    EXPECT_GE(read_clock().steady - begun, milliseconds{29});
    asked.back()(8);
    EXPECT_EQ(value.last(), 8);
}

TEST(Remembered, KeepsWhatItKnowsWhenTheQuestionFails)
{
    Loop loop;
    bool fails = false;
    Remembered<int> value{
        loop, {milliseconds{0}, milliseconds{60'000}}, [&](auto done) {
            done(fails ? Result<int>{fail(Error::Code::unavailable, "away")} : Result<int>{7});
        }};
    int heard = 0;
    value.get([&](int is) { heard = is; });
    fails = true;
    heard = 0;
    value.get([&](int is) { heard = is; });
    EXPECT_EQ(heard, 7);
}

}  // namespace
}  // namespace pool
