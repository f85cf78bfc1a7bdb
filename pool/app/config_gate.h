#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "pool/app/config_table.h"

/// The setters of [limits] that say who may connect (stratum::GateOptions). Each returns what is
/// wrong with the value; "" for nothing.
namespace pool {

template <auto Whose, auto... Place>
std::string set_gate_limit(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0 || *number > 100'000'000) {
        return "must be a whole number, zero or more";
    }
    ((config.gate.*Whose).*....*Place) = static_cast<std::uint32_t>(*number);
    return "";
}

inline std::string set_connections_max(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0) return "must be a whole number, zero or more";
    config.gate.connections_max = static_cast<std::size_t>(*number);
    return "";
}

inline std::string set_ban(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 1 || *number > 31'536'000) {
        return "must be between 1 and 31536000 seconds";
    }
    config.gate.ban = std::chrono::seconds{*number};
    return "";
}

inline std::string set_misbehaviours(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 1 || *number > 1'000'000) {
        return "must be between 1 and 1000000";
    }
    config.gate.misbehaviours_max = static_cast<std::uint32_t>(*number);
    return "";
}

inline std::string set_networks(Config& config, const ConfigValue& value)
{
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of texts";
    for (const std::string& text : *list) {
        const auto rule = parse_network_rule(text, config.gate);
        if (!rule) return "has an entry that is wrong: " + rule.error().detail;
    }
    config.network_rules = *list;
    return "";
}

}  // namespace pool
