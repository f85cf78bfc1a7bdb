#include "pool/bitcoin/target.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

namespace pool {
namespace {

constexpr U128 max128 = ~U128{0};

std::string target_text(std::uint32_t bits)
{
    const std::optional<Uint256> target = target_from_compact(CompactBits{bits});
    return target ? target->to_hex() : "none";
}

// By a Python model of Bitcoin Core's arith_uint256::SetCompact; the rows are those of its
// arith_uint256_tests, and a few headers'.
TEST(CompactBits, StandForTheTargetThatBitcoinMeans)
{
    const std::array<std::pair<std::uint32_t, const char*>, 13> known{{
        {0x01123456, "0000000000000000000000000000000000000000000000000000000000000012"},
        {0x02123456, "0000000000000000000000000000000000000000000000000000000000001234"},
        {0x03123456, "0000000000000000000000000000000000000000000000000000000000123456"},
        {0x04123456, "0000000000000000000000000000000000000000000000000000000012345600"},
        {0x05009234, "0000000000000000000000000000000000000000000000000000000092340000"},
        {0x20123456, "1234560000000000000000000000000000000000000000000000000000000000"},
        {0x1d00ffff, "00000000ffff0000000000000000000000000000000000000000000000000000"},
        {0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000"},
        {0x1e0377ae, "00000377ae000000000000000000000000000000000000000000000000000000"},
        {0x1701f0cc, "00000000000000000001f0cc0000000000000000000000000000000000000000"},
        {0x17034219, "0000000000000000000342190000000000000000000000000000000000000000"},
        {0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000"},
        {0x220000ff, "ff00000000000000000000000000000000000000000000000000000000000000"},
    }};
    for (const auto& [bits, target] : known)
        EXPECT_EQ(target_text(bits), target) << std::hex << bits;
}

TEST(CompactBits, StandForNothingWhenZeroNegativeOrTooLarge)
{
    for (const std::uint32_t zero :
         {0x00000000U, 0x00123456U, 0x01003456U, 0x02000056U, 0x03000000U, 0x04000000U, 0x00923456U,
          0x01803456U, 0x04800000U}) {
        EXPECT_EQ(target_text(zero), "none") << std::hex << zero;
    }
    for (const std::uint32_t negative : {0x01fedcbaU, 0x04923456U, 0x1d80ffffU}) {
        EXPECT_EQ(target_text(negative), "none") << std::hex << negative;
    }
    for (const std::uint32_t large :
         {0xff123456U, 0x21010000U, 0x22000100U, 0x2300ffffU, 0x23000001U}) {
        EXPECT_EQ(target_text(large), "none") << std::hex << large;
    }
}

// Decision 14: good when hash <= T, all 256 bits of both.
TEST(Meets, IncludesTheTargetItselfAndNothingAbove)
{
    const Uint256 target = difficulty_one_target();
    EXPECT_TRUE(meets(target.to_le_bytes(), target));
    EXPECT_FALSE(meets((target + Uint256{1}).to_le_bytes(), target));
    EXPECT_TRUE(meets(Digest{}, target));
}

TEST(Meets, DecidesByTheLowestBitWhereAllAboveIsEqual)
{
    // A one at each end of each of the four 64-bit words.
    for (const unsigned bit : {0U, 63U, 64U, 127U, 128U, 191U, 192U, 255U}) {
        const Uint256 target = Uint256{1} << bit;
        const Uint256 below = target - Uint256{1};
        const Uint256 above = target + Uint256{1};
        EXPECT_TRUE(meets(target.to_le_bytes(), target)) << bit;
        EXPECT_TRUE(meets(below.to_le_bytes(), target)) << bit;
        EXPECT_FALSE(meets(above.to_le_bytes(), target)) << bit;
        EXPECT_TRUE(meets(target.to_le_bytes(), above)) << bit;
        EXPECT_FALSE(meets(target.to_le_bytes(), below)) << bit;
    }
    // The top three words are the same: the lowest decides.
    const Uint256 high = Uint256::max() - Uint256{5};
    EXPECT_TRUE(meets((high - Uint256{1}).to_le_bytes(), high));
    EXPECT_FALSE(meets((high + Uint256{1}).to_le_bytes(), high));
}

// vectors B of the money study: nBits 0x1701f0cc, and shares on the difficulty grid.
TEST(Work, IsTheNodesOwnChainwork)
{
    EXPECT_EQ(to_decimal(work_of(*target_from_compact(CompactBits{0x1701f0cc}))),
              "622960862669164472350557");
    EXPECT_EQ(to_decimal(work_of(target_of(Difficulty{0}))), "4295032833");
    EXPECT_EQ(to_decimal(work_of(target_of(Difficulty{16}))), "281479271743489");
    EXPECT_EQ(to_decimal(work_of(target_of(Difficulty{23}))), "36029346783166592");
    EXPECT_EQ(to_decimal(work_of(target_of(Difficulty{62}))), "19807342864632744443924987904");
    EXPECT_EQ(to_decimal(work_of(*target_from_compact(CompactBits{0x207fffff}))), "2");
}

TEST(Work, HasExactEdges)
{
    EXPECT_EQ(to_decimal(work_of(Uint256::max())), "1");
    EXPECT_EQ(to_decimal(work_of(Uint256::max() >> 1)), "2");
    // 2^256 / (2^128 + 1) = 2^128 - 1 and a rest.
    EXPECT_TRUE(work_of(Uint256{1} << 128) == max128);
}

TEST(WorkDeathTest, EndsTheProcessWhereWorkWouldNotFit)
{
    EXPECT_DEATH(work_of(Uint256::from_u128(max128)), "2\\^128");
}

TEST(Score, IsThatOfTheMoneyStudy)
{
    const U128 network = work_of(*target_from_compact(CompactBits{0x1701f0cc}));
    EXPECT_EQ(to_decimal(score_of(work_of(target_of(Difficulty{0})), network)), "6894");
    EXPECT_EQ(to_decimal(score_of(work_of(target_of(Difficulty{16})), network)), "451841020");
    EXPECT_EQ(to_decimal(score_of(*u128_from_decimal("4295032833000015"), network)), "6894546817");
    EXPECT_EQ(to_decimal(score_of(work_of(target_of(Difficulty{23})), network)), "57835650587");
    EXPECT_EQ(to_decimal(score_of(2, 2)), "1000000000000000000");
}

// By Python: floor(w * 10^18 / g).
TEST(Score, IsExactWhereEvenTheProductPasses128Bits)
{
    EXPECT_EQ(to_decimal(score_of(U128{1} << 127, (U128{1} << 126) + 12345)),
              "1999999999999999999");
    EXPECT_EQ(to_decimal(score_of((U128{1} << 127) - 1, (U128{1} << 100) + 7)),
              "134217727999999999999999999");
    EXPECT_EQ(to_decimal(score_of(max128, U128{10'000'000'000'000'000'000U})),
              "34028236692093846346337460743176821145");
    EXPECT_EQ(to_decimal(score_of(1, max128)), "0");
    EXPECT_EQ(to_decimal(score_of(max128, max128)), "1000000000000000000");
    EXPECT_TRUE(score_of(max128, 1) == max128);  // saturates
}

// The recipe as docs/money.md prints it, valid below 2^98, for whoever checks us without big
// numbers.
TEST(Score, AgreesWithLongDivisionInBaseOneThousandMillion)
{
    std::mt19937_64 random{18};
    constexpr std::uint64_t base = 1'000'000'000;
    for (int i = 0; i < 2000; ++i) {
        const U128 work = ((static_cast<U128>(random()) << 64) | random()) >> (30 + random() % 90);
        const U128 network =
            (((static_cast<U128>(random()) << 64) | random()) >> (30 + random() % 90)) + 1;
        const U128 first = work / network;
        const U128 second = work % network * base;
        const U128 third = second % network * base;
        if (first >> 64 != 0) continue;  // would not fit with 18 more digits
        const U128 expected = first * base * base + second / network * base + third / network;
        ASSERT_TRUE(score_of(work, network) == expected)
            << to_decimal(work) << " / " << to_decimal(network);
    }
}

TEST(Difficulty, HasTheTargetOfStratum)
{
    EXPECT_EQ(target_of(Difficulty{0}).to_hex(),
              "00000000ffff0000000000000000000000000000000000000000000000000000");
    EXPECT_EQ(target_of(Difficulty{16}).to_hex(),
              "000000000000ffff000000000000000000000000000000000000000000000000");
    EXPECT_EQ(target_of(difficulty_min).to_hex(),
              "ffff000000000000000000000000000000000000000000000000000000000000");
    // By Python: 0xffff << (208 - 62).
    EXPECT_EQ(target_of(difficulty_max).to_hex(),
              "000000000000000000000003fffc000000000000000000000000000000000000");
}

TEST(Difficulty, IsWrittenAsAnIntegerOrAPlainDecimal)
{
    EXPECT_EQ(to_decimal(Difficulty{0}), "1");
    EXPECT_EQ(to_decimal(Difficulty{13}), "8192");
    EXPECT_EQ(to_decimal(Difficulty{62}), "4611686018427387904");
    EXPECT_EQ(to_decimal(Difficulty{-1}), "0.5");
    EXPECT_EQ(to_decimal(Difficulty{-2}), "0.25");
    EXPECT_EQ(to_decimal(Difficulty{-10}), "0.0009765625");
    EXPECT_EQ(to_decimal(Difficulty{-32}), "0.00000000023283064365386962890625");
}

TEST(Difficulty, IsRoundedDownToTheGridAndIntoItsRange)
{
    EXPECT_EQ(difficulty_at_most(1.0), Difficulty{0});
    EXPECT_EQ(difficulty_at_most(1.999), Difficulty{0});
    EXPECT_EQ(difficulty_at_most(1000.0), Difficulty{9});
    EXPECT_EQ(difficulty_at_most(0.3), Difficulty{-2});
    EXPECT_EQ(difficulty_at_most(1e-300), difficulty_min);
    EXPECT_EQ(difficulty_at_most(std::numeric_limits<double>::denorm_min()), difficulty_min);
    EXPECT_EQ(difficulty_at_most(1e300), difficulty_max);
    EXPECT_EQ(difficulty_at_most(std::numeric_limits<double>::infinity()), difficulty_max);
}

TEST(Difficulty, IsNothingForNumbersThatAreNone)
{
    EXPECT_EQ(difficulty_at_most(0.0), std::nullopt);
    EXPECT_EQ(difficulty_at_most(-0.0), std::nullopt);
    EXPECT_EQ(difficulty_at_most(-1.0), std::nullopt);
    EXPECT_EQ(difficulty_at_most(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
    EXPECT_EQ(difficulty_at_most(-std::numeric_limits<double>::infinity()), std::nullopt);
}

// No share need be better than a block: the hardest grid target that the network's lies within.
TEST(Difficulty, IsNeverAboveTheNetworks)
{
    EXPECT_EQ(difficulty_not_above(target_of(Difficulty{0})), Difficulty{0});
    EXPECT_EQ(difficulty_not_above(target_of(Difficulty{0}) + Uint256{1}), Difficulty{-1});
    EXPECT_EQ(difficulty_not_above(target_of(Difficulty{0}) - Uint256{1}), Difficulty{0});
    // 145042165424853.28 lies between 2^47 and 2^48 (vectors B).
    EXPECT_EQ(difficulty_not_above(*target_from_compact(CompactBits{0x1701f0cc})), Difficulty{47});
    // regtest: 2^-31 would be 0x7fff8000…, a little harder than 0x7fffff….
    EXPECT_EQ(difficulty_not_above(*target_from_compact(CompactBits{0x207fffff})), Difficulty{-32});
    EXPECT_EQ(difficulty_not_above(Uint256{}), difficulty_max);
    EXPECT_EQ(difficulty_not_above(Uint256::max()), difficulty_min);
}

TEST(Difficulty, IsANumberForPeople)
{
    EXPECT_DOUBLE_EQ(difficulty_number(difficulty_one_target()), 1.0);
    EXPECT_DOUBLE_EQ(difficulty_number(target_of(Difficulty{-32})), 0x1p-32);
    EXPECT_NEAR(difficulty_number(*target_from_compact(CompactBits{0x1701f0cc})),
                145042165424853.28, 0.1);
}

}  // namespace
}  // namespace pool
