#include "pool/share/check.h"

#include <array>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"

namespace pool {
namespace {

// Block 170 of mainnet, cut so that its coinbase script "04 ffff001d 0102" holds the extranonce
// ffff001d 0102. Its hash 00000000d1145790… has difficulty 1.22.
std::shared_ptr<const Job> block_170(std::uint64_t id, CompactBits network)
{
    auto job = std::make_shared<Job>();
    job->id = {id};
    job->height = {170};
    job->previous.bytes = *digest_from_display_hex(
        "000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55");
    job->version = 1;
    job->bits = {0x1d00ffff};
    job->network_target = *target_from_compact(network);
    job->time_min = {0x496ab951};
    job->coinbase_prefix = *from_hex(
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704");
    job->coinbase_suffix = *from_hex(
        "ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052"
        "d64ac625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac00000000");
    job->extranonce_bytes = 6;
    MerkleNode sibling;
    EXPECT_TRUE(hex_into("169e1e83e930853391bc6f35f605c6754cfead57cf8387639d3b4096c54f18f4",
                         sibling.bytes));
    job->branch = {sibling};
    return job;
}

constexpr CompactBits hard{0x1701f0cc};  // a network far above the share
constexpr CompactBits easy{0x1d00ffff};  // difficulty 1: the share is a block
constexpr UnixTime now{0x496ab951 + 60};

Submission claim(std::uint64_t job)
{
    Submission out;
    out.job = {job};
    out.extranonce.bytes = {0xff, 0xff, 0x00, 0x1d, 0x01, 0x02};
    out.extranonce.prefix_length = 4;
    out.extranonce.length = 6;
    out.time = 0x496ab951;
    out.nonce = 0x709e3e28;
    out.version = 1;
    out.version_allowed = true;
    out.authorised = true;
    out.promise.target = target_of(Difficulty{0});
    out.promise.work = work_of(out.promise.target);
    return out;
}

struct Bench {
    JobTable jobs;
    SeenShares seen;
    ShareChecker checker;
    std::vector<Verdict> verdicts;

    Verdict judge(const Submission& submission, UnixTime at = now)
    {
        checker.check(std::array{submission}, jobs, seen, at, verdicts);
        return verdicts.at(0);
    }
};

TEST(ShareChecker, AcceptsBlock170AtDifficultyOne)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    const Verdict verdict = bench.judge(claim(1));
    EXPECT_EQ(verdict.judgement, Judgement::accepted);
    EXPECT_TRUE(verdict.proven);
    EXPECT_FALSE(verdict.block);
    EXPECT_EQ(to_display_hex(verdict.hash),
              "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee");
}

TEST(ShareChecker, RefusesItAtDifficultyTwo)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    Submission submission = claim(1);
    submission.promise.target = target_of(Difficulty{1});
    EXPECT_EQ(bench.judge(submission).judgement, Judgement::low_difficulty);
}

TEST(ShareChecker, AcceptsAHashThatEqualsItsTarget)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    Submission submission = claim(1);
    submission.promise.target = hash_as_number(bench.judge(claim(1)).hash);
    Bench again;
    again.jobs.add(block_170(1, hard), {});
    EXPECT_EQ(again.judge(submission).judgement, Judgement::accepted);
}

TEST(ShareChecker, RefusesAHashThatIsOneAboveItsTarget)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    Submission submission = claim(1);
    submission.promise.target = hash_as_number(bench.judge(claim(1)).hash) - Uint256{1};
    EXPECT_EQ(bench.judge(submission).judgement, Judgement::low_difficulty);
}

TEST(ShareChecker, RefusesTheSameShareASecondTimeAlsoWithinOneBatch)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    bench.checker.check(std::array{claim(1), claim(1)}, bench.jobs, bench.seen, now,
                        bench.verdicts);
    EXPECT_EQ(bench.verdicts[0].judgement, Judgement::accepted);
    EXPECT_EQ(bench.verdicts[1].judgement, Judgement::duplicate);
    EXPECT_EQ(bench.judge(claim(1)).judgement, Judgement::duplicate);
}

TEST(ShareChecker, DoesNotRememberARefusedShareAsADuplicate)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    Submission submission = claim(1);
    submission.promise.target = target_of(Difficulty{1});
    bench.judge(submission);
    bench.judge(submission);
    EXPECT_EQ(bench.seen.size(), 0U);
}

TEST(ShareChecker, KnowsNothingOfAJobItWasNotGiven)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    const Verdict verdict = bench.judge(claim(2));
    EXPECT_EQ(verdict.judgement, Judgement::unknown_job);
    EXPECT_FALSE(verdict.block);
}

// Charter, decision 4: the network's target first, whatever else is wrong with the share.
TEST(ShareChecker, FindsTheBlockInAShareThatIsRefusedForAnotherReason)
{
    const auto refused_as = [](auto&& spoil, Judgement expected, UnixTime at = now) {
        Bench bench;
        bench.jobs.add(block_170(1, easy), {});
        Submission submission = claim(1);
        spoil(submission, bench);
        const Verdict verdict = bench.judge(submission, at);
        EXPECT_EQ(verdict.judgement, expected);
        EXPECT_TRUE(verdict.block);
    };
    refused_as([](Submission& s, Bench&) { s.authorised = false; }, Judgement::unauthorised);
    refused_as([](Submission& s, Bench&) { s.version_allowed = false; },
               Judgement::version_not_allowed);
    refused_as([](Submission& s, Bench&) { s.promise.target = target_of(Difficulty{1}); },
               Judgement::low_difficulty);
    refused_as([](Submission& s, Bench& bench) { bench.judge(s); }, Judgement::duplicate);
    refused_as(
        [](Submission&, Bench& bench) {
            auto next = std::make_shared<Job>(*block_170(2, easy));
            next->previous.bytes.fill(7);
            bench.jobs.add(next, {});
        },
        Judgement::stale);
    refused_as([](Submission&, Bench&) {}, Judgement::time_too_new,
               UnixTime{0x496ab951 - time_ahead_max_seconds - 1});
}

TEST(ShareChecker, TakesTimesFromTheTemplatesMinimumToTwoHoursAhead)
{
    Bench bench;
    auto job = std::make_shared<Job>(*block_170(1, hard));
    job->time_min = {0x496ab952};
    bench.jobs.add(job, {});
    EXPECT_EQ(bench.judge(claim(1)).judgement, Judgement::time_too_old);

    Bench edge;
    edge.jobs.add(block_170(1, hard), {});
    const UnixTime two_hours_before{0x496ab951 - time_ahead_max_seconds};
    EXPECT_EQ(edge.judge(claim(1), two_hours_before).judgement, Judgement::accepted);
}

TEST(ShareChecker, RecordsAStaleShareOnlyIfItProvesItsWorkAndOnlyOnce)
{
    Bench bench;
    bench.jobs.add(block_170(1, hard), {});
    auto next = std::make_shared<Job>(*block_170(2, hard));
    next->previous.bytes.fill(7);
    bench.jobs.add(next, {});
    Submission junk = claim(1);
    junk.nonce = 1;
    EXPECT_EQ(bench.judge(junk).judgement, Judgement::stale);
    EXPECT_FALSE(bench.judge(junk).proven);
    EXPECT_TRUE(bench.judge(claim(1)).proven);
    EXPECT_FALSE(bench.judge(claim(1)).proven);
}

TEST(ShareChecker, JudgesAnEmptyBatch)
{
    Bench bench;
    bench.checker.check({}, bench.jobs, bench.seen, now, bench.verdicts);
    EXPECT_TRUE(bench.verdicts.empty());
}

TEST(SeenShares, ForgetsWithTheJobAndKeepsOthers)
{
    SeenShares seen;
    Digest hash{};
    for (std::uint32_t i = 0; i < 1000; ++i) {
        hash[2] = static_cast<std::uint8_t>(i);
        hash[3] = static_cast<std::uint8_t>(i >> 8);
        EXPECT_TRUE(seen.insert(JobId{1}, hash));
        EXPECT_FALSE(seen.insert(JobId{1}, hash));
    }
    EXPECT_TRUE(seen.insert(JobId{2}, hash));
    EXPECT_EQ(seen.size(), 1001U);
    seen.forget(JobId{1});
    EXPECT_EQ(seen.size(), 1U);
    EXPECT_FALSE(seen.insert(JobId{2}, hash));
}

}  // namespace
}  // namespace pool
