#include "pool/app/recent_times.h"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

namespace pool {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(RecentTimes, TellWhatWasCountedSinceTheTurnBeforeTheLast)
{
    Histogram histogram;
    RecentTimes recent;
    const auto lately = [&] { return recent.lately(TimesSum::of(histogram)); };
    EXPECT_EQ(lately().answers, 0U);
    EXPECT_EQ(lately().p99_s, 0);
    histogram.add(seconds{2});
    EXPECT_EQ(lately().answers, 1U);
    recent.turn(TimesSum::of(histogram));
    histogram.add(microseconds{800}, 99);
    histogram.add(microseconds{20'800});
    EXPECT_EQ(lately().answers, 101U) << "one turn ago is still lately";
    recent.turn(TimesSum::of(histogram));
    EXPECT_EQ(lately().answers, 100U);
    EXPECT_NEAR(lately().mean_s, 0.001, 1e-9);
    EXPECT_EQ(lately().p99_s, 0.001);
    recent.turn(TimesSum::of(histogram));
    EXPECT_EQ(lately().answers, 0U);
}

TEST(RecentTimes, AreOfAllTogetherAndInfiniteAboveTheLastBound)
{
    Histogram one;
    Histogram other;
    one.add(microseconds{50}, 98);
    other.add(seconds{9}, 2);
    TimesSum both = TimesSum::of(one);
    both.add(TimesSum::of(other));
    const rpc::StoreTimes times = RecentTimes{}.lately(both);
    EXPECT_EQ(times.answers, 100U);
    EXPECT_TRUE(std::isinf(times.p99_s));
}

}  // namespace
}  // namespace pool
