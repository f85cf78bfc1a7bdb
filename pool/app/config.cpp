#include "pool/app/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include <toml++/toml.h>

#include "pool/app/config_secrets.h"
#include "pool/app/config_table.h"
#include "pool/app/config_units.h"
#include "pool/base/nearest.h"

namespace pool {
namespace {

constexpr double min_difficulty_default =
    1024;                            // below, a share's score loses digits (docs/money.md)
constexpr std::size_t tag_max = 40;  // leaves room in the coinbase script's 100 bytes

tl::unexpected<Error> refuse(const std::string& where, const std::string& what)
{
    return fail(Error::Code::invalid, where + ": " + what);
}

tl::unexpected<Error> unknown(const std::string& where, std::string_view kind,
                              const std::string& name, const std::vector<std::string>& known)
{
    return refuse(where, "unknown " + std::string{kind} + " " + name + "; did you mean " +
                             nearest(name, known) + "?");
}

std::vector<std::string> known_keys()
{
    std::vector<std::string> names;
    for (const ConfigOption& option : config_options()) {
        names.push_back(std::string{option.section} + "." + std::string{option.key});
    }
    return names;
}

const ConfigOption* find_option(std::string_view section, std::string_view key)
{
    for (const ConfigOption& option : config_options()) {
        if (option.section == section && option.key == key) return &option;
    }
    return nullptr;
}

std::optional<ConfigValue> value_of(const toml::node& node)
{
    if (const auto* text = node.as_string()) return ConfigValue{text->get()};
    if (const auto* whole = node.as_integer()) return ConfigValue{whole->get()};
    if (const auto* real = node.as_floating_point()) return ConfigValue{real->get()};
    if (const auto* yes = node.as_boolean()) return ConfigValue{yes->get()};
    const auto* list = node.as_array();
    if (list == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (const toml::node& element : *list) {
        const auto* text = element.as_string();
        if (text == nullptr) return std::nullopt;
        texts.push_back(text->get());
    }
    return ConfigValue{std::move(texts)};
}

Result<void> apply(Config& config, const std::string& where, const ConfigOption& option,
                   const std::optional<ConfigValue>& value)
{
    const std::string name = std::string{option.section} + "." + std::string{option.key};
    if (!value) return refuse(where, name + " must be a " + std::string{option.kind});
    const std::string wrong = option.apply(config, in_unit_of(option.key, *value));
    if (!wrong.empty()) return refuse(where, name + " " + wrong);
    note_config(config, name, shown(*value, is_secret(name)), where);
    return {};
}

std::string place_of(const std::string& file, const toml::node& node)
{
    return file + ":" + std::to_string(node.source().begin.line);
}

std::string numbered(std::string_view section, std::size_t at, std::string_view key)
{
    return std::string{section} + "[" + std::to_string(at + 1) + "]." + std::string{key};
}

Result<void> read_node(Config& config, const std::string& file, const toml::node& entry)
{
    const toml::table* table = entry.as_table();
    if (table == nullptr)
        return refuse(place_of(file, entry), "write [[node]], once for each node");
    NodeOptions node;
    node.name = "node" + std::to_string(config.nodes.size() + 1);
    std::vector<std::string> known;
    for (const NodeOption& option : node_options()) {
        known.push_back("node." + std::string{option.key});
    }
    for (const auto& [key, value] : *table) {
        const std::string name = "node." + std::string{key.str()};
        const auto at = std::find(known.begin(), known.end(), name);
        if (at == known.end()) return unknown(place_of(file, value), "key", name, known);
        const auto* text = value.as_string();
        if (text == nullptr) {
            return refuse(place_of(file, value), name + " must be a text in quotes");
        }
        node.*node_options()[static_cast<std::size_t>(at - known.begin())].place = text->get();
        const bool secret = is_secret(name) || text->get().find('@') != std::string::npos;
        note_config(config, numbered("node", config.nodes.size(), key.str()),
                    shown(ConfigValue{text->get()}, secret), place_of(file, value));
    }
    if (!node.url.starts_with("http://")) {
        return refuse(place_of(file, entry), "node.url must be like \"http://127.0.0.1:8332\"");
    }
    if (!parse_node_role(node.role)) {
        return refuse(place_of(file, entry), "node.role must be one of both, template, submit");
    }
    const bool taken =
        std::any_of(config.nodes.begin(), config.nodes.end(),
                    [&](const NodeOptions& other) { return other.name == node.name; });
    if (taken) {
        return refuse(place_of(file, entry), "two nodes are named \"" + node.name +
                                                 "\"; give each [[node]] a name of its own");
    }
    config.nodes.push_back(std::move(node));
    return {};
}

/// One table of [[listener]] or [[webhook]], the `at`-th of its kind.
template <typename Entry, typename Option>
Result<Entry> read_entry(Config& config, const std::string& file, const std::string& section,
                         std::size_t at, std::span<const Option> options, const toml::node& node)
{
    const toml::table* table = node.as_table();
    if (table == nullptr) return refuse(place_of(file, node), "write [[" + section + "]]");
    Entry entry;
    std::vector<std::string> known;
    for (const Option& option : options) known.push_back(section + "." + std::string{option.key});
    for (const auto& [key, given] : *table) {
        const std::string name = section + "." + std::string{key.str()};
        const auto row = std::find(known.begin(), known.end(), name);
        if (row == known.end()) return unknown(place_of(file, given), "key", name, known);
        const auto value = value_of(given);
        const Option& option = options[static_cast<std::size_t>(row - known.begin())];
        const auto refused = [&](std::string_view why) {
            return refuse(place_of(file, given), std::string{name}.append(" ").append(why));
        };
        if (!value) return refused("is of no known type");
        const std::string wrong = option.apply(entry, *value);
        if (!wrong.empty()) return refused(wrong);
        note_config(config, numbered(section, at, key.str()), shown(*value, is_secret(name)),
                    place_of(file, given));
    }
    return entry;
}

Result<void> read_listener(Config& config, const std::string& file, const toml::node& node)
{
    auto listener = read_entry<ListenerConfig>(config, file, "listener", config.listeners.size(),
                                               listener_options(), node);
    if (!listener) return fail(listener.error());
    if (listener->listen.host.empty()) {
        return refuse(place_of(file, node), "listener.listen is missing");
    }
    config.listeners.push_back(std::move(*listener));
    return {};
}

Result<void> read_webhook(Config& config, const std::string& file, const toml::node& node)
{
    auto hook = read_entry<WebhookConfig>(config, file, "webhook", config.webhooks.size(),
                                          webhook_options(), node);
    if (!hook) return fail(hook.error());
    if ((hook->format == rpc::WebhookFormat::telegram) == hook->chat.empty()) {
        return refuse(place_of(file, node),
                      "webhook.chat goes with format = \"telegram\", and with no other");
    }
    config.webhooks.push_back(std::move(*hook));
    return {};
}

Result<void> read_section(Config& config, const std::string& file, const std::string& section,
                          const toml::node& node)
{
    std::vector<std::string> sections{"node", "listener", "webhook"};
    for (const ConfigOption& option : config_options()) sections.emplace_back(option.section);
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
        return unknown(place_of(file, node), "section", section, sections);
    }
    if (section == "node" || section == "listener" || section == "webhook") {
        const auto read_one = section == "node"       ? read_node
                              : section == "listener" ? read_listener
                                                      : read_webhook;
        const toml::array* list = node.as_array();
        if (list == nullptr) return read_one(config, file, node);
        for (const toml::node& entry : *list) {
            if (auto read = read_one(config, file, entry); !read) return read;
        }
        return {};
    }
    const toml::table* table = node.as_table();
    if (table == nullptr) return refuse(place_of(file, node), "[" + section + "] is a section");
    for (const auto& [key, value] : *table) {
        const std::string where = place_of(file, value);
        const ConfigOption* option = find_option(section, key.str());
        if (option == nullptr) {
            return unknown(where, "key", section + "." + std::string{key.str()}, known_keys());
        }
        if (auto applied = apply(config, where, *option, value_of(value)); !applied) {
            return applied;
        }
    }
    return {};
}

Result<void> read_file(Config& config, const std::string& file)
{
    std::ifstream stream{file};
    if (!stream) return fail(Error::Code::io, "cannot read the configuration " + file);
    std::stringstream text;
    text << stream.rdbuf();
    const std::string content = text.str();
    // toml++ speaks by exceptions here, because Debian builds it so.
    try {
        const toml::table root = toml::parse(std::string_view{content}, std::string_view{file});
        for (const auto& [section, node] : root) {
            auto read = read_section(config, file, std::string{section.str()}, node);
            if (!read) return read;
        }
    } catch (const toml::parse_error& error) {
        return refuse(file + ":" + std::to_string(error.source().begin.line),
                      std::string{error.description()});
    }
    return {};
}

// A text from outside the file: taken as TOML if it is, else as plain text.
ConfigValue value_of_text(const std::string& text)
{
    const std::string line = "v = " + text;
    try {
        const toml::table table = toml::parse(std::string_view{line}, std::string_view{});
        const toml::node* node = table.get("v");
        if (node != nullptr) {
            if (auto value = value_of(*node)) return *std::move(value);
        }
    } catch (const toml::parse_error&) {
        return text;
    }
    return text;
}

Result<void> apply_text(Config& config, const std::string& where, const std::string& name,
                        const std::string& text)
{
    const auto dot = name.find('.');
    const ConfigOption* option =
        dot == std::string::npos ? nullptr : find_option(name.substr(0, dot), name.substr(dot + 1));
    if (option == nullptr) return unknown(where, "key", name, known_keys());
    auto applied = apply(config, where, *option, value_of_text(text));
    if (applied) return applied;
    return apply(config, where, *option, ConfigValue{text});  // a password may look like a number
}

/// A key of the `number`-th [[node]] or [[webhook]] of the file, from 1.
Result<void> apply_numbered(Config& config, const std::string& where, const std::string& section,
                            std::size_t number, const std::string& key, const std::string& text)
{
    const std::string name = section + "." + key;
    const auto row_of = [&key](const auto& options) {
        return std::find_if(options.begin(), options.end(),
                            [&key](const auto& option) { return option.key == key; });
    };
    const std::size_t there = section == "node" ? config.nodes.size() : config.webhooks.size();
    if (number == 0 || number > there) {
        return refuse(where, "the file has no [[" + section + "]] of that number");
    }
    if (section == "node") {
        // What the file's own check has not to see again.
        constexpr std::array<std::string_view, 4> may{"user", "password", "password_file",
                                                      "cookie_file"};
        if (std::find(may.begin(), may.end(), key) == may.end()) {
            return refuse(where, name +
                                     " stands in the file; user, password, password_file and "
                                     "cookie_file may come from here");
        }
        config.nodes[number - 1].*row_of(node_options())->place = text;
    } else {
        const auto row = row_of(webhook_options());
        if (row == webhook_options().end()) return refuse(where, "unknown key " + name);
        const std::string wrong = row->apply(config.webhooks[number - 1], value_of_text(text));
        if (!wrong.empty()) return refuse(where, name + " " + wrong);
    }
    note_config(config, numbered(section, number - 1, key),
                shown(ConfigValue{text}, is_secret(name)), where);
    return {};
}

/// "node1": the section and its number; nothing for a section that there is once.
std::optional<std::pair<std::string, std::size_t>> numbered_section(const std::string& name)
{
    for (const std::string_view section : {"node", "webhook"}) {
        if (!name.starts_with(section)) continue;
        std::size_t number = 0;
        const char* const end = name.data() + name.size();
        const auto [at, error] = std::from_chars(name.data() + section.size(), end, number);
        if (error == std::errc{} && at == end) return std::pair{std::string{section}, number};
    }
    return std::nullopt;
}

Result<void> read_environment(Config& config, const std::map<std::string, std::string>& variables)
{
    for (const auto& [variable, text] : variables) {
        const auto cut = variable.find("__");
        if (!variable.starts_with("ZUBR_") || cut == std::string::npos) continue;
        std::string name = variable.substr(5);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const std::string section = name.substr(0, cut - 5);
        const std::string key = name.substr(cut - 5 + 2);
        const std::string where = "environment " + variable;
        const auto one = numbered_section(section);
        auto done =
            one ? apply_numbered(config, where, one->first, one->second, key, text)
                : apply_text(config, where, std::string{section}.append(".").append(key), text);
        if (!done) return done;
    }
    return {};
}

/// What nobody has set stands in the table's order, before what comes in numbers.
void note_defaults(Config& config)
{
    std::vector<ConfigLine> given = std::exchange(config.lines, {});
    for (const ConfigOption& option : config_options()) {
        const std::string name = std::string{option.section} + "." + std::string{option.key};
        const auto same = [&](const ConfigLine& line) { return line.name == name; };
        const auto set = std::find_if(given.begin(), given.end(), same);
        if (set != given.end()) {
            config.lines.push_back(std::move(*set));
            given.erase(set);
        } else {
            const std::string value = shown(value_of_text(std::string{option.example}), false);
            config.lines.push_back({name, value, "default"});
        }
    }
    for (ConfigLine& line : given) config.lines.push_back(std::move(line));
}

bool is_name(std::string_view text, std::size_t length_max)
{
    return !text.empty() && text.size() <= length_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::vector<std::string> all_proxies(const Config& config)
{
    std::vector<std::string> all = config.proxies;
    for (const ListenerConfig& listener : config.listeners) {
        all.insert(all.end(), listener.proxies.begin(), listener.proxies.end());
    }
    return all;
}

Result<void> check_whole(Config& config, const std::string& where)
{
    if (config.payout_address.empty()) {
        return refuse(where, "pool.payout_address is missing: say where found blocks pay");
    }
    if (config.payout_address.ends_with("…")) {  // as --print-default-config has it
        return refuse(where, "pool.payout_address is the example's: say where found blocks pay");
    }
    auto payout = parse_address(config.payout_address, config.chain);
    if (!payout) return refuse(where, "pool.payout_address: " + payout.error().detail);
    config.payout = std::move(*payout);
    if (config.data_dir.empty()) {
        return refuse(where, "pool.data_dir is missing: name a directory that survives restarts");
    }
    if (config.nodes.empty()) {
        return refuse(where, "there is no [[node]]: name the url of a Bitcoin node's RPC");
    }
    const auto nodes_that = [&](bool (*may)(NodeRole)) {
        return std::count_if(config.nodes.begin(), config.nodes.end(),
                             [may](const NodeOptions& node) {
                                 return may(parse_node_role(node.role).value_or(NodeRole::both));
                             });
    };
    if (nodes_that(gives_templates) == 0 || nodes_that(takes_blocks) == 0) {
        return refuse(where,
                      "node.role: one node at least must give templates, and one take blocks");
    }
    if (std::cmp_greater(config.nodes_agree, nodes_that(takes_blocks))) {
        return refuse(where, "work.nodes_agree: not so many [[node]]s take blocks");
    }
    const bool printable = std::all_of(config.coinbase_tag.begin(), config.coinbase_tag.end(),
                                       [](char c) { return c >= 0x20 && c < 0x7f; });
    if (!printable || config.coinbase_tag.size() > tag_max) {
        return refuse(where, "pool.coinbase_tag must be at most 40 printable ASCII characters");
    }
    if (!is_name(config.server_id, 16)) {
        return refuse(where, "pool.server_id must be 1 to 16 of a-z, 0-9 and '-'");
    }
    if (config.min_difficulty == 0) {
        config.min_difficulty = std::min(min_difficulty_default, config.start_difficulty);
    }
    if (config.min_difficulty > config.start_difficulty ||
        config.start_difficulty > config.max_difficulty) {
        return refuse(where, "stratum.start_difficulty must be between min_ and max_difficulty");
    }
    for (const std::string& proxy : all_proxies(config)) {
        if (stratum::parse_network(proxy)) continue;
        return refuse(where, "proxies: " + proxy + " is no network like 10.0.0.0/8");
    }
    // Now only is known what a rule that does not name a limit has: it may be said behind the rule.
    for (const std::string& text : config.network_rules) {
        auto rule = parse_network_rule(text, config.gate);
        if (!rule) return refuse(where, "limits.networks: " + rule.error().detail);
        config.gate.networks.push_back(*rule);
    }
    for (const std::string& network : config.admin_allow) {
        if (stratum::parse_network(network)) continue;
        return refuse(where, "admin.allow: " + network + " is no network like 10.0.0.0/8");
    }
    if (auto checked = check_listeners(config); !checked) {
        return refuse(where, checked.error().detail);
    }
    for (std::size_t i = 0; i < config.webhooks.size(); ++i) {
        if (!config.webhooks[i].url.empty()) continue;
        return refuse(where, numbered("webhook", i, "url") + " is missing");
    }
    if (config.cookie_file.empty()) config.cookie_file = config.data_dir + "/.cookie";
    return {};
}

}  // namespace

Result<Config> load_config(const ConfigSources& sources)
{
    Config config;
    config.window_score = U128{2} * 1'000'000'000'000'000'000U;
    if (!sources.file.empty()) {
        if (auto read = read_file(config, sources.file); !read) return fail(read.error());
    }
    if (auto read = read_environment(config, sources.environment); !read) {
        return fail(read.error());
    }
    for (const std::string& set : sources.sets) {
        const auto equals = set.find('=');
        if (equals == std::string::npos) {
            return refuse("--set " + set, "write --set section.key=value");
        }
        auto done = apply_text(config, "--set", set.substr(0, equals), set.substr(equals + 1));
        if (!done) return fail(done.error());
    }
    note_defaults(config);
    const auto credentials = sources.environment.find("CREDENTIALS_DIRECTORY");
    auto secrets =
        read_secrets(config, credentials == sources.environment.end() ? "" : credentials->second);
    if (!secrets) return fail(secrets.error());
    const std::string where = sources.file.empty() ? "configuration" : sources.file;
    if (auto checked = check_whole(config, where); !checked) return fail(checked.error());
    return config;
}

std::string pages_url(const Config& config)
{
    if (!config.web_url.empty()) return config.web_url;
    std::string host = config.web_listen.host;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "http://" + host + ":" + std::to_string(config.web_listen.port);
}

}  // namespace pool
