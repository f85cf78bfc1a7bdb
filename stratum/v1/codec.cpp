#include "stratum/v1/codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "pool/base/bytes.h"
#include "stratum/v1/submit_line.h"

namespace stratum::v1 {
namespace {

using pool::JsonValue;

constexpr std::size_t codes_max = 16;  // extensions in one configure; the known ones are five
constexpr double difficulty_hint_max = 0x1p62;

std::string_view without_blanks(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Blanks, "0x": what every hex field may carry.
std::string_view bare_digits(std::string_view text)
{
    std::string_view digits = without_blanks(text);
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    return digits;
}

template <typename Integer>
std::optional<Integer> hex_number(std::string_view digits)
{
    Integer value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value, 16);
    if (digits.empty() || error != std::errc{} || at != end) return std::nullopt;
    return value;
}

std::string id_text(JsonValue id)
{
    if (const auto number = id.number_text()) return std::string{*number};
    std::string text;
    if (const auto string = id.string()) {
        pool::append_json_string(text, *string);
        return text;
    }
    if (const auto flag = id.boolean()) return *flag ? "true" : "false";
    return "null";
}

std::string_view text_or_empty(JsonValue value) { return value.string().value_or(""); }

// ntime, nonce and version bits: hex text, or a JSON number (sent by some proxies).
std::optional<std::uint32_t> number_field(JsonValue value)
{
    if (const auto text = value.string()) return lenient_u32(*text);
    const auto number = value.uint64();
    if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

std::optional<double> decimal(std::string_view text)
{
    const std::string_view digits = without_blanks(text);
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || at != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<double> number_or_text(JsonValue value)
{
    if (const auto number = value.number()) return number;
    if (const auto text = value.string()) return decimal(*text);
    return std::nullopt;
}

SuggestDifficulty suggestion(std::optional<double> value)
{
    if (!value || !(*value > 0) || *value > difficulty_hint_max) return {};
    return {value};
}

// NerdMiner's ancestors send mining.suggest_difficulty(123).
SuggestDifficulty suggestion_in_name(std::string_view rest)
{
    if (!rest.ends_with(')')) return {};
    return suggestion(decimal(rest.substr(0, rest.size() - 1)));
}

SuggestTarget suggest_target(JsonValue params)
{
    const std::string_view digits = bare_digits(text_or_empty(params.at(0)));
    if (digits.empty() || digits.size() > 64) return {};
    const std::string padded = std::string(64 - digits.size(), '0') + std::string{digits};
    const auto target = pool::Uint256::from_hex(padded);
    if (!target || target->is_zero()) return {};
    return {target};
}

Call configure(JsonValue params)
{
    const JsonValue codes = params.at(0);
    if (params.type() != JsonValue::Type::array || codes.type() != JsonValue::Type::array) {
        return BadParams{BadParams::Of::configure};
    }
    Configure call;
    for (const JsonValue code : codes) {
        const auto name = code.string();
        // A parameter of the answer to another code is none itself: its key would stand twice.
        if (!name || *name == "version-rolling.mask") continue;
        if (std::find(call.codes.begin(), call.codes.end(), *name) != call.codes.end()) continue;
        if (call.codes.size() == codes_max) return BadParams{BadParams::Of::extensions};
        call.codes.push_back(*name);
    }
    const JsonValue map = params.at(1);
    if (const auto mask = map.find("version-rolling.mask").string()) {
        call.version_mask = lenient_u32(*mask).value_or(0xffffffff);
    }
    call.hardware = text_or_empty(map.find("info.hw-version"));
    call.software = text_or_empty(map.find("info.sw-version"));
    call.hardware_id = text_or_empty(map.find("info.hw-id"));
    const auto floor = number_or_text(map.find("minimum-difficulty.value"));
    if (floor && *floor >= 0) call.minimum_difficulty = floor;
    return call;
}

Call subscribe(JsonValue params)
{
    constexpr std::size_t session_digits = 16;
    Subscribe call{.user_agent = text_or_empty(params.at(0))};
    const std::string_view session = text_or_empty(params.at(1));
    if (session.size() == session_digits) call.session = hex_number<std::uint64_t>(session);
    return call;
}

Call authorize(JsonValue params)
{
    const auto user = params.at(0).string();
    if (!user) return BadParams{BadParams::Of::authorize};
    return Authorize{.user = *user, .password = text_or_empty(params.at(1))};
}

// Everything that is no even number of hex digits gets a length that no session accepts.
void read_extranonce2(std::string_view text, Submit& call)
{
    const std::string_view digits = bare_digits(text);
    const std::size_t length = digits.size() / 2;
    call.extranonce2_length = call.extranonce2.size() + 1;
    if (digits.size() % 2 != 0 || length > call.extranonce2.size()) return;
    if (!pool::hex_into(digits, std::span{call.extranonce2}.first(length))) return;
    call.extranonce2_length = length;
}

Call submit(JsonValue params)
{
    constexpr std::size_t params_min = 5;
    const BadParams bad{BadParams::Of::submit};
    if (params.type() != JsonValue::Type::array || params.size() < params_min) return bad;

    const auto worker = params.at(0).string();
    const auto job = params.at(1).string();
    const auto extranonce2 = params.at(2).string();
    const auto time = number_field(params.at(3));
    const auto nonce = number_field(params.at(4));
    if (!worker || !job || !extranonce2 || !time || !nonce) return bad;

    Submit call;
    call.worker = *worker;
    call.job = parse_job_id(*job);
    call.time = *time;
    call.nonce = *nonce;
    read_extranonce2(*extranonce2, call);
    const JsonValue bits = params.at(5);
    if (bits.exists() && !bits.is_null()) {
        call.version_bits = number_field(bits);
        if (!call.version_bits) return bad;
    }
    return call;
}

bool is_report(std::string_view method)
{
    constexpr std::array<std::string_view, 3> reports{"mining.hashrate_report", "mining.report",
                                                      "eth_submitHashrate"};
    return std::find(reports.begin(), reports.end(), method) != reports.end() ||
           method.starts_with("agent.");
}

bool is_leave(std::string_view method)
{
    constexpr std::array<std::string_view, 3> leaves{"mining.bye", "mining.term",
                                                     "mining.unsubscribe"};
    return std::find(leaves.begin(), leaves.end(), method) != leaves.end();
}

Call call_of(std::string_view method, JsonValue params)
{
    constexpr std::string_view suggest_in_name = "mining.suggest_difficulty(";
    if (method == "mining.submit") return submit(params);
    if (method == "mining.subscribe") return subscribe(params);
    if (method == "mining.authorize" || method == "mining.auth") return authorize(params);
    if (method == "mining.configure") return configure(params);
    if (method == "mining.suggest_difficulty") return suggestion(number_or_text(params.at(0)));
    if (method.starts_with(suggest_in_name)) {
        return suggestion_in_name(method.substr(suggest_in_name.size()));
    }
    if (method == "mining.suggest_target") return suggest_target(params);
    if (method == "mining.extranonce.subscribe") return SubscribeExtranonce{};
    if (method == "mining.multi_version") return MultiVersion{};
    if (method == "mining.capabilities") return Capabilities{};
    if (method == "mining.get_transactions" || method == "mining.get_txnhashes") {
        return GetTransactions{};
    }
    if (method == "mining.ping") return Ping{};
    if (method == "pong" || method == "mining.pong") return Answer{};
    if (method == "agent.get_capabilities") return AgentCapabilities{};
    if (is_report(method)) return Report{};
    if (method == "mining.deauthorize") return Deauthorize{text_or_empty(params.at(0))};
    if (is_leave(method)) return Leave{};
    return UnknownMethod{method};
}

}  // namespace

std::optional<std::uint32_t> lenient_u32(std::string_view text)
{
    // from_chars takes any number of leading zeros and refuses signs and what does not fit.
    return hex_number<std::uint32_t>(bare_digits(text));
}

std::optional<pool::JobId> parse_job_id(std::string_view text)
{
    constexpr std::size_t digits_max = 16;
    const std::string_view digits = bare_digits(text);
    if (digits.size() > digits_max) return std::nullopt;
    const auto value = hex_number<std::uint64_t>(digits);
    if (!value) return std::nullopt;
    return pool::JobId{*value};
}

pool::Result<Request> read_request(std::string_view line, pool::JsonDocument& document,
                                   const pool::JsonLimits& limits)
{
    if (auto submit = read_submit_line(line)) return *std::move(submit);
    const auto root = document.parse(line, limits);
    if (!root) return pool::fail(root.error());
    if (root->type() != JsonValue::Type::object) {
        return pool::fail(pool::Error::Code::invalid, "The line is no JSON object");
    }

    Request request{.id = id_text(root->find("id")), .call = {}};
    const auto method = root->find("method").string();
    if (method) {
        request.call = call_of(without_blanks(*method), root->find("params"));
    } else if (root->find("result").exists() || root->find("error").exists()) {
        request.call = Answer{text_or_empty(root->find("result"))};
    } else {
        request.call = NoMethod{};
    }
    return request;
}

}  // namespace stratum::v1
