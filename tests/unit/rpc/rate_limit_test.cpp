#include "rpc/rate_limit.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "rpc/shims.h"

namespace rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimits, LetABurstThroughAndThenTheRate)
{
    RateLimits limits{10};
    const pool::SteadyTime start{seconds{1000}};
    int through = 0;
    for (int i = 0; i < 100; ++i) through += limits.allow("10.0.0.1", start) ? 1 : 0;
    EXPECT_EQ(through, 40);
    for (int i = 1; i <= 50; ++i) {
        through += limits.allow("10.0.0.1", start + milliseconds{100} * i) ? 1 : 0;
    }
    EXPECT_GE(through, 89);
    EXPECT_LE(through, 90);
}

TEST(RateLimits, CountEachAddressByItself)
{
    RateLimits limits{1};
    const pool::SteadyTime start{seconds{1000}};
    for (int i = 0; i < 10; ++i) limits.allow("10.0.0.1", start);
    EXPECT_FALSE(limits.allow("10.0.0.1", start));
    EXPECT_TRUE(limits.allow("10.0.0.2", start));
}

TEST(RateLimits, ForgetWhoHasBeenQuietToStayBounded)
{
    RateLimits limits{1};
    pool::SteadyTime now{seconds{1000}};
    for (std::size_t i = 0; i < 3 * RateLimits::addresses_max; ++i) {
        now += milliseconds{1};
        EXPECT_TRUE(limits.allow(std::to_string(i), now));
    }
    EXPECT_LE(limits.size(), RateLimits::addresses_max);
}

TEST(RateLimits, OfNothingLetEverythingThrough)
{
    RateLimits limits{0};
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limits.allow("10.0.0.1", pool::SteadyTime{}));
    EXPECT_EQ(limits.size(), 0U);
}

TEST(Shims, WriteHashRatesAsCkpoolDoes)
{
    EXPECT_EQ(shims::ckpool_rate(0), "0");
    EXPECT_EQ(shims::ckpool_rate(999), "999");
    EXPECT_EQ(shims::ckpool_rate(1234), "1.23K");
    EXPECT_EQ(shims::ckpool_rate(999'600), "1M");
    EXPECT_EQ(shims::ckpool_rate(1.21e18), "1.21E");
}

}  // namespace
}  // namespace rpc
