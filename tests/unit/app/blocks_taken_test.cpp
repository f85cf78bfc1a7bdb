#include "pool/app/blocks_taken.h"

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "pool/bitcoin/block.h"

namespace pool {
namespace {

constexpr std::size_t most = BlocksTaken::of_kind_max;

class BlocksTakenTest : public ::testing::Test {
protected:
    static BlockCandidate candidate(std::uint32_t nonce, std::uint8_t parent = 1)
    {
        auto job = std::make_shared<Job>();
        job->height = {7};
        Header header;
        header.previous.bytes.fill(parent);
        header.nonce = nonce;
        BlockCandidate out;
        out.job = job;
        out.header = serialise(header);
        out.hash = hash_of(header);
        out.judgement = Judgement::accepted;
        return out;
    }
    static BlockCandidate judged(std::uint32_t nonce, Judgement judgement)
    {
        BlockCandidate out = candidate(nonce);
        out.judgement = judgement;
        return out;
    }
    static BlockCandidate declared(std::uint32_t nonce)
    {
        BlockCandidate out = candidate(nonce);
        auto job = std::make_shared<Job>(*out.job);
        job->declared = true;
        out.job = job;
        return out;
    }
    BlocksTaken taken;
};

TEST_F(BlocksTakenTest, TakesEachHashOnce)
{
    EXPECT_TRUE(taken.take(candidate(1)));
    EXPECT_FALSE(taken.take(candidate(1)));
    EXPECT_TRUE(taken.take_again(candidate(2).hash));
    EXPECT_FALSE(taken.take(candidate(2))) << "an earlier life's";
}

// A chain whose target is as easy as a share's: each share is a block, and one can be in the chain.
TEST_F(BlocksTakenTest, TakesSoManyOfOneParentAndAnotherForEachThatIsRefused)
{
    for (std::uint32_t nonce = 0; nonce < most; ++nonce) {
        EXPECT_TRUE(taken.take(candidate(nonce)));
    }
    EXPECT_FALSE(taken.take(candidate(100)));
    EXPECT_TRUE(taken.take(candidate(100, 2))) << "after a reorganisation, at the same height";
    taken.refused(candidate(5).hash);
    EXPECT_TRUE(taken.take(candidate(101)));
    EXPECT_FALSE(taken.take(candidate(102)));
}

// Each of them is some rows in the books for good.
TEST_F(BlocksTakenTest, GivesBackNoMorePlacesThanThereAre)
{
    std::uint32_t nonce = 0;
    std::size_t took = 0;
    for (; nonce < 10 * most && taken.take(candidate(nonce)); ++nonce, ++took) {
        taken.refused(candidate(nonce).hash);
    }
    EXPECT_EQ(took, 2 * most);
}

// Testnet4 after twenty minutes: a time before them makes a block of the least difficulty that no
// node takes, and anybody as many as he likes. The height must not be lost to them.
TEST_F(BlocksTakenTest, HasAPlaceForAGoodBlockHoweverManyOfTimesBeforeTheirJobWereRefused)
{
    const auto of_time = [](std::uint32_t nonce, std::uint32_t time) {
        BlockCandidate out = candidate(nonce);
        auto job = std::make_shared<Job>(*out.job);
        job->time_start = {1'700'001'201};
        out.job = job;
        Header header = parse_header(out.header);
        header.time = {time};
        out.header = serialise(header);
        out.hash = hash_of(header);
        return out;
    };
    std::size_t took = 0;
    for (std::uint32_t nonce = 0; nonce < 3 * most; ++nonce) {
        const BlockCandidate early = of_time(nonce, 1'700'001'200);
        if (!taken.take(early)) continue;
        ++took;
        taken.refused(early.hash);
    }
    EXPECT_EQ(took, 2 * most);
    EXPECT_TRUE(taken.take(of_time(1000, 1'700'001'201))) << "as its job says";
    EXPECT_TRUE(taken.take(of_time(1001, 1'700'001'300)));
}

// Of times that no node takes yet anybody can make as many as he likes, and hold back those that he
// has declared.
TEST_F(BlocksTakenTest, LeavesTheirPlacesToGoodBlocksWhateverElseComes)
{
    std::uint32_t nonce = 1000;
    for (const Judgement bad : {Judgement::time_too_new, Judgement::time_too_old, Judgement::stale,
                                Judgement::unauthorised}) {
        for (std::size_t i = 0; i < most; ++i) EXPECT_TRUE(taken.take(judged(nonce++, bad)));
        EXPECT_FALSE(taken.take(judged(nonce++, bad)));
    }
    for (std::size_t i = 0; i < most; ++i) EXPECT_TRUE(taken.take(declared(nonce++)));
    EXPECT_FALSE(taken.take(declared(nonce++)));
    EXPECT_TRUE(taken.take(candidate(1)));
}

TEST_F(BlocksTakenTest, ForgetsTheOldestKindsAndHashes)
{
    for (std::uint32_t nonce = 0; nonce < most; ++nonce) {
        ASSERT_TRUE(taken.take(candidate(nonce)));
    }
    for (std::uint32_t parent = 0; parent < 5000; ++parent) {
        BlockCandidate other = candidate(parent);
        Header header = parse_header(other.header);
        header.previous.bytes[0] = static_cast<std::uint8_t>(parent);
        header.previous.bytes[1] = static_cast<std::uint8_t>(parent >> 8);
        header.previous.bytes[2] = 2;
        other.header = serialise(header);
        other.hash = hash_of(header);
        ASSERT_TRUE(taken.take(other));
    }
    EXPECT_TRUE(taken.take(candidate(0))) << "nothing is known of its kind, nor of it";
}

}  // namespace
}  // namespace pool
