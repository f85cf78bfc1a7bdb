#include "pool/base/uint256.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace pool {
namespace {

constexpr U128 max128 = ~U128{0};

Uint256 from_text(const char* text) { return Uint256::from_hex(text).value(); }

// Numbers of every length, with the long runs of ones and zeros where carries go wrong.
class Numbers {
public:
    Uint256 next()
    {
        Uint256 out;
        for (std::uint64_t& limb : out.limb) {
            switch (random_() % 4) {
                case 0:
                    limb = 0;
                    break;
                case 1:
                    limb = ~std::uint64_t{0};
                    break;
                case 2:
                    limb = std::uint64_t{1} << (random_() % 64);
                    break;
                default:
                    limb = random_();
            }
        }
        return out >> static_cast<unsigned>(random_() % 256);
    }

private:
    std::mt19937_64 random_{20261124};
};

// The low half of a product of two 256-bit numbers, by school multiplication on products of halves.
Uint256 times(const Uint256& a, const Uint256& b)
{
    const U128 a_high = (a >> 128).low128();
    const U128 b_high = (b >> 128).low128();
    return Uint256::product(a.low128(), b.low128()) +
           (Uint256::product(a_high, b.low128()) << 128) +
           (Uint256::product(a.low128(), b_high) << 128);
}

TEST(U128, IsWrittenInDecimal)
{
    EXPECT_EQ(to_decimal(U128{0}), "0");
    EXPECT_EQ(to_decimal(U128{10}), "10");
    EXPECT_EQ(to_decimal(max128), "340282366920938463463374607431768211455");
}

TEST(U128, IsReadFromDecimalUpToItsLargest)
{
    EXPECT_EQ(u128_from_decimal("0"), U128{0});
    EXPECT_EQ(u128_from_decimal("0007"), U128{7});
    EXPECT_TRUE(u128_from_decimal("340282366920938463463374607431768211455") == max128);
}

TEST(U128, IsNotReadFromAnythingElse)
{
    for (const char* bad :
         {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1",
          "340282366920938463463374607431768211456", "1000000000000000000000000000000000000000"}) {
        EXPECT_FALSE(u128_from_decimal(bad).has_value()) << bad;
    }
}

TEST(Uint256, ComparesByItsHighestLimbFirst)
{
    const Uint256 high = Uint256{1} << 192;
    EXPECT_GT(high, Uint256::from_u128(max128));
    EXPECT_LT(Uint256{}, Uint256{1});
    EXPECT_EQ(Uint256{7}, Uint256{7});
}

TEST(Uint256, CarriesThroughAllLimbsAndWraps)
{
    EXPECT_EQ(Uint256::max() + Uint256{1}, Uint256{});
    EXPECT_EQ(Uint256{} - Uint256{1}, Uint256::max());
    EXPECT_EQ(Uint256::from_u128(max128) + Uint256{1}, Uint256{1} << 128);
}

TEST(Uint256, ShiftsAcrossLimbsAndToZero)
{
    const Uint256 one{1};
    EXPECT_EQ((one << 255) >> 255, one);
    EXPECT_EQ(one << 256, Uint256{});
    EXPECT_EQ(Uint256::max() >> 256, Uint256{});
    EXPECT_EQ(one << 4000000000U, Uint256{});
    EXPECT_EQ(Uint256::max() << 0, Uint256::max());
    EXPECT_EQ((Uint256{0xffff} << 208).to_hex(),
              "00000000ffff0000000000000000000000000000000000000000000000000000");
}

TEST(Uint256, MultipliesExactly)
{
    // (2^128 - 1)^2 = 2^256 - 2^129 + 1
    EXPECT_EQ(Uint256::product(max128, max128), Uint256::max() - (Uint256{1} << 129) + Uint256{2});
    // By Python: 0x123456789abcdef0fedcba9876543210 * 0xfedcba98765432100123456789abcdef
    const auto a = from_text("00000000000000000000000000000000123456789abcdef0fedcba9876543210");
    const auto b = from_text("00000000000000000000000000000000fedcba98765432100123456789abcdef");
    EXPECT_EQ(Uint256::product(a.low128(), b.low128()).to_hex(),
              "121fa00ad77d7423213d0003e234949aaa6c876160ec6a522236d88fe5618cf0");
}

TEST(Uint256, DividesByWhatItWasMadeFrom)
{
    Numbers numbers;
    for (int i = 0; i < 20000; ++i) {
        const Uint256 number = numbers.next();
        Uint256 divisor = numbers.next();
        if (divisor.is_zero()) divisor = Uint256{1};
        const auto [quotient, remainder] = Uint256::divide(number, divisor);
        ASSERT_LT(remainder, divisor) << number.to_hex() << " / " << divisor.to_hex();
        ASSERT_EQ(times(quotient, divisor) + remainder, number)
            << number.to_hex() << " / " << divisor.to_hex();
    }
}

TEST(Uint256, FindsTheFactorsOfAProduct)
{
    Numbers numbers;
    for (int i = 0; i < 20000; ++i) {
        const U128 a = numbers.next().low128();
        const U128 b = numbers.next().low128() | 1;
        const U128 rest = numbers.next().low128() % b;
        const Uint256 number = Uint256::product(a, b) + Uint256::from_u128(rest);
        const auto [quotient, remainder] = Uint256::divide(number, Uint256::from_u128(b));
        ASSERT_EQ(quotient, Uint256::from_u128(a)) << number.to_hex();
        ASSERT_EQ(remainder, Uint256::from_u128(rest)) << number.to_hex();
    }
}

// A case of Knuth's "add back", found by counting them in a Python model; quotient and remainder
// are Python's own. Random digits reach it once in two thousand million.
TEST(Uint256, DividesWhereTheGuessedDigitIsTooLarge)
{
    const auto [quotient, remainder] = Uint256::divide(
        from_text("0000000000000000000000000000000100000003000000030000000280000000"),
        from_text("0000000000000000000000000000000000000000800000010000000080000001"));
    EXPECT_EQ(quotient.to_hex(),
              "0000000000000000000000000000000000000000000000000000000200000001");
    EXPECT_EQ(remainder.to_hex(),
              "000000000000000000000000000000000000000080000000ffffffffffffffff");
}

TEST(Uint256, DividesTheEdges)
{
    const auto whole = Uint256::divide(Uint256::max(), Uint256{1});
    EXPECT_EQ(whole.quotient, Uint256::max());
    EXPECT_EQ(whole.remainder, Uint256{});
    const auto same = Uint256::divide(Uint256::max(), Uint256::max());
    EXPECT_EQ(same.quotient, Uint256{1});
    EXPECT_EQ(same.remainder, Uint256{});
    const auto less = Uint256::divide(Uint256{5}, Uint256::max());
    EXPECT_EQ(less.quotient, Uint256{});
    EXPECT_EQ(less.remainder, Uint256{5});
}

TEST(Uint256DeathTest, EndsTheProcessWhenDividingByZero)
{
    EXPECT_DEATH(Uint256::divide(Uint256{1}, Uint256{}), "nobody divides by zero");
}

TEST(Uint256, CountsItsBits)
{
    EXPECT_EQ(Uint256{}.bit_length(), 0U);
    EXPECT_EQ(Uint256{1}.bit_length(), 1U);
    EXPECT_EQ((Uint256{1} << 64).bit_length(), 65U);
    EXPECT_EQ(Uint256::max().bit_length(), 256U);
}

TEST(Uint256, KnowsWhetherItFitsInHalf)
{
    EXPECT_TRUE(Uint256::from_u128(max128).fits_u128());
    EXPECT_FALSE((Uint256{1} << 128).fits_u128());
    EXPECT_TRUE(Uint256::from_u128(max128).low128() == max128);
}

TEST(Uint256, KeepsItsLowestByteFirstInMemoryAndItsHighestFirstInText)
{
    const Uint256 number{0x0102};
    EXPECT_EQ(number.to_le_bytes()[0], 0x02);
    EXPECT_EQ(number.to_le_bytes()[1], 0x01);
    EXPECT_EQ(number.to_hex(), std::string(60, '0') + "0102");
    Numbers numbers;
    for (int i = 0; i < 100; ++i) {
        const Uint256 any = numbers.next();
        EXPECT_EQ(Uint256::from_le_bytes(any.to_le_bytes()), any);
        EXPECT_EQ(Uint256::from_hex(any.to_hex()), any);
    }
}

TEST(Uint256, IsReadFromSixtyFourDigitsOnly)
{
    EXPECT_EQ(Uint256::from_hex(std::string(64, 'F')), Uint256::max());
    EXPECT_EQ(Uint256::from_hex(std::string(63, '0')), std::nullopt);
    EXPECT_EQ(Uint256::from_hex(std::string(65, '0')), std::nullopt);
    EXPECT_EQ(Uint256::from_hex("0x" + std::string(62, '0')), std::nullopt);
}

}  // namespace
}  // namespace pool
