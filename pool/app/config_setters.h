#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "pool/app/config_table.h"

/// Setters that several parts of the option table share. Each returns what is wrong with the
/// value; "" for nothing.
namespace pool {

inline constexpr std::string_view wants_whole = "must be a whole number";
inline constexpr std::string_view wants_number = "must be a number";

template <std::uint32_t Config::* Place, std::int64_t Max>
std::string set_whole(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return std::string{wants_whole};
    if (*number < 0 || *number > Max) return "must be between 0 and " + std::to_string(Max);
    config.*Place = static_cast<std::uint32_t>(*number);
    return "";
}

template <std::uint32_t Config::* Place, std::int64_t Min, std::int64_t Max>
std::string set_between(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return std::string{wants_whole};
    if (*number < Min || *number > Max) {
        return "must be between " + std::to_string(Min) + " and " + std::to_string(Max);
    }
    config.*Place = static_cast<std::uint32_t>(*number);
    return "";
}

template <double Config::* Place>
std::string set_difficulty(Config& config, const ConfigValue& value)
{
    double number = 0;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        number = static_cast<double>(*whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
        number = *real;
    } else {
        return std::string{wants_number};
    }
    if (!std::isfinite(number) || number < 0) return "must be zero or more";
    config.*Place = number;
    return "";
}

}  // namespace pool
