#include "payouts/account_routes.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint32_t message_blocks = 144;
constexpr std::uint32_t parts_per_cent = 100;

std::string_view trimmed(std::string_view text)
{
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

bool all_digits(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "70" or "29.5" in hundredths.
std::optional<std::uint32_t> parse_per_cent(std::string_view text)
{
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view part = point == text.npos ? std::string_view{} : text.substr(point + 1);
    if (whole.empty() || whole.size() > 3 || !all_digits(whole) || part.size() > 2 ||
        !all_digits(part) || (point != text.npos && part.empty())) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    for (const char c : whole) value = value * 10 + static_cast<std::uint32_t>(c - '0');
    for (std::size_t i = 0; i < 2; ++i) {
        value = value * 10 + (i < part.size() ? static_cast<std::uint32_t>(part[i] - '0') : 0);
    }
    return value;
}

std::string per_cent_text(std::uint32_t parts)
{
    std::string text = std::to_string(parts / parts_per_cent);
    if (const std::uint32_t rest = parts % parts_per_cent; rest != 0) {
        text += '.';
        text += static_cast<char>('0' + rest / 10);
        if (rest % 10 != 0) text += static_cast<char>('0' + rest % 10);
    }
    return text + "%";
}

Result<PayRoute> parse_route(std::string_view text, pool::Chain chain)
{
    const std::size_t colon = text.find(':');
    auto address = pool::parse_address(trimmed(text.substr(0, colon)), chain);
    if (!address) return fail(Error::Code::invalid, address.error().detail);
    PayRoute route{std::move(address->text), std::move(address->script), 0};
    if (colon == text.npos) return route;
    const auto parts = parse_per_cent(trimmed(text.substr(colon + 1)));
    if (!parts || *parts == 0 || *parts > route_parts) {
        return fail(Error::Code::invalid,
                    "behind an address and its colon stands a percentage, 0.01 to 100, with at "
                    "most two decimals");
    }
    route.parts = *parts;
    return route;
}

}  // namespace

Result<std::vector<PayRoute>> parse_routes(std::string_view text, pool::Chain chain)
{
    std::vector<PayRoute> routes;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        auto route = parse_route(text.substr(at, comma - at), chain);
        if (!route) return fail(route.error());
        for (const PayRoute& other : routes) {
            if (other.script == route->script) {
                return fail(Error::Code::invalid, "address " + route->address + " comes twice");
            }
        }
        routes.push_back(std::move(*route));
        if (routes.size() > routes_max) {
            return fail(Error::Code::invalid,
                        "at most " + std::to_string(routes_max) + " addresses share an income");
        }
        at = comma + 1;
    }
    if (routes.size() == 1 && routes.front().parts == 0) routes.front().parts = route_parts;
    std::uint32_t sum = 0;
    for (const PayRoute& route : routes) {
        if (route.parts == 0) {
            return fail(Error::Code::invalid,
                        "each of several addresses needs its percentage: ADDRESS:70,ADDRESS:30");
        }
        sum += route.parts;
    }
    if (sum == route_parts) return routes;
    return fail(Error::Code::invalid,
                "the percentages sum to " + per_cent_text(sum) + ", not to 100%");
}

std::string to_text(const std::vector<PayRoute>& routes)
{
    std::string text;
    for (const PayRoute& route : routes) {
        if (!text.empty()) text += ", ";
        text += route.address + " " + per_cent_text(route.parts);
    }
    return text;
}

const PayRoute& signer_of(const std::vector<PayRoute>& routes)
{
    pool::check(!routes.empty(), "an account has a route");
    return *std::max_element(
        routes.begin(), routes.end(),
        [](const PayRoute& a, const PayRoute& b) { return a.parts < b.parts; });
}

std::string change_message(pool::Chain chain, std::string_view account,
                           const std::vector<PayRoute>& routes, pool::Height height)
{
    return "Zubr " + std::string{pool::to_string(chain)} + ": from block " +
           std::to_string(height.value) + " on pay account " + std::string{account} + " to " +
           to_text(routes);
}

Result<void> height_fits(pool::Height height, pool::Height tip, pool::Height last_used)
{
    if (height > tip || tip.value - height.value > message_blocks) {
        return fail(Error::Code::invalid,
                    "the message's height must be one of the last " +
                        std::to_string(message_blocks) + " blocks; the tip is at " +
                        std::to_string(tip.value) + ": get a new message and sign that");
    }
    if (height <= last_used) {
        return fail(Error::Code::invalid,
                    "a message of height " + std::to_string(last_used.value) +
                        " was used before: wait for the next block, get a new message, sign that");
    }
    return {};
}

}  // namespace payouts
