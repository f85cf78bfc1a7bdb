#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pool {

/// 128 bits, for sums of work and of score. MySQL holds them as DECIMAL(38,0): at most 10^38 - 1.
__extension__ using U128 = unsigned __int128;

/// Decimal digits, no sign, no leading zero.
std::string to_decimal(U128 value);

/// Nothing when `text` is empty, has anything but digits, or does not fit 128 bits.
std::optional<U128> u128_from_decimal(std::string_view text);

/// A 256-bit unsigned number: hashes as numbers, targets, products of sums and money.
///
/// Limbs are little-endian: limb[0] holds the lowest 64 bits. Arithmetic wraps at 2^256.
struct Uint256 {
    std::array<std::uint64_t, 4> limb{};

    constexpr Uint256() = default;
    constexpr explicit Uint256(std::uint64_t low) : limb{low, 0, 0, 0} {}
    static constexpr Uint256 from_u128(U128 value)
    {
        Uint256 out;
        out.limb[0] = static_cast<std::uint64_t>(value);
        out.limb[1] = static_cast<std::uint64_t>(value >> 64);
        return out;
    }
    static constexpr Uint256 max()
    {
        Uint256 out;
        out.limb.fill(~std::uint64_t{0});
        return out;
    }
    /// The full product of two 128-bit numbers.
    static Uint256 product(U128 a, U128 b);

    friend constexpr bool operator==(const Uint256&, const Uint256&) = default;
    friend constexpr std::strong_ordering operator<=>(const Uint256& a, const Uint256& b)
    {
        for (int i = 3; i >= 0; --i) {
            const auto at = static_cast<std::size_t>(i);
            if (a.limb[at] != b.limb[at]) return a.limb[at] <=> b.limb[at];
        }
        return std::strong_ordering::equal;
    }

    friend Uint256 operator+(const Uint256& a, const Uint256& b);
    friend Uint256 operator-(const Uint256& a, const Uint256& b);
    friend Uint256 operator<<(const Uint256& a, unsigned bits);  ///< bits may be >= 256: gives 0
    friend Uint256 operator>>(const Uint256& a, unsigned bits);
    friend Uint256 operator~(const Uint256& a);

    /// Quotient and remainder. `divisor` must not be zero (checked).
    struct Division;
    static Division divide(const Uint256& number, const Uint256& divisor);

    /// Position of the highest set bit plus one; 0 for zero.
    unsigned bit_length() const;
    bool is_zero() const { return *this == Uint256{}; }
    /// The lowest 128 bits.
    U128 low128() const { return (static_cast<U128>(limb[1]) << 64) | limb[0]; }
    bool fits_u128() const { return limb[2] == 0 && limb[3] == 0; }

    /// 32 bytes, least significant first: the order in which SHA-256d gives a block hash.
    std::array<std::uint8_t, 32> to_le_bytes() const;
    static Uint256 from_le_bytes(const std::array<std::uint8_t, 32>& bytes);

    /// 64 lower-case hex digits, most significant first: the way hashes and targets are shown.
    std::string to_hex() const;
    /// 64 digits of either case; nothing otherwise.
    static std::optional<Uint256> from_hex(std::string_view text);
};

struct Uint256::Division {
    Uint256 quotient;
    Uint256 remainder;
};

}  // namespace pool
