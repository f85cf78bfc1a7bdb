#include "stratum/waiting_room.h"

#include <chrono>

#include <gtest/gtest.h>

namespace stratum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A clock and a room for three, with two rounds' patience.
struct Room {
    pool::SteadyTime now = pool::SteadyTime{} + std::chrono::hours{1};
    WaitingRoom room{3, 2};

    void rounds(int count, milliseconds each)
    {
        for (int i = 0; i < count; ++i) room.round(now += each);
    }
};

TEST(WaitingRoom, SendsTheOldestAwayWhenItIsFullAndTheyHadTheirTime)
{
    Room at;
    at.rounds(1, seconds{1});
    for (const std::uint64_t id : {1U, 2U, 3U}) at.room.enter({id});
    EXPECT_TRUE(at.room.full());
    at.rounds(2, seconds{1});
    EXPECT_FALSE(at.room.next_to_go());
    at.rounds(1, seconds{1});
    ASSERT_EQ(at.room.next_to_go(), pool::SessionId{1});
    at.room.leave({1});
    EXPECT_FALSE(at.room.full());
    EXPECT_FALSE(at.room.next_to_go());
    at.room.enter({4});
    EXPECT_EQ(at.room.next_to_go(), pool::SessionId{2});
}

TEST(WaitingRoom, LetsThoseStayWhomABusyMachineHasNotServed)
{
    Room at;
    at.rounds(1, seconds{1});
    for (const std::uint64_t id : {1U, 2U, 3U}) at.room.enter({id});
    // An hour in which every turn of the loop takes half a second too long.
    at.rounds(2400, milliseconds{1500});
    EXPECT_FALSE(at.room.next_to_go());
    at.rounds(3, seconds{1});
    EXPECT_EQ(at.room.next_to_go(), pool::SessionId{1});
}

TEST(WaitingRoom, UsesUpNobodysPatienceWhoWaitsForUs)
{
    Room at;
    at.rounds(1, seconds{1});
    for (const std::uint64_t id : {1U, 2U, 3U}) at.room.enter({id});
    at.rounds(1, seconds{1});
    for (const std::uint64_t id : {1U, 2U, 3U}) at.room.keep_waiting({id});
    at.rounds(100, seconds{1});
    EXPECT_TRUE(at.room.full()) << "they count";
    EXPECT_FALSE(at.room.next_to_go());
    for (const std::uint64_t id : {2U, 1U}) at.room.served({id});
    // One round was its own before: there is one left, and the one that is not wholly its own.
    at.rounds(1, seconds{1});
    EXPECT_FALSE(at.room.next_to_go());
    at.room.keep_waiting({1});
    at.rounds(1, seconds{1});
    EXPECT_EQ(at.room.next_to_go(), pool::SessionId{2}) << "the oldest of whom we wait for";
    at.room.leave({2});
    at.room.leave({3});
    EXPECT_EQ(at.room.waiting(), 1U);
    at.room.leave({1});
    at.room.served({1});
    at.room.keep_waiting({4});
    EXPECT_EQ(at.room.waiting(), 0U);
    for (const std::uint64_t id : {5U, 6U, 7U}) at.room.enter({id});
    at.rounds(3, seconds{1});
    EXPECT_EQ(at.room.next_to_go(), pool::SessionId{5});
}

TEST(WaitingRoom, ForgetsWhoHasLeft)
{
    Room at;
    at.rounds(1, seconds{1});
    at.room.enter({0});
    for (std::uint64_t id = 1; id < 100'000; ++id) {
        at.room.enter({id});
        at.room.leave({id});
    }
    EXPECT_EQ(at.room.waiting(), 1U);
    at.room.enter({100'001});
    at.room.enter({100'002});
    at.rounds(3, seconds{1});
    ASSERT_EQ(at.room.next_to_go(), pool::SessionId{0});
    at.room.leave({0});
    at.room.enter({100'003});
    EXPECT_EQ(at.room.next_to_go(), pool::SessionId{100'001});
}

}  // namespace
}  // namespace stratum
