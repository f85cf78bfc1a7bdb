#include "pool/work/job.h"

#include <array>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "pool/work/job_table.h"

namespace pool {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

BlockTemplate template_with(std::uint32_t version, std::uint32_t required)
{
    BlockTemplate source;
    source.height = {201};
    source.previous.bytes.fill(0x11);
    source.version = version;
    source.version_required = required;
    source.bits = {0x207fffff};
    source.network_target = *target_from_compact(source.bits);
    source.time_min = {1'700'000'000};
    source.time_now = {1'700'000'060};
    source.reward = {5'000'000'000};
    return source;
}

std::shared_ptr<const Job> job_with(std::uint64_t id, std::uint8_t previous)
{
    BlockTemplate source = template_with(0x20000000, 0);
    source.previous.bytes.fill(previous);
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    return *make_job(JobId{id}, std::make_shared<const BlockTemplate>(source), plan, true);
}

// Charter, decision 17: regtest's 0x30000000 has a bit inside the rolling mask.
TEST(MakeJob, ClearsEveryVersionBitThatMinersMayRoll)
{
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    const auto source = std::make_shared<const BlockTemplate>(template_with(0x30000000, 0));
    const auto job = make_job(JobId{1}, source, plan, true);
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ((*job)->version, 0x20000000U);
    EXPECT_EQ((*job)->rolling_mask, 0x1fffe000U);
}

TEST(MakeJob, KeepsABitThatTheChainRequiresAndTakesItOutOfTheMask)
{
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    const auto source =
        std::make_shared<const BlockTemplate>(template_with(0x20006000, 0x00002000));
    const auto job = make_job(JobId{1}, source, plan, true);
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ((*job)->version, 0x20002000U);
    EXPECT_EQ((*job)->rolling_mask, 0x1fffc000U);
}

// Else every share would be good again under each later job of an unchanged template.
TEST(MakeJob, GivesEveryJobACoinbaseOfItsOwn)
{
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    const auto source = std::make_shared<const BlockTemplate>(template_with(0x20000000, 0));
    const auto one = make_job(JobId{0x1122334455667788}, source, plan, true);
    const auto two = make_job(JobId{0x1122334455667789}, source, plan, false);
    ASSERT_TRUE(one.has_value() && two.has_value());
    EXPECT_NE((*one)->coinbase_prefix, (*two)->coinbase_prefix);
    EXPECT_NE(to_hex((*one)->coinbase_prefix).find("2f7a7562722f088877665544332211"),
              std::string::npos);
}

TEST(MakeJob, RefusesATagThatDoesNotFitTheCoinbaseScript)
{
    const std::string tag(100, 'x');
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = tag};
    const auto source = std::make_shared<const BlockTemplate>(template_with(0x20000000, 0));
    const auto job = make_job(JobId{1}, source, plan, true);
    ASSERT_FALSE(job.has_value());
    EXPECT_EQ(job.error().code, Error::Code::limit);
}

// The block with the largest coinbase that still fits, and with one byte more.
TEST(MakeJob, FillsTheBlocksWeightToTheLastUnitAndNotBeyond)
{
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    BlockTemplate source = template_with(0x20000000, 0);
    const auto job = make_job(JobId{1}, std::make_shared<const BlockTemplate>(source), plan, true);
    ASSERT_TRUE(job.has_value());
    const std::size_t coinbase =
        (*job)->coinbase_prefix.size() + (*job)->extranonce_bytes + (*job)->coinbase_suffix.size();
    source.weight_limit = 4'000'000;
    // 80 bytes of header, 3 that count transactions; 36 of the coinbase's witness weigh one each.
    source.weight = source.weight_limit - 4 * (80 + 3 + coinbase) - 36;
    EXPECT_TRUE(make_job(JobId{1}, std::make_shared<const BlockTemplate>(source), plan, true));
    source.weight += 1;
    const auto heavy =
        make_job(JobId{1}, std::make_shared<const BlockTemplate>(source), plan, true);
    ASSERT_FALSE(heavy.has_value());
    EXPECT_EQ(heavy.error().code, Error::Code::limit);
}

TEST(MakeJob, LeavesSignatureChecksForItsOwnPayout)
{
    Script p2pkh(25, 0);
    p2pkh[0] = 0x76;
    const auto fits = [](const Script& script, std::uint64_t sigops) {
        BlockTemplate source = template_with(0x20000000, 0);
        source.sigop_limit = 80'000;
        source.sigops = sigops;
        const CoinbasePlan plan{.pay_to = script, .tag = "/zubr/"};
        return make_job(JobId{1}, std::make_shared<const BlockTemplate>(source), plan, true)
            .has_value();
    };
    EXPECT_TRUE(fits(p2pkh, 79'996));
    EXPECT_FALSE(fits(p2pkh, 79'997));
    EXPECT_TRUE(fits({0x51}, 80'000));
    EXPECT_FALSE(fits({0x51}, 80'001));
}

// Every known firmware takes 500 bytes; each of these scripts is one that a pool may be paid to.
TEST(MakeJob, KeepsTheCoinbaseWithinFiveHundredBytesWhateverItPaysTo)
{
    BlockTemplate source = template_with(0x20000000, 0);
    source.height = {1'000'000};
    source.witness_commitment = Bytes(38, 1);
    const std::string tag(60, 't');
    const auto size_with = [&](std::size_t script_bytes) -> std::size_t {
        const CoinbasePlan plan{.pay_to = Script(script_bytes, 0x51), .tag = tag};
        const auto job =
            make_job(JobId{1}, std::make_shared<const BlockTemplate>(source), plan, true);
        if (!job) return 0;
        return (*job)->coinbase_prefix.size() + (*job)->extranonce_bytes +
               (*job)->coinbase_suffix.size();
    };
    for (const std::size_t script : std::array<std::size_t, 5>{22, 23, 25, 34, 42})
        EXPECT_GT(size_with(script), 0U) << script;
    std::size_t largest = 0;
    std::size_t script = 1;
    for (; size_with(script) != 0; ++script) largest = size_with(script);
    EXPECT_LE(largest, coinbase_bytes_max);
    EXPECT_GE(largest + 3, coinbase_bytes_max) << "no room is left unused but a length's growth";
}

TEST(BlockOf, CarriesTheWitnessOnlyWhenTheBlockCommitsToOne)
{
    BlockTemplate plain = template_with(0x20000000, 0);
    BlockTemplate committed = plain;
    committed.witness_commitment = *from_hex("6a24aa21a9ed" + std::string(64, '0'));
    const CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    const auto without =
        make_job(JobId{1}, std::make_shared<const BlockTemplate>(plain), plan, true);
    const auto with =
        make_job(JobId{2}, std::make_shared<const BlockTemplate>(committed), plan, true);
    const auto coinbase = [](const Job& job) {
        Bytes bytes = job.coinbase_prefix;
        bytes.resize(bytes.size() + job.extranonce_bytes, 0xee);
        bytes.insert(bytes.end(), job.coinbase_suffix.begin(), job.coinbase_suffix.end());
        return bytes;
    };
    const Bytes stripped = coinbase(**without);
    // 80 header, 1 count, then the coinbase.
    EXPECT_EQ(block_of(**without, HeaderBytes{}, stripped).size(), 81 + stripped.size());
    const Bytes committing = coinbase(**with);
    // Marker and flag, count 1, length 32 and 32 zero bytes more (BIP 141).
    EXPECT_EQ(block_of(**with, HeaderBytes{}, committing).size(), 81 + committing.size() + 2 + 34);
}

TEST(JobTable, CallsOlderJobsStaleOnceTheTipMoves)
{
    JobTable table;
    const SteadyTime start{};
    table.add(job_with(1, 0xaa), start);
    table.add(job_with(2, 0xaa), start + seconds{30});
    EXPECT_FALSE(table.find(JobId{1})->stale);
    table.add(job_with(3, 0xbb), start + seconds{60});
    EXPECT_TRUE(table.find(JobId{1})->stale);
    EXPECT_TRUE(table.find(JobId{2})->stale);
    EXPECT_FALSE(table.find(JobId{3})->stale);
    EXPECT_EQ(table.current()->id, JobId{3});
}

TEST(JobTable, ForgetsJobsAfterTenMinutesAndSaysWhich)
{
    JobTable table;
    const SteadyTime start{};
    EXPECT_TRUE(table.add(job_with(1, 0xaa), start).empty());
    EXPECT_TRUE(table.add(job_with(2, 0xaa), start + minutes{1}).empty());
    EXPECT_TRUE(table.add(job_with(3, 0xaa), start + minutes{10}).empty());
    const auto forgotten = table.add(job_with(4, 0xaa), start + minutes{12});
    EXPECT_EQ(forgotten, std::vector<JobId>{JobId{1}});
    EXPECT_EQ(table.find(JobId{1}), nullptr);
    EXPECT_NE(table.find(JobId{2}), nullptr);
}

// The node was silent: all mine on it when the next one comes, and a block may be among what they
// have sent.
TEST(JobTable, KeepsWhatWasTheNewestForTenMinutesMoreHoweverLongItWas)
{
    JobTable table;
    const SteadyTime start{};
    table.add(job_with(1, 0xaa), start);
    table.add_variant(job_with(2, 0xaa));
    EXPECT_EQ(table.current()->id, JobId{1});
    EXPECT_TRUE(table.add(job_with(3, 0xbb), start + minutes{60}).empty());
    ASSERT_NE(table.find(JobId{1}), nullptr);
    EXPECT_TRUE(table.find(JobId{1})->stale);
    ASSERT_NE(table.find(JobId{2}), nullptr);
    EXPECT_TRUE(table.find(JobId{2})->stale);
    table.add(job_with(4, 0xbb), start + minutes{71});
    EXPECT_EQ(table.find(JobId{1}), nullptr);
    EXPECT_EQ(table.find(JobId{2}), nullptr);
}

TEST(JobTable, NeverHoldsMoreThanItsBound)
{
    JobTable table;
    const SteadyTime start{};
    for (std::uint64_t id = 1; id <= JobTable::jobs_max; ++id) table.add(job_with(id, 1), start);
    const auto forgotten = table.add(job_with(JobTable::jobs_max + 1, 1), start);
    EXPECT_EQ(forgotten, std::vector<JobId>{JobId{1}});
}

TEST(JobTable, KnowsNoJobBeforeTheFirst)
{
    const JobTable table;
    EXPECT_EQ(table.current(), nullptr);
    EXPECT_EQ(table.find(JobId{1}), nullptr);
}

}  // namespace
}  // namespace pool
