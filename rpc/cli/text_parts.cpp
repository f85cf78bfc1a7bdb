#include "rpc/cli/text_parts.h"

#include <algorithm>
#include <cstddef>

#include <nlohmann/json.hpp>

namespace rpc::cli {

Json parse(const std::string& text) { return Json::parse(text, nullptr, false); }

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

double number(const Json& object, const char* key)
{
    return object.contains(key) && object[key].is_number() ? object[key].get<double>() : 0;
}

std::string member(const Json& object, const char* key)
{
    return object.contains(key) ? cell(object[key]) : "-";
}

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

}  // namespace rpc::cli
