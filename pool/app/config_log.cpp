#include <algorithm>
#include <array>
#include <optional>

#include "pool/app/config_table.h"

// [log]: which lines are written, and how they look.
namespace pool {
namespace {

std::string set_level(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    const auto level = text == nullptr ? std::nullopt : log::parse_level(*text);
    if (!level) return "must be one of debug, info, notice, warn, error";
    config.log_level = *level;
    return "";
}

std::string set_levels(Config& config, const ConfigValue& value)
{
    const auto* texts = std::get_if<std::vector<std::string>>(&value);
    if (texts == nullptr) return "must be a list of texts";
    config.log_levels.clear();
    for (const std::string& text : *texts) {
        const std::size_t equals = std::min(text.find('='), text.size());
        const auto part = log::parse_part(std::string_view{text}.substr(0, equals));
        const auto level = equals == text.size()
                               ? std::nullopt
                               : log::parse_level(std::string_view{text}.substr(equals + 1));
        if (!part || !level) {
            return "holds texts like \"stratum=debug\": a part is app, node, share, runtime, "
                   "stratum, payouts or rpc, a level debug, info, notice, warn or error";
        }
        config.log_levels[*part] = *level;
    }
    return "";
}

std::string set_format(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || (*text != "text" && *text != "json")) return "must be text or json";
    config.log_format = *text == "json" ? log::Format::json : log::Format::text;
    return "";
}

constexpr std::array table{
    ConfigOption{"log", "level", "text", "\"info\"", "debug, info, notice, warn or error",
                 set_level},
    ConfigOption{"log", "levels", "list of texts", "[]",
                 "of parts that have one of their own, like \"stratum=debug\": app, node, share, "
                 "runtime, stratum, payouts, rpc",
                 set_levels},
    ConfigOption{"log", "format", "text", "\"text\"", "text or json", set_format},
};

}  // namespace

std::span<const ConfigOption> log_config_options() { return table; }

}  // namespace pool
