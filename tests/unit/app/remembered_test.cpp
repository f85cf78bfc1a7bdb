#include "pool/app/remembered.h"

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/runtime/test_loop.h"

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

/// The first answer is 1, the next 2 and so on, each at the end of the turn in which it was asked.
class KeptFresh : public ::testing::Test {
protected:
    void make(milliseconds kept_for)
    {
        value = std::make_unique<Remembered<int>>(
            test.loop, RememberedTimes{.fresh_for = milliseconds{1}, .kept_for = kept_for},
            [this](auto done) {
                answer = std::move(done);
                if (++asked == awaited) test.loop.stop();
                if (asked != awaited) test.loop.post([this] { give(asked); });
            });
    }
    void give(Result<int> what) { std::exchange(answer, nullptr)(std::move(what)); }
    /// Ends with that question out.
    void run_until_asked(int times)
    {
        awaited = times;
        test.run();
    }
    /// 0 when whoever asks has to wait.
    int at_once()
    {
        const auto heard = std::make_shared<int>(0);
        value->get([heard](int is) { *heard = is; });
        return *heard;
    }

    TestLoop test;
    int asked = 0;
    int awaited = 0;
    std::function<void(Result<int>)> answer;
    std::unique_ptr<Remembered<int>> value;
};

// Prometheus comes every few seconds: each time it waited until ten thousand workers were put
// together and the balances of all accounts were added up.
TEST_F(KeptFresh, IsAskedForWithoutBeingWantedAndAnsweredAtOnce)
{
    make(std::chrono::hours{1});
    EXPECT_EQ(at_once(), 0) << "nothing is known yet";
    run_until_asked(4);
    EXPECT_EQ(at_once(), 3) << "the fourth answer is on its way";
    give(4);
    EXPECT_EQ(at_once(), 4);
    run_until_asked(7);
    EXPECT_EQ(at_once(), 6);
}

TEST_F(KeptFresh, IsAskedForAgainAfterAQuestionThatFailed)
{
    make(std::chrono::hours{1});
    at_once();
    run_until_asked(2);
    give(fail(Error::Code::unavailable, "away"));
    EXPECT_EQ(at_once(), 1);
    run_until_asked(3);
    EXPECT_EQ(at_once(), 1);
}

TEST_F(KeptFresh, IsAskedForOnceAtATimeBeforeAnythingIsKnown)
{
    make(std::chrono::hours{1});
    const auto ask = [this](int time) {
        awaited = time;
        at_once();
        test.run();
    };
    ask(1);
    give(fail(Error::Code::unavailable, "away"));
    ask(2);
    EXPECT_EQ(asked, 2) << "who comes while it rests asks for it";
    const Watch over = test.loop.after(milliseconds{30}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_EQ(asked, 2) << "the one question is out";
}

TEST_F(KeptFresh, IsLeftAloneOnceNobodyHasWantedItForLong)
{
    make(milliseconds{20});
    at_once();
    const Watch over = test.loop.after(milliseconds{300}, [this] { test.loop.stop(); });
    test.run();
    const int then = asked;
    const Watch later = test.loop.after(milliseconds{100}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_EQ(asked, then);
    EXPECT_EQ(at_once(), 0);
}

TEST_F(KeptFresh, IsNotAskedForAsLongAsNobodyWantsIt)
{
    make(std::chrono::hours{1});
    const Watch over = test.loop.after(milliseconds{30}, [this] { test.loop.stop(); });
    test.run();
    EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace pool
