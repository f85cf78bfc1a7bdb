#include "pool/base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pool {
namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digit_values()
{
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
    for (unsigned i = 0; i < 6; ++i) {
        values['a' + i] = static_cast<std::uint8_t>(10 + i);
        values['A' + i] = static_cast<std::uint8_t>(10 + i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> digit_values = make_digit_values();
constexpr std::string_view digits = "0123456789abcdef";

template <typename Integer>
void append_le(Bytes& out, Integer value)
{
    std::array<std::uint8_t, sizeof(Integer)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    out.insert(out.end(), bytes.begin(), bytes.end());
}

std::uint64_t read_le(ByteSpan bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

}  // namespace

std::string to_hex(ByteSpan bytes)
{
    std::string out;
    append_hex(out, bytes);
    return out;
}

void append_hex(std::string& out, ByteSpan bytes)
{
    const std::size_t before = out.size();
    out.resize(before + 2 * bytes.size());
    char* at = out.data() + before;
    for (const std::uint8_t byte : bytes) {
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
}

std::optional<Bytes> from_hex(std::string_view text)
{
    Bytes out(text.size() / 2);
    if (!hex_into(text, out)) return std::nullopt;
    return out;
}

bool hex_into(std::string_view text, std::span<std::uint8_t> out)
{
    if (text.size() % 2 != 0 || text.size() / 2 != out.size()) return false;
    // One test at the end: bad digits are rare, and a template holds megabytes of good ones.
    unsigned bad = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const unsigned high = digit_values[static_cast<std::uint8_t>(text[2 * i])];
        const unsigned low = digit_values[static_cast<std::uint8_t>(text[2 * i + 1])];
        bad |= high | low;
        out[i] = static_cast<std::uint8_t>(high << 4 | (low & 15));
    }
    return bad <= 15;
}

void ByteWriter::u16(std::uint16_t value) { append_le(bytes_, value); }
void ByteWriter::u32(std::uint32_t value) { append_le(bytes_, value); }
void ByteWriter::u64(std::uint64_t value) { append_le(bytes_, value); }

void ByteWriter::compact_size(std::uint64_t value)
{
    if (value < 0xfd) {
        u8(static_cast<std::uint8_t>(value));
    } else if (value <= std::numeric_limits<std::uint16_t>::max()) {
        u8(0xfd);
        u16(static_cast<std::uint16_t>(value));
    } else if (value <= std::numeric_limits<std::uint32_t>::max()) {
        u8(0xfe);
        u32(static_cast<std::uint32_t>(value));
    } else {
        u8(0xff);
        u64(value);
    }
}

ByteSpan ByteReader::raw(std::size_t count)
{
    if (!ok_ || count > left()) {
        ok_ = false;
        return {};
    }
    const ByteSpan out = bytes_.subspan(at_, count);
    at_ += count;
    return out;
}

std::uint8_t ByteReader::u8() { return static_cast<std::uint8_t>(read_le(raw(1))); }
std::uint16_t ByteReader::u16() { return static_cast<std::uint16_t>(read_le(raw(2))); }
std::uint32_t ByteReader::u32() { return static_cast<std::uint32_t>(read_le(raw(4))); }
std::uint64_t ByteReader::u64() { return read_le(raw(8)); }

std::uint64_t ByteReader::compact_size()
{
    const std::uint8_t first = u8();
    if (first < 0xfd) return first;

    std::uint64_t value = 0;
    std::uint64_t least = 0;
    if (first == 0xfd) {
        value = u16();
        least = 0xfd;
    } else if (first == 0xfe) {
        value = u32();
        least = 0x10000;
    } else {
        value = u64();
        least = 0x100000000;
    }
    if (value < least) ok_ = false;
    return ok_ ? value : 0;
}

}  // namespace pool
