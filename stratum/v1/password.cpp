#include "stratum/v1/password.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace stratum::v1 {
namespace {

std::optional<double> positive(std::string_view text)
{
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || at != end || !std::isfinite(value) || value <= 0) return {};
    return value;
}

void apply(std::string_view key, std::string_view value, PasswordOptions& options, bool& fix)
{
    const auto number = positive(value);
    if (!number) return;
    if (key == "d" || key == "diff" || key == "sd") options.start = number;
    if (key == "md" || key == "mind") options.floor = number;
    if (key == "th") options.hashrate = number;
    if (key == "maxd") options.ceiling = number;
    if (key == "fd") options.fixed = number;
    if (key == "f") fix = value == "1";
}

}  // namespace

PasswordOptions parse_password(std::string_view text)
{
    constexpr std::string_view separators = ",; \t";
    PasswordOptions options;
    bool fix = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));

        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        std::string key{pair.substr(0, equals)};
        for (char& c : key) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        apply(key, pair.substr(equals + 1), options, fix);
    }
    if (fix && !options.fixed) options.fixed = options.start;
    return options;
}

}  // namespace stratum::v1
