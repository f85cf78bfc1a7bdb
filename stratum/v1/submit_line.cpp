#include "stratum/v1/submit_line.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace stratum::v1 {
namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digits_of_hex()
{
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::uint8_t i = 0; i < 10; ++i) table['0' + i] = i;
    for (std::uint8_t i = 0; i < 6; ++i) {
        table['a' + i] = static_cast<std::uint8_t>(10 + i);
        table['A' + i] = static_cast<std::uint8_t>(10 + i);
    }
    return table;
}
constexpr auto hex_digits = digits_of_hex();

std::uint8_t digit(char c) { return hex_digits[static_cast<std::uint8_t>(c)]; }

/// Hex of one digit at least and as many as fit the type at most.
template <typename Integer>
std::optional<Integer> hex(std::string_view text)
{
    if (text.empty() || text.size() > sizeof(Integer) * 2) return std::nullopt;
    Integer value = 0;
    std::uint8_t seen = 0;
    for (const char c : text) {
        seen |= digit(c);
        value = static_cast<Integer>(value << 4 | digit(c));
    }
    if (seen == no_digit) return std::nullopt;
    return value;
}

class Scan {
public:
    explicit Scan(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

    bool take(char c)
    {
        skip_blanks();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool at_end()
    {
        skip_blanks();
        return at_ == end_;
    }
    // Printable ASCII without escapes: means itself.
    std::optional<std::string_view> text()
    {
        if (!take('"')) return std::nullopt;
        const char* const begin = at_;
        for (; at_ != end_; ++at_) {
            if (*at_ == '"') {
                const std::string_view found{begin, static_cast<std::size_t>(at_ - begin)};
                ++at_;
                return found;
            }
            if (*at_ == '\\' || *at_ < ' ' || *at_ > '~') return std::nullopt;
        }
        return std::nullopt;
    }
    // 0 or digits that do not begin with 0.
    std::optional<std::string_view> whole_number()
    {
        constexpr std::size_t digits_max = 15;
        skip_blanks();
        const char* const begin = at_;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
        const std::string_view found{begin, static_cast<std::size_t>(at_ - begin)};
        if (found.empty() || found.size() > digits_max) return std::nullopt;
        if (found.size() > 1 && found.front() == '0') return std::nullopt;
        return found;
    }

private:
    void skip_blanks()
    {
        while (at_ != end_ && *at_ == ' ') ++at_;
    }
    const char* at_;
    const char* end_;
};

bool read_extranonce2(std::string_view text, Submit& call)
{
    const std::size_t length = text.size() / 2;
    if (text.size() % 2 != 0 || length > call.extranonce2.size()) return false;
    for (std::size_t i = 0; i < length; ++i) {
        const std::uint8_t high = digit(text[2 * i]);
        const std::uint8_t low = digit(text[2 * i + 1]);
        if (high == no_digit || low == no_digit) return false;
        call.extranonce2[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    call.extranonce2_length = length;
    return true;
}

std::optional<Submit> read_params(Scan& scan)
{
    if (!scan.take('[')) return std::nullopt;
    std::array<std::string_view, 6> fields{};
    std::size_t count = 0;
    do {
        const auto field = scan.text();
        if (!field || count == fields.size()) return std::nullopt;
        fields[count++] = *field;
    } while (scan.take(','));
    if (!scan.take(']') || count < 5) return std::nullopt;

    Submit call;
    call.worker = fields[0];
    const auto job = hex<std::uint64_t>(fields[1]);
    const auto time = hex<std::uint32_t>(fields[3]);
    const auto nonce = hex<std::uint32_t>(fields[4]);
    if (!job || !time || !nonce || !read_extranonce2(fields[2], call)) return std::nullopt;
    call.job = pool::JobId{*job};
    call.time = *time;
    call.nonce = *nonce;
    if (count == 6) {
        call.version_bits = hex<std::uint32_t>(fields[5]);
        if (!call.version_bits) return std::nullopt;
    }
    return call;
}

}  // namespace

std::optional<Request> read_submit_line(std::string_view line)
{
    Scan scan{line};
    if (!scan.take('{')) return std::nullopt;
    std::optional<std::string_view> id;
    std::optional<std::string_view> method;
    std::optional<Submit> call;
    do {
        const auto name = scan.text();
        if (!name || !scan.take(':')) return std::nullopt;
        if (*name == "id" && !id) {
            id = scan.whole_number();
            if (!id) return std::nullopt;
        } else if (*name == "method" && !method) {
            method = scan.text();
            if (method != "mining.submit") return std::nullopt;
        } else if (*name == "params" && !call) {
            call = read_params(scan);
            if (!call) return std::nullopt;
        } else {
            return std::nullopt;
        }
    } while (scan.take(','));
    if (!scan.take('}') || !scan.at_end() || !id || !method || !call) return std::nullopt;
    return Request{.id = std::string{*id}, .call = *call};
}

}  // namespace stratum::v1
