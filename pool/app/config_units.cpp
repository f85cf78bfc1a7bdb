#include "pool/app/config_units.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace pool {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t size;
};
constexpr std::array<Unit, 5> times{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> sizes{
    {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

/// What a key counts, by the end of its name.
struct Kind {
    std::string_view ending;
    std::span<const Unit> units;
    std::int64_t size;
};
constexpr std::array<Kind, 5> kinds{{{"_ms", times, 1},
                                     {"_seconds", times, 1000},
                                     {"_hours", times, 3'600'000},
                                     {"_bytes", sizes, 1},
                                     {"_bytes_handshake", sizes, 1}}};

std::optional<std::int64_t> counted(std::string_view text, const Kind& kind)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : kind.units) {
        if (unit.name != name) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / unit.size) return std::nullopt;
        const std::int64_t all = number * unit.size;
        return all % kind.size == 0 ? std::optional{all / kind.size} : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

ConfigValue in_unit_of(std::string_view key, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return value;
    for (const Kind& kind : kinds) {
        if (!key.ends_with(kind.ending)) continue;
        if (const auto number = counted(*text, kind)) return *number;
    }
    return value;
}

}  // namespace pool
