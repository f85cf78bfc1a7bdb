#include "pool/app/loop_lag.h"

#include <chrono>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/histogram.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

TEST(Histogram, CountsEachInTheFirstBucketThatHoldsIt)
{
    Histogram times;
    times.add(std::chrono::microseconds{100});
    times.add(std::chrono::microseconds{101});
    times.add(std::chrono::seconds{6});
    EXPECT_EQ(times.in_bucket(0), 1U);
    EXPECT_EQ(times.in_bucket(1), 1U);
    EXPECT_EQ(times.in_bucket(Histogram::bounds.size()), 1U);
    EXPECT_NEAR(times.sum_seconds(), 6.000201, 1e-9);
}

TEST(LoopLag, GrowsWhileALoopHangsAndCountsWhatItWas)
{
    Loop rpc_loop;
    std::vector<std::function<void()>> hanging;
    int prompt = 0;
    LoopLag lag{rpc_loop,
                {{"core",
                  [&](std::function<void()> task) {
                      ++prompt;
                      task();
                  }},
                 {"a-0", [&](std::function<void()> task) { hanging.push_back(std::move(task)); }}}};
    const Watch looking = rpc_loop.every(milliseconds{50}, [&] {
        const auto readings = lag.readings();
        ASSERT_EQ(readings.size(), 3U);
        EXPECT_EQ(readings[2].name, "rpc");
        EXPECT_EQ(hanging.size() <= 1, true) << "one question at a time";
        if (readings[1].last_s < 0.4) return;
        EXPECT_LT(readings[0].last_s, 0.2);
        EXPECT_EQ(readings[1].times->sum_seconds(), 0) << "it has not answered";
        if (prompt < 4) return;
        hanging.front()();
        rpc_loop.post([&] { rpc_loop.stop(); });
    });
    rpc_loop.run();
    const auto readings = lag.readings();
    EXPECT_GE(readings[1].times->sum_seconds(), 0.4);
    EXPECT_GE(readings[1].worst_s, 0.4);
}

}  // namespace
}  // namespace pool
