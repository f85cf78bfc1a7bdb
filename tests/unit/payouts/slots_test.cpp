#include "payouts/slots.h"

#include <vector>

#include <gtest/gtest.h>

#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::slot_ms;
using pool::UnixMillis;

constexpr UnixMillis start_of(std::uint64_t slot) { return {slot * slot_ms}; }

TEST(Sealing, WaitsForTheSlowestProducer)
{
    const std::vector<UnixMillis> marks{start_of(110), start_of(105)};
    EXPECT_EQ(sealable_through(marks, start_of(111), {}, {}), 104U);
}

TEST(Sealing, TakesASlotOnlyWhenItsEndHasPassed)
{
    const std::vector<UnixMillis> last_ms{UnixMillis{start_of(105).value - 1}};
    EXPECT_EQ(sealable_through(last_ms, start_of(105), {}, {}), 103U);
    const std::vector<UnixMillis> first_ms{start_of(105)};
    EXPECT_EQ(sealable_through(first_ms, start_of(105), {}, {}), 104U);
}

TEST(Sealing, GivesASilentProducerFifteenMinutes)
{
    const std::vector<UnixMillis> marks{start_of(100), UnixMillis{0}};
    EXPECT_EQ(sealable_through(marks, start_of(110), {}, {}), 94U);
    EXPECT_EQ(sealable_through(marks, start_of(116), {}, {}), 100U);
    EXPECT_EQ(sealable_through(marks, UnixMillis{start_of(116).value - 1}, {}, {}), 99U);
}

TEST(Sealing, DoesNotCountTheLagWhileStreamsHoldRecords)
{
    const std::vector<UnixMillis> marks{start_of(100)};
    EXPECT_EQ(sealable_through(marks, start_of(1000), {.drained = false}, {}), 99U);
    EXPECT_EQ(sealable_through(marks, start_of(1000), {}, {}), 984U);
}

// Under load there is always one that was not counted yet.
TEST(Sealing, CountsTheLagWhileStreamsHoldYoungerRecordsOnly)
{
    const std::vector<UnixMillis> marks{start_of(100)};
    const auto through = [&marks](std::uint64_t pending_ms) {
        return sealable_through(marks, start_of(1000), {.pending_since = UnixMillis{pending_ms}},
                                {});
    };
    EXPECT_EQ(through(start_of(999).value), 984U);
    EXPECT_EQ(through(start_of(985).value), 984U);
    EXPECT_EQ(through(start_of(985).value - 1), 99U);
    EXPECT_EQ(through(0), 99U) << "nobody knows how old it is";
}

// Redis is full: shares wait in the journal of a server that lives.
TEST(Sealing, WaitsForWhatALivingServersJournalHoldsButNotForEver)
{
    const std::vector<UnixMillis> marks{start_of(100)};
    const Waiting waiting{.unbooked_since = UnixMillis{start_of(105).value + 1}};
    EXPECT_EQ(sealable_through(marks, start_of(1000), waiting, {}), 104U);
    EXPECT_EQ(sealable_through(marks, start_of(110), waiting, {}), 99U) << "within the lag";
    constexpr std::uint64_t day = 24 * 60;
    EXPECT_EQ(sealable_through(marks, start_of(105 + day), waiting, {}), 104U);
    EXPECT_EQ(sealable_through(marks, start_of(106 + day), waiting, {}), 105U);
    const std::vector<UnixMillis> booked{start_of(120)};
    EXPECT_EQ(sealable_through(booked, start_of(121), {}, {}), 119U);
}

// One clock that is far ahead must not close minutes in which others will still mine.
TEST(Sealing, NeverClosesASlotThatHasNotEndedYet)
{
    const std::vector<UnixMillis> ahead{start_of(5000)};
    EXPECT_EQ(sealable_through(ahead, start_of(111), {}, {}), 110U);
}

TEST(Sealing, BeginsWithTheLagWhenNobodyEverMined)
{
    EXPECT_EQ(sealable_through({}, start_of(116), {}, {}), 100U);
    EXPECT_EQ(sealable_through({}, start_of(10), {}, {}), std::nullopt);
}

TEST(Booking, PutsALateRecordIntoTheOldestUnsealedSlot)
{
    EXPECT_EQ(book_into(100, 99).slot, 100U);
    EXPECT_FALSE(book_into(100, 99).late);
    EXPECT_EQ(book_into(99, 99).slot, 100U);
    EXPECT_TRUE(book_into(99, 99).late);
    EXPECT_EQ(book_into(1, 99).slot, 100U);
}

}  // namespace
}  // namespace payouts
