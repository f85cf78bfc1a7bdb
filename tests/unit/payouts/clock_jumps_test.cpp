// A clock that is set by an hour, forward and back, under a producer and the books' sealing.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/fold.h"
#include "payouts/slots.h"
#include "pool/share/journal.h"
#include "pool/share/producer.h"
#include "pool/share/share_clock.h"
#include "tests/support/process.h"

namespace payouts {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t noon = 1'800'000'000'000;
constexpr std::uint64_t hour_ms = 3'600'000;

/// Producers of one server or two, and the rules of the books, on clocks that the test moves. The
/// first server seals.
class Pool {
public:
    explicit Pool(std::size_t servers = 1)
    {
        for (std::size_t i = 0; i < servers; ++i) {
            const std::string name = std::string(1, static_cast<char>('a' + i)) + "-0";
            auto journal = pool::Journal::open(directory_.path() / name, {});
            servers_.push_back(std::make_unique<Server>(name, std::move(*journal)));
            servers_.back()->producer = life(*servers_.back());
        }
    }

    /// A share each ten seconds on each server, for so long; the first one's wall clock is off by
    /// so much meanwhile, and the second one's.
    void run(seconds time, std::int64_t off_ms, std::int64_t second_off_ms = 0)
    {
        for (seconds t{0}; t < time; t += seconds{10}) {
            steady_ += seconds{10};
            const auto true_ms =
                std::chrono::duration_cast<std::chrono::milliseconds>(steady_.time_since_epoch());
            truth_ = noon + static_cast<std::uint64_t>(true_ms.count());
            for (const auto& server : servers_) {
                const bool first = server == servers_.front();
                step(*server, off_by(first ? off_ms : second_off_ms));
            }
            seal(off_by(off_ms));
        }
    }
    std::uint64_t written = 0;
    std::uint64_t booked = 0;
    std::uint64_t late = 0;
    std::uint64_t sealed = 0;
    std::uint64_t truth() const { return truth_; }
    /// When the first server's newest record was made, as it says.
    pool::UnixMillis last() const { return servers_.front()->last; }
    /// Another process on the first server's journal, as after a restart.
    void restart() { servers_.front()->producer = life(*servers_.front()); }

private:
    struct Server {
        Server(std::string is, pool::Journal on) : name(std::move(is)), journal(std::move(on)) {}
        std::string name;
        pool::Journal journal;
        std::unique_ptr<pool::Producer> producer;
        ProducerState state;
        pool::UnixMillis last{};
    };

    std::unique_ptr<pool::Producer> life(Server& server)
    {
        return std::make_unique<pool::Producer>(server.name, server.journal,
                                                [this] { return steady_; });
    }

    pool::UnixMillis off_by(std::int64_t ms) const
    {
        return {static_cast<std::uint64_t>(static_cast<std::int64_t>(truth_) + ms)};
    }

    void step(Server& server, pool::UnixMillis wall)
    {
        pool::ShareRecord share;
        share.bits = pool::CompactBits{0x207fffff};
        share.work = 1;
        pool::AccountKey key;
        key.script = {0x51};
        share.member = server.producer->member(key);
        ASSERT_TRUE(server.producer->append(std::span{&share, 1}, wall).has_value());
        ++written;
        ASSERT_TRUE(server.producer->tick(wall).has_value());
        book(server);
    }

    void seal(pool::UnixMillis wall)
    {
        std::vector<pool::UnixMillis> watermarks;
        for (const auto& server : servers_) watermarks.push_back(server->state.watermark);
        // The database is on the same machine: it knows no better.
        const auto due = sealing_.due(watermarks, {steady_, wall}, {}, sealed,
                                      [wall] { return pool::Result<pool::UnixMillis>{wall}; });
        ASSERT_TRUE(due.has_value());
        if (!*due) return;
        EXPECT_GT(**due, sealed) << "a sealed slot was sealed again";
        sealed = **due;
    }

    void book(Server& server)
    {
        std::vector<pool::RecordBytes> raw;
        ASSERT_TRUE(server.journal.read(server.state.mark + 1, 1000, raw).has_value());
        std::vector<pool::Record> records;
        for (const pool::RecordBytes& bytes : raw) {
            records.push_back(pool::decode(bytes).value());
            const pool::UnixMillis at =
                std::visit([](const auto& each) { return each.at; }, records.back());
            EXPECT_GE(at, server.last) << "time went back";
            server.last = at;
        }
        const auto folded = fold(records, server.state, sealed,
                                 [](const pool::AccountRecord&) -> pool::Result<pool::AccountId> {
                                     return pool::AccountId{1};
                                 });
        ASSERT_TRUE(folded.has_value()) << folded.error().detail;
        for (const auto& [key, bucket] : folded->buckets) {
            EXPECT_GT(key.slot, sealed) << "a sealed slot was added to";
            booked += bucket.shares;
            late += bucket.late;
        }
    }

    tests::TempDir directory_;
    pool::SteadyTime steady_{};
    std::vector<std::unique_ptr<Server>> servers_;
    std::uint64_t truth_ = noon;
    Sealing sealing_{SealRules{}};
};

TEST(ClockJump, OfAnHourAheadAndBackChangesNothing)
{
    Pool pool;
    pool.run(hours{1}, 0);
    pool.run(hours{1}, static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.last().value, pool.truth()) << "the monotonic clock is followed";
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    pool.run(hours{1}, 0);
    EXPECT_EQ(pool.last().value, pool.truth());
    EXPECT_EQ(pool.booked, pool.written);
    EXPECT_EQ(pool.late, 0U);
}

TEST(ClockJump, OfAnHourBackDelaysMoneyUntilTheClockIsRightAgainAndLosesNothing)
{
    Pool pool;
    pool.run(hours{1}, 0);
    const std::uint64_t before = pool.sealed;
    pool.run(minutes{50}, -static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.sealed, before) << "nothing is sealed by a time that was";
    pool.run(hours{1}, 0);
    EXPECT_EQ(pool.last().value, pool.truth()) << "putting it right is no jump ahead";
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    EXPECT_EQ(pool.booked, pool.written);
    EXPECT_EQ(pool.late, 0U);
}

TEST(ClockJump, ThatARestartHasBelievedDelaysMoneyNoLongerThanTheJump)
{
    Pool pool;
    pool.run(minutes{30}, 0);
    pool.restart();
    pool.run(minutes{10}, static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.last().value, pool.truth() + hour_ms);
    pool.run(minutes{59}, 0);
    EXPECT_LT(pool.sealed, pool.last().value / pool::slot_ms);
    pool.run(minutes{5}, 0);
    EXPECT_EQ(pool.last().value, pool.truth());
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    EXPECT_EQ(pool.booked, pool.written);
}

// The other goes on and seals: after the lag without those of the slow one, whose shares are then
// counted in the oldest minute that is open.
TEST(ClockJump, OfOneServerOfTwoHoldsTheOtherUpForTheLagOnlyAndOpensNoSlotAgain)
{
    Pool pool{2};
    pool.run(hours{1}, 0, 0);
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    pool.run(hours{1}, 0, static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1) << "one that is ahead";
    pool.run(hours{1}, 0, 0);
    EXPECT_EQ(pool.late, 0U);
    pool.run(minutes{50}, 0, -static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 16);
    EXPECT_GT(pool.late, 0U) << "else nothing has tried to open a slot";
    pool.run(hours{1}, 0, 0);
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    EXPECT_EQ(pool.booked, pool.written);
}

TEST(ShareClock, BelievesSmallStepsAndAServerThatWasOffForDays)
{
    pool::ShareClock clock;
    const pool::SteadyTime start{};
    const pool::UnixMillis last{noon};
    const pool::UnixMillis days_later{noon + 100 * hour_ms};
    EXPECT_EQ(clock.time({start, days_later}, last), days_later) << "the first reading";
    clock.follow({start, days_later});
    const pool::UnixMillis nine_minutes{days_later.value + 540'000};
    EXPECT_EQ(clock.time({start + seconds{1}, nine_minutes}, last), nine_minutes);
    clock.follow({start + seconds{1}, nine_minutes});
    const pool::UnixMillis far{nine_minutes.value + 601'001};
    EXPECT_EQ(clock.time({start + seconds{2}, far}, last).value, nine_minutes.value + 1000);
    EXPECT_TRUE(clock.runs_ahead({start + seconds{2}, far}, last));
}

}  // namespace
}  // namespace payouts
