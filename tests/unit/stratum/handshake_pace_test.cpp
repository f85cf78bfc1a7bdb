#include "stratum/handshake_pace.h"

#include <chrono>

#include <gtest/gtest.h>

namespace {

using std::chrono::microseconds;
using stratum::HandshakePace;

constexpr pool::SteadyTime began{std::chrono::hours{1}};

TEST(HandshakePace, RestsAsLongAsRoundsTook)
{
    HandshakePace pace;
    EXPECT_EQ(pace.rest(began).count(), 0);
    const pool::SteadyTime ended = began + microseconds{1'200};
    pace.worked(began, ended);
    EXPECT_EQ(pace.rest(ended), microseconds{1'200});
    EXPECT_EQ(pace.rest(ended + microseconds{1'199}), microseconds{1});
    EXPECT_EQ(pace.rest(ended + microseconds{1'200}).count(), 0);
    EXPECT_EQ(pace.rest(ended + microseconds{5'000}).count(), 0);
}

TEST(HandshakePace, HasEnoughOfAFewRoundsOrOfALongOne)
{
    EXPECT_FALSE(HandshakePace::enough(1, began, began + microseconds{249}));
    EXPECT_TRUE(HandshakePace::enough(1, began, began + microseconds{250}));
    EXPECT_FALSE(HandshakePace::enough(3, began, began));
    EXPECT_TRUE(HandshakePace::enough(4, began, began));
}

// Whatever a round costs, others have half of the time at least.
TEST(HandshakePace, TakesAtMostHalfOfALoopsTime)
{
    for (const microseconds round : {microseconds{20}, microseconds{130}, microseconds{1'000}}) {
        HandshakePace pace;
        microseconds worked{0};
        pool::SteadyTime now = began;
        while (now < began + std::chrono::seconds{1}) {
            now += pace.rest(now);
            const pool::SteadyTime from = now;
            std::size_t rounds = 0;
            do {
                now += round;
                worked += round;
            } while (!HandshakePace::enough(++rounds, from, now));
            pace.worked(from, now);
        }
        EXPECT_LE(worked, (now - began) / 2 + 4 * round) << round.count();
        EXPECT_GE(worked, (now - began) / 3) << round.count();
    }
}

}  // namespace
