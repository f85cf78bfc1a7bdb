#include "stratum/v1/framing.h"

#include "pool/base/release_memory.h"
#include "pool/base/result.h"

namespace stratum::v1 {
namespace {

std::string_view without_blanks(std::string_view line)
{
    constexpr std::string_view blanks = " \t\r";
    const std::size_t first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

}  // namespace

void LineReader::feed(std::span<const std::uint8_t> bytes)
{
    pool::check(fresh_.empty(), "every piece is used up before the next");
    fresh_ = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::string_view> LineReader::next(std::size_t line_max)
{
    while (const auto raw = take_line(line_max)) {
        const std::string_view line = without_blanks(*raw);
        if (!line.empty()) return line;
        ++skipped_;
    }
    return std::nullopt;
}

std::optional<std::string_view> LineReader::take_line(std::size_t line_max)
{
    pool::release_memory(line_);
    if (too_long_) return std::nullopt;
    const std::size_t end = fresh_.find('\n');
    const std::size_t piece = end == std::string_view::npos ? fresh_.size() : end;
    if (held_.size() + piece > line_max) {
        too_long_ = true;
        fresh_ = {};
        pool::release_memory(held_);
        return std::nullopt;
    }
    if (end == std::string_view::npos) {
        held_.append(fresh_);
        fresh_ = {};
        return std::nullopt;
    }
    const std::string_view rest_of_line = fresh_.substr(0, end);
    fresh_.remove_prefix(end + 1);
    if (held_.empty()) return rest_of_line;
    held_.append(rest_of_line);
    line_.swap(held_);  // most connections wait with no line begun, and hold no memory for one
    return line_;
}

}  // namespace stratum::v1
