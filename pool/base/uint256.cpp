#include "pool/base/uint256.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/result.h"

namespace pool {
namespace {

constexpr std::uint64_t low64(U128 value) { return static_cast<std::uint64_t>(value); }
constexpr std::uint64_t high64(U128 value) { return static_cast<std::uint64_t>(value >> 64); }

// Digits of long division are 32 bits, so that two of them divide by one in 64 bits.
constexpr std::size_t half_count = 8;
using Halves = std::array<std::uint32_t, half_count + 1>;  // one more: normalising may carry out

Halves to_halves(const Uint256& number)
{
    Halves out{};
    for (std::size_t i = 0; i < half_count; ++i) {
        out[i] = static_cast<std::uint32_t>(number.limb[i / 2] >> (32 * (i % 2)));
    }
    return out;
}

Uint256 from_halves(const Halves& halves)
{
    Uint256 out;
    for (std::size_t i = 0; i < half_count; ++i) {
        out.limb[i / 2] |= static_cast<std::uint64_t>(halves[i]) << (32 * (i % 2));
    }
    return out;
}

Uint256::Division divide_by_half(const Uint256& number, std::uint32_t divisor)
{
    Halves halves = to_halves(number);
    std::uint64_t remainder = 0;
    for (std::size_t i = half_count; i-- > 0;) {
        const std::uint64_t part = remainder << 32 | halves[i];
        halves[i] = static_cast<std::uint32_t>(part / divisor);
        remainder = part % divisor;
    }
    return {from_halves(halves), Uint256{remainder}};
}

// Takes quotient * divisor off number at `shift`; true when that went below zero.
bool subtract_multiple(Halves& number, const Halves& divisor, std::size_t length, std::size_t shift,
                       std::uint64_t quotient)
{
    std::uint64_t carry = 0;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const std::uint64_t product = quotient * divisor[i] + carry;
        carry = product >> 32;
        const std::uint64_t difference =
            std::uint64_t{number[i + shift]} - (product & 0xffffffff) - borrow;
        number[i + shift] = static_cast<std::uint32_t>(difference);
        borrow = difference >> 63;
    }
    const std::uint64_t top = std::uint64_t{number[length + shift]} - carry - borrow;
    number[length + shift] = static_cast<std::uint32_t>(top);
    return top >> 63 != 0;
}

void add_back(Halves& number, const Halves& divisor, std::size_t length, std::size_t shift)
{
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const std::uint64_t sum = std::uint64_t{number[i + shift]} + divisor[i] + carry;
        number[i + shift] = static_cast<std::uint32_t>(sum);
        carry = sum >> 32;
    }
    number[length + shift] = static_cast<std::uint32_t>(number[length + shift] + carry);
}

// Knuth's algorithm D (TAOCP 2, 4.3.1). divisor has at least two 32-bit digits and is not larger
// than number, as the caller has seen to.
Uint256::Division divide_long(const Uint256& number, const Uint256& divisor)
{
    const std::size_t length = (divisor.bit_length() + 31) / 32;
    const auto shift = static_cast<unsigned>(32 * length - divisor.bit_length());

    // Normalised, the divisor's top bit is set: a guessed digit is then at most two too large.
    const Halves below = to_halves(divisor << shift);
    Halves above = to_halves(number << shift);
    above[half_count] = static_cast<std::uint32_t>((number >> (256 - shift)).limb[0]);

    Halves quotient{};
    for (std::size_t j = half_count - length + 1; j-- > 0;) {
        const std::uint64_t head = std::uint64_t{above[j + length]} << 32 | above[j + length - 1];
        std::uint64_t guess = head / below[length - 1];
        std::uint64_t rest = head % below[length - 1];
        while (guess >> 32 != 0 ||
               guess * below[length - 2] > (rest << 32 | above[j + length - 2])) {
            --guess;
            rest += below[length - 1];
            if (rest >> 32 != 0) break;
        }
        if (subtract_multiple(above, below, length, j, guess)) {
            --guess;
            add_back(above, below, length, j);
        }
        quotient[j] = static_cast<std::uint32_t>(guess);
    }
    above[half_count] = 0;  // what is left is shorter than the divisor
    return {from_halves(quotient), from_halves(above) >> shift};
}

}  // namespace

std::string to_decimal(U128 value)
{
    std::array<char, 39> digits{};  // 2^128 - 1 has 39
    std::size_t at = digits.size();
    do {
        digits[--at] = static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value != 0);
    return {digits.data() + at, digits.size() - at};
}

std::optional<U128> u128_from_decimal(std::string_view text)
{
    if (text.empty()) return std::nullopt;
    constexpr U128 max = ~U128{0};
    U128 value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<unsigned>(c - '0');
        if (value > (max - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

Uint256 Uint256::product(U128 a, U128 b)
{
    const U128 low = static_cast<U128>(low64(a)) * low64(b);
    const U128 left = static_cast<U128>(high64(a)) * low64(b);
    const U128 right = static_cast<U128>(low64(a)) * high64(b);
    const U128 high = static_cast<U128>(high64(a)) * high64(b);

    // Three 64-bit numbers: no carry is lost.
    const U128 middle = static_cast<U128>(high64(low)) + low64(left) + low64(right);
    const U128 top = high + high64(left) + high64(right) + high64(middle);

    Uint256 out;
    out.limb = {low64(low), low64(middle), low64(top), high64(top)};
    return out;
}

Uint256 operator+(const Uint256& a, const Uint256& b)
{
    Uint256 out;
    U128 carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        carry += static_cast<U128>(a.limb[i]) + b.limb[i];
        out.limb[i] = low64(carry);
        carry >>= 64;
    }
    return out;
}

Uint256 operator-(const Uint256& a, const Uint256& b) { return a + ~b + Uint256{1}; }

Uint256 operator<<(const Uint256& a, unsigned bits)
{
    Uint256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t i = limbs; i < 4; ++i) {
        out.limb[i] = a.limb[i - limbs] << rest;
        if (rest != 0 && i > limbs) out.limb[i] |= a.limb[i - limbs - 1] >> (64 - rest);
    }
    return out;
}

Uint256 operator>>(const Uint256& a, unsigned bits)
{
    Uint256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t i = 0; i + limbs < 4; ++i) {
        out.limb[i] = a.limb[i + limbs] >> rest;
        if (rest != 0 && i + limbs + 1 < 4) out.limb[i] |= a.limb[i + limbs + 1] << (64 - rest);
    }
    return out;
}

Uint256 operator~(const Uint256& a)
{
    Uint256 out;
    for (std::size_t i = 0; i < 4; ++i) out.limb[i] = ~a.limb[i];
    return out;
}

Uint256::Division Uint256::divide(const Uint256& number, const Uint256& divisor)
{
    check(!divisor.is_zero(), "nobody divides by zero");
    if (number < divisor) return {Uint256{}, number};
    if (divisor.bit_length() <= 32) {
        return divide_by_half(number, static_cast<std::uint32_t>(divisor.limb[0]));
    }
    return divide_long(number, divisor);
}

unsigned Uint256::bit_length() const
{
    for (std::size_t i = 4; i-- > 0;) {
        if (limb[i] != 0) {
            return static_cast<unsigned>(64 * i) + static_cast<unsigned>(std::bit_width(limb[i]));
        }
    }
    return 0;
}

std::array<std::uint8_t, 32> Uint256::to_le_bytes() const
{
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < 32; ++i) {
        out[i] = static_cast<std::uint8_t>(limb[i / 8] >> (8 * (i % 8)));
    }
    return out;
}

Uint256 Uint256::from_le_bytes(const std::array<std::uint8_t, 32>& bytes)
{
    Uint256 out;
    for (std::size_t i = 0; i < 32; ++i) {
        out.limb[i / 8] |= static_cast<std::uint64_t>(bytes[i]) << (8 * (i % 8));
    }
    return out;
}

std::string Uint256::to_hex() const
{
    std::array<std::uint8_t, 32> bytes = to_le_bytes();
    std::reverse(bytes.begin(), bytes.end());
    return pool::to_hex(bytes);
}

std::optional<Uint256> Uint256::from_hex(std::string_view text)
{
    std::array<std::uint8_t, 32> bytes{};
    if (!hex_into(text, bytes)) return std::nullopt;
    std::reverse(bytes.begin(), bytes.end());
    return from_le_bytes(bytes);
}

}  // namespace pool
