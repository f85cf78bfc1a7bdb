#include "pool/bitcoin/base58.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::size_t checksum_bytes = 4;

// Rewrites a number from one base to another, most significant digit first; without leading zeros.
Bytes change_base(ByteSpan digits, unsigned from, unsigned to)
{
    Bytes out;  // least significant first
    for (const std::uint8_t digit : digits) {
        unsigned carry = digit;
        for (std::uint8_t& place : out) {
            carry += place * from;
            place = static_cast<std::uint8_t>(carry % to);
            carry /= to;
        }
        for (; carry > 0; carry /= to) out.push_back(static_cast<std::uint8_t>(carry % to));
    }
    std::reverse(out.begin(), out.end());
    return out;
}

std::size_t leading_zeros(ByteSpan digits)
{
    const auto first = std::find_if(digits.begin(), digits.end(), [](auto d) { return d != 0; });
    return static_cast<std::size_t>(first - digits.begin());
}

std::array<std::uint8_t, checksum_bytes> checksum_of(ByteSpan bytes)
{
    const Digest digest = sha256d(bytes);
    return {digest[0], digest[1], digest[2], digest[3]};
}

}  // namespace

std::string base58check_encode(ByteSpan bytes)
{
    Bytes all(bytes.begin(), bytes.end());
    const auto checksum = checksum_of(bytes);
    all.insert(all.end(), checksum.begin(), checksum.end());

    // Zero bytes at the front would vanish from the number: each becomes the digit of zero.
    std::string out(leading_zeros(all), alphabet[0]);
    for (const std::uint8_t digit : change_base(all, 256, 58)) out += alphabet[digit];
    return out;
}

std::optional<Bytes> base58check_decode(std::string_view text)
{
    if (text.size() > base58_text_max) return std::nullopt;
    Bytes digits;
    for (const char c : text) {
        const std::size_t at = alphabet.find(c);
        if (at == std::string_view::npos) return std::nullopt;
        digits.push_back(static_cast<std::uint8_t>(at));
    }

    Bytes bytes(leading_zeros(digits), 0);
    const Bytes number = change_base(digits, 58, 256);
    bytes.insert(bytes.end(), number.begin(), number.end());
    if (bytes.size() < checksum_bytes) return std::nullopt;

    const ByteSpan body = ByteSpan{bytes}.first(bytes.size() - checksum_bytes);
    const auto checksum = checksum_of(body);
    if (!std::equal(checksum.begin(), checksum.end(), bytes.end() - checksum_bytes)) {
        return std::nullopt;
    }
    return Bytes(body.begin(), body.end());
}

}  // namespace pool
