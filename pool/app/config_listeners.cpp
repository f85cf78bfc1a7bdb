#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "pool/app/config_table.h"

namespace pool {
namespace {

using L = ListenerConfig;

std::string set_listen(L& listener, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    const auto endpoint = text != nullptr ? parse_endpoint(*text) : fail(Error::Code::invalid, "");
    if (!endpoint) return "must be an address and a port such as \"0.0.0.0:3334\"";
    listener.listen = *endpoint;
    return "";
}

template <std::optional<double> L::* Place>
std::string set_number(L& listener, const ConfigValue& value)
{
    double number = -1;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&value)) number = *real;
    if (!std::isfinite(number) || number < 0) return "must be a number, zero or more";
    listener.*Place = number;
    return "";
}

std::string set_pace(L& listener, const ConfigValue& value)
{
    const auto* whole = std::get_if<std::int64_t>(&value);
    if (whole == nullptr || *whole < 1 || *whole > 1000) return "must be between 1 and 1000";
    listener.shares_per_minute = static_cast<std::uint32_t>(*whole);
    return "";
}

std::string set_extranonce2(L& listener, const ConfigValue& value)
{
    const auto* whole = std::get_if<std::int64_t>(&value);
    if (whole == nullptr || *whole < 2 || *whole > 8) return "must be between 2 and 8";
    listener.extranonce2_bytes = static_cast<std::uint32_t>(*whole);
    return "";
}

template <auto Place>
std::string set_yes(L& listener, const ConfigValue& value)
{
    const auto* yes = std::get_if<bool>(&value);
    if (yes == nullptr) return "must be true or false";
    listener.*Place = *yes;
    return "";
}

std::string set_proxies(L& listener, const ConfigValue& value)
{
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of networks such as \"10.0.0.0/8\"";
    listener.proxies = *list;
    return "";
}

constexpr std::array options{
    ListenerOption{"listen", "\"0.0.0.0:3334\"", "address and port (required)", set_listen},
    ListenerOption{"start_difficulty", "524288",
                   "this and the next four: else as in [stratum], a start within the port's range",
                   set_number<&L::start_difficulty>},
    ListenerOption{"min_difficulty", "524288", "", set_number<&L::min_difficulty>},
    ListenerOption{"max_difficulty", "4.6e18", "", set_number<&L::max_difficulty>},
    ListenerOption{"shares_per_minute", "20", "", set_pace},
    ListenerOption{"vary_difficulty", "true", "", set_yes<&L::vary_difficulty>},
    ListenerOption{"extranonce2_bytes", "8",
                   "what a v1 miner rolls; 4 for old firmware (cgminer 3.7) that can do no other",
                   set_extranonce2},
    ListenerOption{"tls_only", "false", "turn plain text away", set_yes<&L::tls_only>},
    ListenerOption{"proxies", "[]", "networks whose PROXY headers are believed", set_proxies},
    ListenerOption{"proxy_only", "false", "turn away who sends no PROXY header",
                   set_yes<&L::proxy_only>},
};

std::string name_of(std::size_t listener)
{
    return "listener[" + std::to_string(listener + 1) + "]";
}

// The loops share each port, so the kernel lets anybody bind it twice and deals miners out between
// the two. Where it shall choose a port, it chooses another each time.
Result<void> check_endpoints(const Config& config)
{
    std::vector<std::pair<std::string, std::string>> taken{
        {to_string(config.stratum_listen), "stratum.listen"}};
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const Endpoint& listen = config.listeners[i].listen;
        std::string own = to_string(listen);
        const auto same = std::find_if(taken.begin(), taken.end(),
                                       [&own](const auto& other) { return other.first == own; });
        if (same != taken.end() && listen.port != 0) {
            return fail(Error::Code::invalid,
                        name_of(i) + ".listen: " + own + " is " + same->second + " already");
        }
        taken.emplace_back(std::move(own), name_of(i) + ".listen");
    }
    return {};
}

// What is wrong with the port by itself, or "".
std::string fault_of(const ListenerConfig& listener, const Config& config)
{
    if (listener.tls_only && config.tls_certificate.empty()) {
        return ".tls_only: there is no stratum.tls_certificate";
    }
    if (listener.proxy_only && listener.proxies.empty()) {
        return ".proxy_only: name the proxies, else nobody gets in";
    }
    const double least = listener.min_difficulty.value_or(config.min_difficulty);
    const double most = listener.max_difficulty.value_or(config.max_difficulty);
    if (least > most) return ": min_difficulty is above max_difficulty";
    // [stratum]'s start is brought within the port's range; what was written here was meant.
    const double start = listener.start_difficulty.value_or(least);
    if (start >= least && start <= most) return "";
    return ".start_difficulty must be between the port's min_ and max_difficulty";
}

}  // namespace

std::span<const ListenerOption> listener_options() { return options; }

Result<void> check_listeners(const Config& config)
{
    if (auto own = check_endpoints(config); !own) return own;
    const auto refuse = [](const std::string& what) { return fail(Error::Code::invalid, what); };
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
        return refuse("stratum.tls_certificate and stratum.tls_key go together");
    }
    if (config.shares_per_minute == 0) {
        return refuse("stratum.shares_per_minute must be 1 or more");
    }
    if (config.proxy_only && config.proxies.empty()) {
        return refuse("stratum.proxy_only: name the proxies, else nobody gets in");
    }
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const std::string fault = fault_of(config.listeners[i], config);
        if (!fault.empty()) return refuse(name_of(i) + fault);
    }
    return {};
}

Result<stratum::GateOptions::Rule> parse_network_rule(std::string_view text,
                                                      const stratum::GateOptions& defaults)
{
    const auto take_word = [&text] {
        const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        text.remove_prefix(end);
        return word;
    };
    const std::string_view name = take_word();
    const auto network = stratum::parse_network(name);
    if (!network) {
        return fail(Error::Code::invalid, std::string{name} + " is no network like 10.0.0.0/8");
    }
    stratum::GateOptions::Rule rule{*network, defaults.address, {}, defaults.lines_per_second};
    const std::array<std::pair<std::string_view, std::uint32_t*>, 9> places{
        {{"connections", &rule.address.connections},
         {"connects_per_second", &rule.address.connects_per_second},
         {"connects_burst", &rule.address.connects_burst},
         {"channels", &rule.address.channels},
         {"lines_per_second", &rule.lines_per_second},
         {"prefix_channels", &rule.prefix.channels},
         {"prefix_connections", &rule.prefix.connections},
         {"prefix_connects_per_second", &rule.prefix.connects_per_second},
         {"prefix_connects_burst", &rule.prefix.connects_burst}}};
    for (std::string_view word = take_word(); !word.empty(); word = take_word()) {
        const std::size_t equals = word.find('=');
        const auto* const place =
            std::find_if(places.begin(), places.end(),
                         [&](const auto& known) { return known.first == word.substr(0, equals); });
        if (place == places.end() || equals == std::string_view::npos) {
            return fail(Error::Code::invalid, std::string{word} +
                                                  " is none of connections=, "
                                                  "connects_per_second=, connects_burst=, "
                                                  "channels=, lines_per_second=, and the first "
                                                  "four with prefix_ before");
        }
        const std::string_view digits = word.substr(equals + 1);
        const char* const end = digits.data() + digits.size();
        const auto [at, error] = std::from_chars(digits.data(), end, *place->second);
        if (digits.empty() || error != std::errc{} || at != end) {
            return fail(Error::Code::invalid, std::string{word} + " needs a whole number");
        }
    }
    return rule;
}

}  // namespace pool
