#include "pool/bitcoin/target.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

namespace pool {
namespace {

constexpr unsigned difficulty_one_shift = 208;

double to_double(const Uint256& number)
{
    double out = 0;
    for (std::size_t i = 4; i-- > 0;) {
        out = std::ldexp(out, 64) + static_cast<double>(number.limb[i]);
    }
    return out;
}

}  // namespace

Uint256 difficulty_one_target() { return Uint256{0xffff} << difficulty_one_shift; }

std::optional<Uint256> target_from_compact(CompactBits bits)
{
    const unsigned size = bits.value >> 24;
    const std::uint32_t mantissa = bits.value & 0x007fffff;
    const bool negative = (bits.value & 0x00800000) != 0;

    // The number is mantissa * 256^(size - 3), cut to an integer.
    if (size <= 3) {
        const std::uint32_t word = mantissa >> (8 * (3 - size));
        if (word == 0 || negative) return std::nullopt;
        return Uint256{word};
    }
    if (mantissa == 0 || negative) return std::nullopt;
    const bool overflows =
        size > 34 || (mantissa > 0xff && size > 33) || (mantissa > 0xffff && size > 32);
    if (overflows) return std::nullopt;
    return Uint256{mantissa} << (8 * (size - 3));
}

U128 work_of(const Uint256& target)
{
    check(target.limb[2] != 0 || target.limb[3] != 0, "no target is as hard as 2^128");
    if (target == Uint256::max()) return 1;
    // 2^256 does not fit; 2^256 / (t + 1) == (2^256 - (t + 1)) / (t + 1) + 1, and that does.
    const Uint256 quotient = Uint256::divide(~target, target + Uint256{1}).quotient;
    return (quotient + Uint256{1}).low128();
}

U128 score_of(U128 work, U128 network_work)
{
    check(network_work > 0, "every block takes work");
    constexpr std::uint64_t unit = 1'000'000'000'000'000'000;
    const Uint256 scaled = Uint256::product(work, unit);
    const Uint256 score = Uint256::divide(scaled, Uint256::from_u128(network_work)).quotient;
    return score.fits_u128() ? score.low128() : ~U128{0};
}

Uint256 target_of(Difficulty difficulty)
{
    check(difficulty >= difficulty_min && difficulty <= difficulty_max, "on the grid");
    // Exact: 0xffff * 2^208 has more factors of two than the hardest difficulty.
    return Uint256{0xffff} << static_cast<unsigned>(static_cast<int>(difficulty_one_shift) -
                                                    difficulty.exponent);
}

std::optional<Difficulty> difficulty_at_most(double value)
{
    if (std::isnan(value) || value <= 0) return std::nullopt;
    // ilogb of infinity is INT_MAX, of a number too small to be normal its true exponent.
    return Difficulty{
        std::clamp(std::ilogb(value), difficulty_min.exponent, difficulty_max.exponent)};
}

Difficulty difficulty_not_above(const Uint256& target)
{
    Difficulty difficulty = difficulty_max;
    while (difficulty > difficulty_min && target_of(difficulty) < target) --difficulty.exponent;
    return difficulty;
}

std::string to_decimal(Difficulty difficulty)
{
    check(difficulty >= difficulty_min && difficulty <= difficulty_max, "on the grid");
    if (difficulty.exponent >= 0) return to_decimal(U128{1} << difficulty.exponent);
    // 2^-n == 5^n / 10^n: the digits of 5^n, n places behind the point. It ends in 5.
    const auto places = static_cast<std::size_t>(-difficulty.exponent);
    U128 power = 1;
    for (std::size_t i = 0; i < places; ++i) power *= 5;
    const std::string digits = to_decimal(power);
    return "0." + std::string(places - digits.size(), '0') + digits;
}

double difficulty_number(const Uint256& target)
{
    if (target.is_zero()) return std::numeric_limits<double>::infinity();
    return to_double(difficulty_one_target()) / to_double(target);
}

}  // namespace pool
