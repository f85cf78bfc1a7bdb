// A clock that is set by an hour, forward and back, under a producer and the books' sealing.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
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

/// One producer and the rules of the books, on clocks that the test moves.
class Pool {
public:
    /// A share each ten seconds, for so long; the wall clock is off by so much meanwhile.
    void run(seconds time, std::int64_t off_ms)
    {
        for (seconds t{0}; t < time; t += seconds{10}) {
            steady_ += seconds{10};
            const auto true_ms =
                std::chrono::duration_cast<std::chrono::milliseconds>(steady_.time_since_epoch());
            truth_ = noon + static_cast<std::uint64_t>(true_ms.count());
            wall_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(truth_) + off_ms);
            step();
        }
    }
    std::uint64_t written = 0;
    std::uint64_t booked = 0;
    std::uint64_t late = 0;
    std::uint64_t sealed = 0;
    pool::UnixMillis last{};
    std::uint64_t truth() const { return truth_; }
    /// Another process on the same journal, as after a restart.
    void restart() { producer_ = life(); }

private:
    std::unique_ptr<pool::Producer> life()
    {
        return std::make_unique<pool::Producer>("a-0", journal_, [this] { return steady_; });
    }

    void step()
    {
        pool::ShareRecord share;
        share.bits = pool::CompactBits{0x207fffff};
        share.work = 1;
        pool::AccountKey key;
        key.script = {0x51};
        share.member = producer_->member(key);
        ASSERT_TRUE(producer_->append(std::span{&share, 1}, pool::UnixMillis{wall_}).has_value());
        ++written;
        ASSERT_TRUE(producer_->tick(pool::UnixMillis{wall_}).has_value());
        book();
        const pool::Now now{steady_, pool::UnixMillis{wall_}};
        const pool::UnixMillis checked = clock_.time(now, {});
        clock_.follow(now);
        const std::vector watermarks{state_.watermark};
        const auto through = sealable_through(watermarks, checked, {}, {});
        if (through) sealed = std::max(sealed, *through);
    }

    void book()
    {
        std::vector<pool::RecordBytes> raw;
        ASSERT_TRUE(journal_.read(state_.mark + 1, 1000, raw).has_value());
        std::vector<pool::Record> records;
        for (const pool::RecordBytes& bytes : raw) {
            records.push_back(pool::decode(bytes).value());
            const pool::UnixMillis at =
                std::visit([](const auto& each) { return each.at; }, records.back());
            EXPECT_GE(at, last) << "time went back";
            last = at;
        }
        const auto folded = fold(records, state_, sealed,
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
    pool::Journal journal_ = *pool::Journal::open(directory_.path(), {});
    pool::SteadyTime steady_{};
    std::unique_ptr<pool::Producer> producer_ = life();
    std::uint64_t truth_ = noon;
    std::uint64_t wall_ = noon;
    pool::ShareClock clock_;
    ProducerState state_;
};

TEST(ClockJump, OfAnHourAheadAndBackChangesNothing)
{
    Pool pool;
    pool.run(hours{1}, 0);
    pool.run(hours{1}, static_cast<std::int64_t>(hour_ms));
    EXPECT_EQ(pool.last.value, pool.truth()) << "the monotonic clock is followed";
    EXPECT_EQ(pool.sealed, pool.truth() / pool::slot_ms - 1);
    pool.run(hours{1}, 0);
    EXPECT_EQ(pool.last.value, pool.truth());
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
    EXPECT_EQ(pool.last.value, pool.truth()) << "putting it right is no jump ahead";
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
    EXPECT_EQ(pool.last.value, pool.truth() + hour_ms);
    pool.run(minutes{59}, 0);
    EXPECT_LT(pool.sealed, pool.last.value / pool::slot_ms);
    pool.run(minutes{5}, 0);
    EXPECT_EQ(pool.last.value, pool.truth());
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
