#include "pool/app/ban_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "pool/base/replace_file.h"

namespace pool {
namespace {

using Entry = stratum::NetworkBans::Entry;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

struct Line {
    stratum::Network network;
    std::uint64_t until_ms = 0;
};

std::optional<Line> parse_line(std::string_view text)
{
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto network = stratum::parse_network(text.substr(0, space));
    if (!network) return std::nullopt;
    Line line{*network, 0};
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + space + 1, end, line.until_ms);
    if (error != std::errc{} || at != end) return std::nullopt;
    return line;
}

}  // namespace

Result<std::vector<Entry>> read_bans(const std::filesystem::path& file, Now now)
{
    std::error_code trouble;
    if (!std::filesystem::exists(file, trouble)) return std::vector<Entry>{};
    std::ifstream in{file};
    if (!in) return fail(Error::Code::io, "cannot read " + file.string());
    std::vector<Entry> bans;
    std::size_t number = 0;
    for (std::string text; std::getline(in, text);) {
        ++number;
        const auto line = parse_line(text);
        if (!line) {
            return fail(Error::Code::invalid,
                        file.string() + ":" + std::to_string(number) + ": no network and time");
        }
        if (line->until_ms <= now.wall.value) continue;
        // Longer than any ban: a number that somebody has put there must not leave the clock.
        const std::uint64_t left = line->until_ms - now.wall.value;
        constexpr std::uint64_t left_max = std::uint64_t{100} * 365 * 86'400'000;
        bans.push_back({line->network, now.steady + milliseconds{std::min(left, left_max)}});
    }
    return bans;
}

Result<void> write_bans(const std::filesystem::path& file, const std::vector<Entry>& bans, Now now)
{
    std::string text;
    for (const Entry& ban : bans) {
        if (ban.until <= now.steady) continue;
        const auto left = duration_cast<milliseconds>(ban.until - now.steady);
        text += to_string(ban.network) + " " +
                std::to_string(now.wall.value + static_cast<std::uint64_t>(left.count())) + "\n";
    }
    constexpr unsigned mode = 0600;
    return replace_file(file, text, mode);
}

}  // namespace pool
