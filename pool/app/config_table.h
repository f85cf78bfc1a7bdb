#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pool/app/config.h"
#include "pool/base/result.h"

namespace pool {

/// A value as TOML has it, before it gets a meaning.
using ConfigValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

/// One row of the option table: from it come parsing, checking and the example file.
struct ConfigOption {
    std::string_view section;
    std::string_view key;
    std::string_view kind;     ///< for people: "text", "whole number", "number", "yes or no", …
    std::string_view example;  ///< the default, as it would stand in the file
    std::string_view help;
    /// Puts the value into the configuration. Returns what is wrong with it, or "".
    std::string (*apply)(Config&, const ConfigValue&);
};

/// Options outside [[node]], in the order of the example file.
std::span<const ConfigOption> config_options();
/// Those of [limits], [payouts] and [log], parts of them.
std::span<const ConfigOption> limit_config_options();
std::span<const ConfigOption> payout_config_options();
std::span<const ConfigOption> log_config_options();

/// One row for a key of a [[node]] table.
struct NodeOption {
    std::string_view key;
    std::string_view example;
    std::string_view help;
    std::string NodeOptions::* place;
};
std::span<const NodeOption> node_options();

/// One row for a key of a [[listener]] table.
struct ListenerOption {
    std::string_view key;
    std::string_view example;
    std::string_view help;
    std::string (*apply)(ListenerConfig&, const ConfigValue&);
};
std::span<const ListenerOption> listener_options();
/// What only all options of the miners' ports together tell: two ports on one endpoint, and what
/// would let nobody in. Errors: invalid, with the option's name and what is wrong.
Result<void> check_listeners(const Config& config);

/// One row for a key of a [[webhook]] table.
struct WebhookOption {
    std::string_view key;
    std::string_view example;
    std::string_view help;
    std::string (*apply)(WebhookConfig&, const ConfigValue&);
};
std::span<const WebhookOption> webhook_options();

/// As JSON: "***" for what is not to be shown, but for an empty text.
std::string shown(const ConfigValue& value, bool secret);
/// Is the value of this key not to be shown? name: "mysql.password", "webhook.url".
bool is_secret(std::string_view name);

/// For getconfig: what stands here now, whatever stood there before. What is one of several ("[1]")
/// stands with its like.
void note_config(Config& config, const std::string& name, std::string value,
                 const std::string& where);

/// "10.0.0.0/8 connections=0 connects_per_second=0"; what is not named is as in `defaults` for an
/// address, and without limit for a prefix. Rules of `defaults` do not matter. Errors: invalid,
/// with what is wrong.
Result<stratum::GateOptions::Rule> parse_network_rule(std::string_view text,
                                                      const stratum::GateOptions& defaults);

}  // namespace pool
