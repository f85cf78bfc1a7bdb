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

// The remainder of the digits, as a polynomial over GF(32), by BIP 173's generator.
std::uint32_t remainder_of(ByteSpan digits)
{
    constexpr std::array<std::uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                     0x2a1462b3};
    std::uint32_t remainder = 1;
    for (const std::uint8_t digit : digits) {
        const std::uint32_t top = remainder >> 25;
        remainder = (remainder & 0x1ffffff) << 5 ^ digit;
        for (std::size_t i = 0; i < generator.size(); ++i) {
            if ((top >> i & 1) != 0) remainder ^= generator[i];
        }
    }
    return remainder;
}

// The prefix enters the checksum as its high bits, a zero, and its low bits.
Bytes expand(std::string_view prefix)
{
    Bytes out;
    for (const char c : prefix) out.push_back(static_cast<std::uint8_t>(c) >> 5);
    out.push_back(0);
    for (const char c : prefix) out.push_back(static_cast<std::uint8_t>(c) & 31);
    return out;
}

std::optional<std::string> to_lower(std::string_view text)
{
    bool lower = false;
    bool upper = false;
    std::string out;
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
    Bytes all = expand(prefix);
    all.insert(all.end(), digits.begin(), digits.end());
    all.resize(all.size() + checksum_digits);
    const std::uint32_t checksum = remainder_of(all) ^ final_constant(form);

    std::string out = std::string(prefix) + '1';
    for (const std::uint8_t digit : digits) {
        check(digit < 32, "bech32 has five bits a digit");
        out += alphabet[digit];
    }
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
    for (const char c : std::string_view{*lower}.substr(separator + 1)) {
        const std::size_t at = alphabet.find(c);
        if (at == std::string_view::npos) return std::nullopt;
        out.digits.push_back(static_cast<std::uint8_t>(at));
    }
    if (out.digits.size() < checksum_digits) return std::nullopt;

    Bytes all = expand(out.prefix);
    all.insert(all.end(), out.digits.begin(), out.digits.end());
    const std::uint32_t remainder = remainder_of(all);
    if (remainder == final_constant(Bech32Form::bech32m)) {
        out.form = Bech32Form::bech32m;
    } else if (remainder != final_constant(Bech32Form::bech32)) {
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
