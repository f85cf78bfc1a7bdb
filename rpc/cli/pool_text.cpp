#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "rpc/cli/present.h"
#include "rpc/cli/text_parts.h"

namespace rpc::cli {
namespace {

// What terminals paint with.
constexpr const char* green = "32";
constexpr const char* red = "1;31";

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

/// "1 worker", "2 workers".
std::string counted(const Json& object, const char* key, const std::string& thing)
{
    return member(object, key) + " " + thing + (number(object, key) == 1 ? "" : "s");
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

std::string operator_page(const pool::Endpoint& admin)
{
    const bool v6 = admin.host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + admin.host + "]" : admin.host) + ":" +
           std::to_string(admin.port) + "/#/operator";
}

std::string info_text(const std::string& pool_json, Colour colour, const std::string& page)
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
                     ago(number(pool, "uptime_s"))},
        {"Chain", member(pool, "chain") + " at " + member(pool, "height")},
        {"Hashrate", scaled(number(pool, "hashrate_10m"), "H/s") + " (10 min), " +
                         scaled(number(pool, "hashrate_1m"), "H/s") + " (1 min)"},
        {"Miners", counted(pool, "users", "account") + ", " + counted(pool, "workers", "worker") +
                       ", " + counted(pool, "connections", "connection")},
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
    if (!page.empty()) rows.push_back({"Operator", page + "  (log in as a user of admin.rpcauth)"});
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
                      "  " + counted(pool, "workers", "worker") + "  " +
                      counted(pool, "connections", "connection") + "\n";
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
