#include "pool/bitcoin/bech32.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/result.h"

namespace pool {
namespace {

constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t text_max = 90;
constexpr std::size_t checksum_digits = 6;

constexpr std::uint32_t final_constant(Bech32Form form)
{
    return form == Bech32Form::bech32 ? 1 : 0x2bc830a3;
}

constexpr std::uint8_t no_digit = 255;

/// By character, of lower case.
constexpr std::array<std::uint8_t, 128> digit_of = [] {
    std::array<std::uint8_t, 128> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}();

/// What the five highest bits of a remainder leave behind, by BIP 173's generator.
constexpr std::array<std::uint32_t, 32> carried = [] {
    constexpr std::array<std::uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                     0x2a1462b3};
    std::array<std::uint32_t, 32> table{};
    for (std::size_t top = 0; top < table.size(); ++top) {
        for (std::size_t i = 0; i < generator.size(); ++i) {
            if ((top >> i & 1) != 0) table[top] ^= generator[i];
        }
    }
    return table;
}();

/// The remainder of digits, as a polynomial over GF(32).
class Remainder {
public:
    // The prefix enters the checksum as its high bits, a zero, and its low bits.
    explicit Remainder(std::string_view prefix)
    {
        for (const char c : prefix) add(static_cast<std::uint8_t>(c) >> 5);
        add(0);
        for (const char c : prefix) add(static_cast<std::uint8_t>(c) & 31);
    }
    void add(std::uint32_t digit)
    {
        value_ = (value_ & 0x1ffffff) << 5 ^ digit ^ carried[value_ >> 25];
    }
    std::uint32_t value() const { return value_; }

private:
    std::uint32_t value_ = 1;
};

std::optional<std::string> to_lower(std::string_view text)
{
    bool lower = false;
    bool upper = false;
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c < 33 || c > 126) return std::nullopt;
        const bool is_upper = c >= 'A' && c <= 'Z';
        upper |= is_upper;
        lower |= c >= 'a' && c <= 'z';
        out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (lower && upper) return std::nullopt;
    return out;
}

Bytes to_five_bits(ByteSpan bytes)
{
    Bytes out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        held = (held << 8 | byte) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) {
            out.push_back(static_cast<std::uint8_t>(held >> (bits - 5) & 31));
        }
    }
    if (bits > 0) out.push_back(static_cast<std::uint8_t>(held << (5 - bits) & 31));
    return out;
}

// Nothing when what is left over is a whole digit or is not zero.
std::optional<Bytes> to_eight_bits(ByteSpan digits)
{
    Bytes out;
    out.reserve(digits.size() * 5 / 8);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const std::uint8_t digit : digits) {
        held = (held << 5 | digit) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<std::uint8_t>(held >> bits));
        }
    }
    if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return out;
}

Bech32Form form_for(std::uint8_t version)
{
    return version == 0 ? Bech32Form::bech32 : Bech32Form::bech32m;
}

}  // namespace

std::string bech32_encode(Bech32Form form, std::string_view prefix, ByteSpan digits)
{
    Remainder remainder{prefix};
    std::string out = std::string(prefix) + '1';
    for (const std::uint8_t digit : digits) {
        check(digit < 32, "bech32 has five bits a digit");
        remainder.add(digit);
        out += alphabet[digit];
    }
    for (std::size_t i = 0; i < checksum_digits; ++i) remainder.add(0);
    const std::uint32_t checksum = remainder.value() ^ final_constant(form);
    for (std::size_t i = checksum_digits; i-- > 0;) out += alphabet[checksum >> (5 * i) & 31];
    return out;
}

std::optional<Bech32Text> bech32_decode(std::string_view text)
{
    if (text.size() > text_max) return std::nullopt;
    const std::optional<std::string> lower = to_lower(text);
    if (!lower) return std::nullopt;
    const std::size_t separator = lower->rfind('1');
    if (separator == std::string::npos || separator == 0) return std::nullopt;

    Bech32Text out;
    out.prefix = lower->substr(0, separator);
    Remainder remainder{out.prefix};
    out.digits.reserve(lower->size() - separator);
    for (const char c : std::string_view{*lower}.substr(separator + 1)) {
        const std::uint8_t digit = digit_of[static_cast<std::uint8_t>(c)];  // ASCII: see to_lower
        if (digit == no_digit) return std::nullopt;
        out.digits.push_back(digit);
        remainder.add(out.digits.back());
    }
    if (out.digits.size() < checksum_digits) return std::nullopt;
    if (remainder.value() == final_constant(Bech32Form::bech32m)) {
        out.form = Bech32Form::bech32m;
    } else if (remainder.value() != final_constant(Bech32Form::bech32)) {
        return std::nullopt;
    }
    out.digits.resize(out.digits.size() - checksum_digits);
    return out;
}

std::string segwit_encode(const WitnessProgram& program)
{
    Bytes digits = to_five_bits(program.program);
    digits.insert(digits.begin(), program.version);
    return bech32_encode(form_for(program.version), program.prefix, digits);
}

std::optional<WitnessProgram> segwit_decode(std::string_view text)
{
    std::optional<Bech32Text> read = bech32_decode(text);
    if (!read || read->digits.empty()) return std::nullopt;

    WitnessProgram out;
    out.prefix = std::move(read->prefix);
    out.version = read->digits.front();
    if (out.version > 16 || read->form != form_for(out.version)) return std::nullopt;

    std::optional<Bytes> program = to_eight_bits(ByteSpan{read->digits}.subspan(1));
    if (!program || program->size() < 2 || program->size() > 40) return std::nullopt;
    if (out.version == 0 && program->size() != 20 && program->size() != 32) return std::nullopt;
    out.program = std::move(*program);
    return out;
}

}  // namespace pool
