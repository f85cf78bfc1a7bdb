#include "rpc/cli/present.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace rpc::cli {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

// What terminals paint with.
constexpr const char* green = "32";
constexpr const char* red = "1;31";

Json parse(const std::string& text) { return Json::parse(text, nullptr, false); }

/// Without what a terminal would act upon; line ends only where `lines`.
std::string safe(std::string text, bool lines)
{
    for (char& c : text) {
        const auto code = static_cast<unsigned char>(c);
        if ((code < 0x20 && !(lines && c == '\n')) || code == 0x7f) c = '?';
    }
    // U+0080 to U+009F: control characters of two bytes in UTF-8.
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        if (text[i] != '\xc2') continue;
        if (static_cast<unsigned char>(text[i + 1]) < 0xa0) text[i] = text[i + 1] = '?';
    }
    return text;
}

std::string dump(const Json& value, int indent)
{
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string cell(const Json& value)
{
    if (value.is_string()) return safe(value.get<std::string>(), false);
    if (value.is_null()) return "-";
    return dump(value, -1);
}

/// "2026-11-30 06:00:00", in UTC.
std::string moment(std::int64_t seconds)
{
    const auto at = static_cast<std::time_t>(seconds);
    std::tm utc{};
    gmtime_r(&at, &utc);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &utc);
    return text.data();
}

/// Do numbers under this name count seconds since 1970? Those of methods all do.
bool names_a_moment(std::string_view key)
{
    return key == "at" || key == "last_share" || key.ends_with("_at");
}

/// As a person reads it: a time instead of its seconds, six digits of what has sixteen.
std::string cell(const std::string& key, const Json& value)
{
    constexpr std::int64_t seconds_most = 100'000'000'000;  // above it stand milliseconds
    if (value.is_number_integer() && names_a_moment(key) && value.get<std::int64_t>() > 0) {
        const auto number = value.get<std::int64_t>();
        return moment(number < seconds_most ? number : number / 1000);
    }
    if (!value.is_number_float()) return cell(value);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", value.get<double>());
    return text.data();
}

/// Columns as wide as their widest cell; numbers to the right.
std::string aligned(const std::vector<Row>& rows, const std::vector<bool>& to_right)
{
    std::vector<std::size_t> widths(to_right.size(), 0);
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - row[i].size(), ' ');
            line += (i == 0 ? "" : "  ") + (to_right[i] ? space + row[i] : row[i] + space);
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

std::string table(const Json& list)
{
    std::vector<Row> rows(1);
    std::vector<bool> to_right;
    for (const auto& [key, value] : list.front().items()) {
        rows[0].push_back(key);
        to_right.push_back(value.is_number());
    }
    for (const Json& item : list) {
        Row row;
        for (const std::string& key : rows[0]) {
            row.push_back(item.contains(key) ? cell(key, item[key]) : "");
        }
        rows.push_back(std::move(row));
    }
    return aligned(rows, to_right);
}

bool is_table(const Json& value)
{
    return value.is_array() && !value.empty() &&
           std::all_of(value.begin(), value.end(),
                       [](const Json& item) { return item.is_object() && !item.empty(); });
}

std::string lines(const Json& object)
{
    std::vector<Row> rows;
    std::string tables;
    for (const auto& [key, value] : object.items()) {
        if (is_table(value))
            tables += "\n" + key + "\n" + table(value);
        else
            rows.push_back({key, cell(key, value)});
    }
    return aligned(rows, {false, false}) + tables;
}

/// Three significant digits and a unit.
std::string scaled(double value, std::string_view unit)
{
    constexpr std::string_view prefixes = " kMGTPEZY";
    std::size_t step = 0;
    while (value >= 999.5 && step + 1 < prefixes.size()) {
        value /= 1000;
        ++step;
    }
    std::array<char, 32> text{};
    const int decimals = value >= 99.95 || value <= 0 ? 0 : value >= 9.995 ? 1 : 2;
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    std::string out = text.data();
    out += ' ';
    if (step > 0) out += prefixes[step];
    return out.append(unit);
}

/// The middle of a long address tells nobody anything.
std::string shortened(const std::string& account)
{
    constexpr std::size_t longest = 20;
    if (account.size() <= longest) return account;
    return account.substr(0, 10) + "..." + account.substr(account.size() - 7);
}

std::string ago(double seconds)
{
    const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds));
    if (whole < 120) return std::to_string(whole) + " s";
    if (whole < 7200) return std::to_string(whole / 60) + " min";
    return std::to_string(whole / 3600) + " h";
}

/// What fits: a line that wraps would push the first ones off the screen. By characters, not bytes.
std::string clipped(const std::string& text, Screen screen)
{
    std::string out;
    std::size_t rows = 0;
    std::size_t column = 0;
    for (const char c : text) {
        if (c == '\n') {
            out += c;
            column = 0;
            if (++rows == screen.rows) return out;
            continue;
        }
        if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80) ++column;
        if (screen.columns == 0 || column <= screen.columns) out += c;
    }
    return out;
}

double number(const Json& object, const char* key)
{
    return object.contains(key) && object[key].is_number() ? object[key].get<double>() : 0;
}

std::string member(const Json& object, const char* key)
{
    return object.contains(key) ? cell(object[key]) : "-";
}

/// What was found comes to what became of it; what nodes have refused was none.
std::string blocks_text(const Json& pool)
{
    double waiting = number(pool, "blocks_found");
    for (const char* const state : {"blocks_immature", "blocks_mature", "blocks_orphaned"}) {
        waiting -= number(pool, state);
    }
    std::string text = member(pool, "blocks_found") + " found: ";
    if (waiting > 0)
        text += std::to_string(static_cast<std::uint64_t>(waiting)) + " not credited yet, ";
    text += member(pool, "blocks_immature") + " immature, " + member(pool, "blocks_mature") +
            " mature, " + member(pool, "blocks_orphaned") + " orphaned";
    if (number(pool, "blocks_rejected") > 0) {
        text += "; " + member(pool, "blocks_rejected") + " refused by all nodes";
    }
    return text;
}

}  // namespace

std::string as_text(const std::string& result_json)
{
    const Json value = parse(result_json);
    if (value.is_string()) return safe(value.get<std::string>(), true) + "\n";
    if (is_table(value)) return table(value);
    if (value.is_array() && value.empty()) return "none\n";
    if (value.is_object() && !value.empty()) return lines(value);
    return dump(value, 2) + "\n";
}

std::string as_json(const std::string& result_json)
{
    const Json value = parse(result_json);
    if (value.is_string()) return value.get<std::string>() + "\n";
    return dump(value, 2) + "\n";
}

std::string error_text(const std::string& error_json)
{
    const Json error = parse(error_json);
    if (!error.is_object()) return "error: " + safe(error_json, false);
    return "error " + member(error, "code") + ": " + member(error, "message");
}

std::string info_text(const std::string& pool_json, Colour colour)
{
    const auto painted = [colour](const char* code, const std::string& text) {
        return colour == Colour::no ? text : "\x1b[" + std::string{code} + "m" + text + "\x1b[0m";
    };
    const Json pool = parse(pool_json);
    if (!pool.is_object()) return as_text(pool_json);
    const bool ready = pool.value("ready", false);
    std::vector<Row> rows{
        {"Zubr", member(pool, "version") + ", " +
                     (ready ? painted(green, "ready") : painted(red, "NOT READY")) + ", up " +
                     member(pool, "uptime_s") + " s"},
        {"Chain", member(pool, "chain") + " at " + member(pool, "height")},
        {"Hashrate", scaled(number(pool, "hashrate_10m"), "H/s") + " (10 min), " +
                         scaled(number(pool, "hashrate_1m"), "H/s") + " (1 min)"},
        {"Miners", member(pool, "users") + " accounts, " + member(pool, "workers") + " workers, " +
                       member(pool, "connections") + " connections"},
        {"Shares", member(pool, "shares_accepted") + " booked; since start " +
                       member(pool, "shares_accepted_session") + " accepted, " +
                       member(pool, "shares_stale") + " stale, " + member(pool, "shares_rejected") +
                       " rejected"},
        {"Blocks", blocks_text(pool)},
        {"Credited", member(pool, "credited_sat") + " sat"},
        {"Books", member(pool, "books_lag_ms") + " ms behind, " + member(pool, "share_backlog") +
                      " records to ship"},
        {"Ports", "stratum " + member(pool, "stratum_port") + ", web " + member(pool, "web_port")},
    };
    const std::string problems = not_ready_text(pool_json);
    if (!problems.empty()) rows.push_back({"Problems", painted(red, problems)});
    return aligned(rows, {false, false});
}

std::string top_text(const std::string& pool_json, const std::string& workers_json, Screen screen)
{
    const Json pool = parse(pool_json);
    const Json workers = parse(workers_json);
    if (!pool.is_object() || !workers.is_array()) return "no such answer\n";
    std::string out = "zubr " + member(pool, "version") + "  " + member(pool, "chain") + " " +
                      member(pool, "height") + "  " + scaled(number(pool, "hashrate_5m"), "H/s") +
                      "  " + member(pool, "workers") + " workers  " + member(pool, "connections") +
                      " connections\n";
    const std::string problems = not_ready_text(pool_json);
    if (!problems.empty()) out += "NOT READY  " + problems + "\n";
    out += '\n';
    std::vector<Row> rows{{"ACCOUNT", "WORKER", "1 MIN", "5 MIN", "1 H", "ACCEPTED", "STALE",
                           "REJECTED", "LAST", "MINER"}};
    const auto now = static_cast<double>(std::time(nullptr));
    for (const Json& worker : workers) {
        const double last = number(worker, "last_share");
        rows.push_back({shortened(member(worker, "account")), member(worker, "worker"),
                        scaled(number(worker, "hashrate_1m"), "H/s"),
                        scaled(number(worker, "hashrate_5m"), "H/s"),
                        scaled(number(worker, "hashrate_1h"), "H/s"), member(worker, "accepted"),
                        member(worker, "stale"), member(worker, "rejected"),
                        last > 0 ? ago(now - last) : "-", member(worker, "user_agent")});
    }
    out += aligned(rows, {false, false, true, true, true, true, true, true, true, false});
    return clipped(out, screen);
}

bool found_wrong(const std::string& result_json)
{
    const Json result = parse(result_json);
    return result.is_object() && result.contains("good") && result["good"] == false;
}

std::string not_ready_text(const std::string& pool_json)
{
    constexpr std::string_view prefix = "state_";
    const Json pool = parse(pool_json);
    if (!pool.is_object()) return "the answer is not what getpoolinfo answers";
    if (pool.value("ready", false)) return "";
    std::string text;
    for (const auto& [key, value] : pool.items()) {
        if (!key.starts_with(prefix) || value == "ok") continue;
        if (!text.empty()) text += "; ";
        text += key.substr(prefix.size()) + ": " + cell(value);
    }
    return text.empty() ? "not ready" : text;
}

}  // namespace rpc::cli
