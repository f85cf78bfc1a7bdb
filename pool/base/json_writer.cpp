#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pool/base/json.h"
#include "pool/base/result.h"

namespace pool {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::uint32_t replacement = 0xfffd;

struct CodePoint {
    std::uint32_t value = replacement;
    std::size_t bytes = 1;
};

// Reads one code point off the front; the replacement and one byte when it is not valid UTF-8
// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
CodePoint read_utf8(std::string_view text)
{
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint32_t{0};
    };
    const std::uint32_t head = byte(0);
    std::size_t bytes = 0;
    std::uint32_t value = 0;
    std::uint32_t least = 0;
    if (head >> 5 == 0x06) {
        bytes = 2, value = head & 0x1f, least = 0x80;
    } else if (head >> 4 == 0x0e) {
        bytes = 3, value = head & 0x0f, least = 0x800;
    } else if (head >> 3 == 0x1e) {
        bytes = 4, value = head & 0x07, least = 0x10000;
    } else {
        return {};
    }
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        value = value << 6 | (byte(i) & 0x3f);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
    return {value, bytes};
}

void append_unit(std::string& out, std::uint32_t unit)
{
    out += "\\u";
    for (unsigned shift = 16; shift > 0; shift -= 4) out += hex_digits[unit >> (shift - 4) & 15];
}

void append_code_point(std::string& out, std::uint32_t value)
{
    if (value < 0x10000) {
        append_unit(out, value);
    } else {
        append_unit(out, 0xd800 + ((value - 0x10000) >> 10));
        append_unit(out, 0xdc00 + ((value - 0x10000) & 0x3ff));
    }
}

void append_ascii(std::string& out, char c)
{
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (c < 0x20 || c == 0x7f) {
                append_unit(out, static_cast<std::uint32_t>(c));
            } else {
                out += c;
            }
    }
}

template <typename Integer>
void append_integer(std::string& out, Integer value)
{
    std::array<char, 20> digits{};  // -9223372036854775808 and 18446744073709551615 have 20
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        if (static_cast<std::uint8_t>(text[at]) < 0x80) {
            append_ascii(out, text[at++]);
            continue;
        }
        const CodePoint point = read_utf8(text.substr(at));
        append_code_point(out, point.value);
        at += point.bytes;
    }
    out += '"';
}

void JsonWriter::before_value()
{
    if (open_.empty()) {
        check(first_, "one JSON value a writer");
    } else if (open_.back() == '{') {
        check(after_key_, "a member has a name");
    } else if (!first_) {
        out_ += ',';
    }
    first_ = false;
    after_key_ = false;
}

JsonWriter& JsonWriter::begin_object()
{
    before_value();
    out_ += '{';
    open_.push_back('{');
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end_object()
{
    check(!open_.empty() && open_.back() == '{' && !after_key_, "an object is open, no name waits");
    open_.pop_back();
    out_ += '}';
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::begin_array()
{
    before_value();
    out_ += '[';
    open_.push_back('[');
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end_array()
{
    check(!open_.empty() && open_.back() == '[', "an array is open");
    open_.pop_back();
    out_ += ']';
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name)
{
    check(!open_.empty() && open_.back() == '{' && !after_key_, "names stand in objects");
    if (!first_) out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::string(std::string_view value)
{
    before_value();
    append_json_string(out_, value);
    return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value)
{
    before_value();
    append_integer(out_, value);
    return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value)
{
    before_value();
    append_integer(out_, value);
    return *this;
}

JsonWriter& JsonWriter::boolean(bool value)
{
    before_value();
    out_ += value ? "true" : "false";
    return *this;
}

JsonWriter& JsonWriter::null()
{
    before_value();
    out_ += "null";
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json)
{
    check(!json.empty(), "a JSON value has text");
    before_value();
    out_ += json;
    return *this;
}

}  // namespace pool
