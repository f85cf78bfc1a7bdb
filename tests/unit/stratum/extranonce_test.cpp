#include "stratum/extranonce.h"

#include <set>

#include <gtest/gtest.h>

namespace stratum {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr pool::SteadyTime start{std::chrono::hours{5}};

TEST(PrefixRange, GivesEveryServerAndLoopItsOwn)
{
    EXPECT_EQ(prefix_range(0, 0, 1).first, 0U);
    EXPECT_EQ(prefix_range(0, 0, 1).count, 0x1000000U);
    EXPECT_EQ(prefix_range(0x5a, 0, 2).first, 0x5a000000U);
    EXPECT_EQ(prefix_range(0x5a, 1, 2).first, 0x5a800000U);
    EXPECT_EQ(prefix_range(255, 2, 3).first, 0xff000000U + 2 * 0x555555U);
    EXPECT_EQ(prefix_range(255, 2, 3).count, 0x555555U);
}

TEST(PrefixPool, NeverHandsOutAPrefixTwiceAtATime)
{
    PrefixPool pool{prefix_range(1, 0, 2), 0xfffffffffffffff0};
    std::set<ExtranoncePrefix> seen;
    for (int i = 0; i < 10'000; ++i) {
        const auto prefix = pool.lease(start);
        ASSERT_TRUE(prefix.has_value());
        EXPECT_EQ(prefix->bytes[0], 1);
        ASSERT_TRUE(seen.insert(*prefix).second) << i;
    }
}

TEST(PrefixPool, RestsAReturnedPrefixForTenMinutes)
{
    PrefixPool pool{{0x01020304, 1}, 99};
    const auto first = pool.lease(start);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->bytes, (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
    pool.release(*first, start);
    EXPECT_EQ(pool.resting(), 1U);
    pool.job_replaced(start);
    EXPECT_FALSE(pool.lease(start + minutes{10} - seconds{1}).has_value());
    EXPECT_EQ(pool.lease(start + minutes{10}), first);
    EXPECT_EQ(pool.resting(), 0U);
}

// As while a node is silent: miners keep its last job.
TEST(PrefixPool, LetsAPrefixRestUntilTheJobThatWasCurrentIsDead)
{
    PrefixPool pool{{0, 2}, 0};
    pool.job_replaced(start);
    const auto one = pool.lease(start);
    const auto two = pool.lease(start);
    ASSERT_TRUE(one && two);
    pool.release(*one, start);
    EXPECT_FALSE(pool.lease(start + minutes{60}).has_value()) << "it is the current one still";
    pool.job_replaced(start + minutes{60});
    pool.release(*two, start + minutes{60});
    pool.job_replaced(start + minutes{65});
    EXPECT_FALSE(pool.lease(start + minutes{70} - seconds{1}).has_value());
    EXPECT_EQ(pool.lease(start + minutes{70}), one);
    EXPECT_FALSE(pool.lease(start + minutes{75} - seconds{1}).has_value());
    EXPECT_EQ(pool.lease(start + minutes{75}), two);
    EXPECT_EQ(pool.resting(), 0U);
}

TEST(PrefixPool, GivesARestingPrefixBackToWhoHadItAndToNobodyTwice)
{
    PrefixPool pool{{0, 3}, 0};
    const auto one = pool.lease(start);
    const auto two = pool.lease(start);
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(pool.take_back(*one, start, start)) << "it is in use";
    pool.release(*one, start);
    pool.release(*two, start);
    pool.job_replaced(start);
    EXPECT_FALSE(pool.take_back(*one, start - seconds{1}, start));
    EXPECT_TRUE(pool.take_back(*two, start, start + seconds{1}));
    EXPECT_FALSE(pool.take_back(*two, start, start + seconds{1}));
    EXPECT_EQ(pool.leased(), 1U);
    EXPECT_EQ(pool.resting(), 1U);
    EXPECT_FALSE(pool.take_back(*one, start, start + minutes{10})) << "its rest is over";
    // The one that was taken back is still in use, the other two are free.
    const auto three = pool.lease(start + minutes{10});
    const auto four = pool.lease(start + minutes{10});
    ASSERT_TRUE(three && four);
    EXPECT_NE(*three, *two);
    EXPECT_NE(*four, *two);
    EXPECT_FALSE(pool.lease(start + minutes{10}));
    pool.release(*two, start + minutes{11});
    EXPECT_EQ(pool.resting(), 1U);
}

TEST(PrefixPool, RefusesWhenAllAreLeased)
{
    PrefixPool pool{{0, 2}, 0};
    EXPECT_TRUE(pool.lease(start).has_value());
    EXPECT_TRUE(pool.lease(start).has_value());
    EXPECT_FALSE(pool.lease(start + minutes{60}).has_value());
}

// v2's channels take a prefix each: a thousand a connection, opened and closed without end.
TEST(PrefixPool, KeepsAQuarterForConnectionsThatHaveNone)
{
    PrefixPool pool{{0, 8}, 0};
    for (int i = 0; i < 6; ++i) {
        EXPECT_TRUE(pool.lease(start, PrefixPool::Claim::further).has_value()) << i;
    }
    EXPECT_FALSE(pool.lease(start, PrefixPool::Claim::further).has_value());
    EXPECT_TRUE(pool.lease(start).has_value());
    EXPECT_TRUE(pool.lease(start).has_value());
    EXPECT_FALSE(pool.lease(start).has_value());
}

TEST(PrefixPool, BeginsElsewhereInAnotherLife)
{
    PrefixPool one{{0, 1000}, 17};
    PrefixPool other{{0, 1000}, 18};
    EXPECT_NE(one.lease(start), other.lease(start));
}

}  // namespace
}  // namespace stratum
