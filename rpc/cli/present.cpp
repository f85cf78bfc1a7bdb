#include "rpc/cli/present.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "rpc/cli/text_parts.h"

namespace rpc::cli {
namespace {

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
    return key == "at" || key == "from" || key == "connected" || key == "last_share" ||
           key.ends_with("_at");
}

/// As a person reads it: a time instead of its seconds, six digits of what has sixteen.
std::string member_cell(const std::string& key, const Json& value)
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
            row.push_back(item.contains(key) ? member_cell(key, item[key]) : "");
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
            rows.push_back({key, member_cell(key, value)});
    }
    return aligned(rows, {false, false}) + tables;
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

bool found_wrong(const std::string& result_json)
{
    const Json result = parse(result_json);
    return result.is_object() && result.contains("good") && result["good"] == false;
}

}  // namespace rpc::cli
