#include "stratum/variants.h"

#include <chrono>
#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using stratum::Variants;

pool::Job job_of_today()
{
    pool::Job job;
    job.id = {0x6a0001};
    job.version = 0x20000000;
    job.clean = true;
    job.coinbase_prefix = {1, 2, 3};
    job.coinbase_suffix = {0xff, 0xff, 0xff, 0xff, 1, 9};
    job.network_target = pool::difficulty_one_target();
    job.extranonce_bytes = 12;
    return job;
}

constexpr pool::Now start{pool::SteadyTime{} + std::chrono::hours{1}, {1'746'025'200'000}};

pool::Now later(milliseconds by)
{
    return {start.steady + by, {start.wall.value + static_cast<std::uint64_t>(by.count())}};
}

TEST(Variants, AreTheSameJobWithAnotherSequenceNumberAndIdAndInterruptNobody)
{
    pool::Job job = job_of_today();
    job.prepared = std::make_shared<const pool::Job>();
    Variants variants;
    const auto first = variants.make(job, 5, start);
    const auto second = variants.make(job, 5, later(milliseconds{100}));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->coinbase_suffix, (pool::Bytes{0xfe, 0xff, 0xff, 0xff, 1, 9}));
    EXPECT_EQ(second->coinbase_suffix, (pool::Bytes{0xfd, 0xff, 0xff, 0xff, 1, 9}));
    EXPECT_EQ(first->coinbase_prefix, job.coinbase_prefix);
    EXPECT_EQ(first->version, job.version);
    EXPECT_EQ(first->prepared, nullptr);
    EXPECT_FALSE(first->clean);
    EXPECT_EQ(first->id.value >> 20, 0x805U) << "bit 31, and the loop";
    EXPECT_EQ(second->id.value, first->id.value + 1) << "a tenth of a second";
}

TEST(Variants, ComeEightAtOnceAndThenOneASecond)
{
    const pool::Job job = job_of_today();
    Variants variants;
    const auto made_within = [&](milliseconds from, milliseconds to) {
        int made = 0;
        for (milliseconds at = from; at < to; at += milliseconds{100}) {
            made += variants.make(job, 0, later(at)) != nullptr ? 1 : 0;
        }
        return made;
    };
    // While the eight are used up, in eight tenths of a second, most of another one grows.
    EXPECT_EQ(made_within(seconds{0}, seconds{1}), 8);
    EXPECT_NEAR(made_within(seconds{1}, seconds{11}), 10, 1);
    EXPECT_EQ(made_within(seconds{60}, seconds{61}), 8) << "and no more, however quiet it was";
}

TEST(Variants, AreATenthOfASecondApart)
{
    Variants variants;
    EXPECT_TRUE(variants.may_be_due(start.steady));
    ASSERT_NE(variants.make(job_of_today(), 0, start), nullptr);
    EXPECT_FALSE(variants.may_be_due(later(milliseconds{99}).steady));
    EXPECT_EQ(variants.make(job_of_today(), 0, later(milliseconds{99})), nullptr);
    EXPECT_TRUE(variants.may_be_due(later(milliseconds{100}).steady));
}

TEST(Variants, NeedACoinbaseWithASequenceNumberBehindTheExtranonce)
{
    pool::Job job = job_of_today();
    job.coinbase_suffix = {0xff, 0xff, 0xff};
    EXPECT_EQ(Variants{}.make(job, 0, start), nullptr);
}

}  // namespace
}  // namespace tests
