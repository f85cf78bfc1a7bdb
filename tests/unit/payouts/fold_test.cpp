#include "payouts/fold.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::AccountRecord;
using pool::CompactBits;
using pool::Error;
using pool::MemberHandle;
using pool::Record;
using pool::RecordKind;
using pool::ShareRecord;
using pool::U128;
using pool::UnixMillis;
using pool::WorkerHandle;

constexpr CompactBits mainnet_bits{0x1701f0cc};
constexpr CompactBits regtest_bits{0x207fffff};
constexpr U128 unit = 1'000'000'000'000'000'000;

/// Records in the order of their numbers, as a producer writes them.
class Stream {
public:
    void share(std::uint64_t slot, std::uint64_t member, U128 work,
               RecordKind kind = RecordKind::share, CompactBits bits = mainnet_bits)
    {
        ShareRecord record;
        record.kind = kind;
        record.bits = bits;
        record.seq = ++seq_;
        record.at = UnixMillis{slot * pool::slot_ms + 5};
        record.slot = slot;
        record.member = MemberHandle{member};
        record.work = work;
        records_.emplace_back(record);
    }
    void account(std::uint64_t member, std::uint8_t script)
    {
        records_.emplace_back(AccountRecord{++seq_, {}, MemberHandle{member}, {script}, {}});
    }
    void worker(std::uint32_t worker, std::uint64_t member, const std::string& name)
    {
        records_.emplace_back(
            pool::WorkerRecord{++seq_, {}, MemberHandle{member}, WorkerHandle{worker}, name});
    }
    void mark(std::uint64_t slot)
    {
        records_.emplace_back(pool::MarkRecord{++seq_, UnixMillis{slot * pool::slot_ms}});
    }
    void start() { records_.emplace_back(pool::StartRecord{++seq_, {}}); }
    std::vector<Record> take() { return std::move(records_); }

private:
    std::uint64_t seq_ = 0;
    std::vector<Record> records_;
};

// The account row of a script of one byte is a hundred times that byte.
pool::Result<AccountId> row_of(const AccountRecord& record)
{
    return AccountId{std::uint64_t{record.script.at(0)} * 100};
}

TEST(Fold, SumsSharesBySlotAndAccount)
{
    Stream stream;
    stream.start();
    stream.account(1, 4);
    stream.account(2, 5);
    stream.share(10, 1, 281'479'271'743'489);
    stream.share(10, 1, 281'479'271'743'489);
    stream.share(10, 2, 281'479'271'743'489, RecordKind::block);
    stream.share(11, 1, 36'029'346'783'166'592);
    ProducerState state;
    const auto folded = fold(stream.take(), state, 9, row_of);
    ASSERT_TRUE(folded.has_value()) << folded.error().detail;

    const std::map<BucketKey, Bucket> expected{
        {{10, AccountId{400}}, {2, 0, 0, 562'958'543'486'978, 0, 903'682'040}},
        {{10, AccountId{500}}, {1, 0, 0, 281'479'271'743'489, 0, 451'841'020}},
        {{11, AccountId{400}}, {1, 0, 0, 36'029'346'783'166'592, 0, 57'835'650'587}}};
    EXPECT_EQ(folded->buckets, expected);
    EXPECT_EQ(folded->records, 7U);
    EXPECT_EQ(state.mark, 7U);
    EXPECT_EQ(state.watermark.value, 11 * pool::slot_ms + 5);
}

TEST(Fold, BooksLateSharesIntoTheOldestUnsealedSlot)
{
    Stream stream;
    stream.account(1, 4);
    stream.share(5, 1, 1000);
    stream.share(9, 1, 1000, RecordKind::stale);
    stream.share(10, 1, 1000);
    ProducerState state;
    const auto folded = fold(stream.take(), state, 9, row_of);
    ASSERT_TRUE(folded.has_value());
    const std::map<BucketKey, Bucket> expected{{{10, AccountId{400}}, {2, 1, 2, 2000, 1000, 0}}};
    EXPECT_EQ(folded->buckets, expected);
}

TEST(Fold, RecordsStaleSharesWithoutScore)
{
    Stream stream;
    stream.account(1, 4);
    stream.share(10, 1, pool::work_of(*pool::target_from_compact(mainnet_bits)), RecordKind::stale);
    ProducerState state;
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_TRUE(folded.has_value());
    const Bucket& bucket = folded->buckets.begin()->second;
    EXPECT_EQ(bucket.stale, 1U);
    EXPECT_EQ(bucket.shares, 0U);
    EXPECT_EQ(bucket.score, 0U);
    EXPECT_GT(bucket.stale_work, 0U);
}

TEST(Fold, VoidsHandlesWhenTheProducerStartsAnew)
{
    ProducerState state;
    state.members[1] = AccountId{400};
    Stream stream;
    stream.share(10, 1, 1000);
    stream.start();
    stream.account(1, 5);
    stream.worker(1, 1, "rig");
    stream.share(10, 1, 1000);
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_TRUE(folded.has_value());
    EXPECT_EQ(folded->buckets.size(), 2U);
    EXPECT_TRUE(folded->restarted);
    const std::map<std::uint64_t, AccountId> members{{1, AccountId{500}}};
    EXPECT_EQ(folded->members, members);
    EXPECT_EQ(folded->workers.size(), 1U);
    EXPECT_EQ(state.members.at(1), AccountId{500});
}

TEST(Fold, RefusesAHandleThatNobodyDeclaredInThisLife)
{
    ProducerState state;
    state.members[1] = AccountId{400};
    Stream stream;
    stream.start();
    stream.share(10, 1, 1000);
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_FALSE(folded.has_value());
    EXPECT_EQ(folded.error().code, Error::Code::invalid);
}

TEST(Fold, PassesOnWhyAnAccountCannotBeHad)
{
    ProducerState state;
    Stream stream;
    stream.account(1, 4);
    const auto folded =
        fold(stream.take(), state, 0, [](const AccountRecord&) -> pool::Result<AccountId> {
            return pool::fail(Error::Code::unavailable, "MySQL is gone");
        });
    ASSERT_FALSE(folded.has_value());
    EXPECT_EQ(folded.error().code, Error::Code::unavailable);
}

TEST(Fold, RefusesATargetThatIsNone)
{
    for (const std::uint32_t bits : {0U, 0x01003456U, 0x1d800000U, 0xff123456U, 0x0f00ffffU}) {
        ProducerState state;
        Stream stream;
        stream.account(1, 4);
        stream.share(10, 1, 1000, RecordKind::share, CompactBits{bits});
        EXPECT_FALSE(fold(stream.take(), state, 0, row_of).has_value()) << std::hex << bits;
    }
}

// On regtest every share is a block: a slot holds as many units of score as it has shares.
TEST(Fold, HoldsAHundredThousandUnitsInASlot)
{
    ProducerState state;
    Stream stream;
    stream.account(1, 4);
    for (int i = 0; i < 100'000; ++i) {
        stream.share(10, 1, 2, RecordKind::block, regtest_bits);
    }
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_TRUE(folded.has_value());
    EXPECT_EQ(folded->buckets.begin()->second.score, 100'000 * unit);
}

TEST(Fold, BoundsAScoreThatNoHonestTargetReaches)
{
    ProducerState state;
    Stream stream;
    stream.account(1, 4);
    stream.share(10, 1, (U128{1} << 96) - 1, RecordKind::share, regtest_bits);
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_TRUE(folded.has_value());
    EXPECT_EQ(folded->buckets.begin()->second.score, score_max);
}

TEST(Fold, KeepsTheNewestTimeAsWatermark)
{
    ProducerState state;
    state.watermark = UnixMillis{50 * pool::slot_ms};
    Stream stream;
    stream.mark(49);
    ASSERT_TRUE(fold(stream.take(), state, 0, row_of).has_value());
    EXPECT_EQ(state.watermark.value, 50 * pool::slot_ms);
}

TEST(Fold, SumsEachWorkersTenMinutesUnderItsName)
{
    ProducerState state;
    Stream stream;
    stream.account(1, 4);
    stream.worker(0, 1, "rig.1");
    stream.share(9, 1, 5);
    stream.share(9, 1, 6, RecordKind::stale);
    stream.share(10, 1, 7);
    stream.start();
    stream.account(1, 4);
    stream.share(10, 1, 8);
    const auto folded = fold(stream.take(), state, 0, row_of);
    ASSERT_TRUE(folded.has_value());
    const std::map<WorkerKey, WorkerSum> expected{{{0, AccountId{400}, "rig.1"}, {1, 1, 5}},
                                                  {{1, AccountId{400}, "rig.1"}, {1, 0, 7}},
                                                  {{1, AccountId{400}, ""}, {1, 0, 8}}};
    EXPECT_EQ(folded->worker_sums, expected);
}

TEST(FoldDeathTest, RefusesAGap)
{
    ProducerState state;
    state.mark = 1;
    Stream stream;
    stream.mark(1);
    const auto records = stream.take();
    EXPECT_DEATH(static_cast<void>(fold(records, state, 0, row_of)), "gaps are found");
}

}  // namespace
}  // namespace payouts
