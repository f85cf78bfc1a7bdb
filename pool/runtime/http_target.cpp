#include "pool/runtime/http_target.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pool {

namespace {

std::optional<unsigned> hex_digit(char c)
{
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return {};
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out.push_back(' ');
            continue;
        }
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return {};
        const auto high = hex_digit(text[i + 1]);
        const auto low = hex_digit(text[i + 2]);
        if (!high || !low || (*high == 0 && *low == 0)) return {};
        out.push_back(static_cast<char>(*high << 4 | *low));
        i += 2;
    }
    return out;
}

bool read_query(std::string_view text, HttpRequest& request)
{
    while (!text.empty()) {
        const std::size_t ampersand = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, ampersand);
        text.remove_prefix(std::min(ampersand + 1, text.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = decode(pair.substr(0, equals), true);
        auto value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return false;
        request.query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

}  // namespace

bool read_target(std::string_view target, HttpRequest& request)
{
    if (!target.starts_with('/')) return false;
    const bool printable = std::all_of(target.begin(), target.end(),
                                       [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!printable) return false;
    const std::size_t mark = std::min(target.find('?'), target.size());
    auto path = decode(target.substr(0, mark), false);
    if (!path) return false;
    request.path = std::move(*path);
    return read_query(target.substr(std::min(mark + 1, target.size())), request);
}

}  // namespace pool
