#include "rpc/cursor.h"

#include <charconv>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"

namespace rpc {
namespace {

template <typename Number>
std::optional<Number> number(std::string_view text)
{
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::pair<std::string_view, std::string_view>> halves(std::string_view text)
{
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return std::nullopt;
    return std::pair{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string to_text(const BlockCursor& cursor)
{
    return std::to_string(cursor.height.value) + ":" + cursor.hash;
}

std::optional<BlockCursor> parse_block_cursor(std::string_view text)
{
    const auto parts = halves(text);
    if (!parts) return std::nullopt;
    const auto height = number<std::uint32_t>(parts->first);
    const auto hash = pool::digest_from_display_hex(parts->second);
    if (!height || !hash) return std::nullopt;
    return BlockCursor{pool::Height{*height}, pool::to_display_hex(*hash)};
}

std::string to_text(const PaidCursor& cursor)
{
    return std::to_string(cursor.payout) + ":" + std::to_string(cursor.line);
}

std::optional<PaidCursor> parse_paid_cursor(std::string_view text)
{
    const auto parts = halves(text);
    if (!parts) return std::nullopt;
    const auto payout = number<std::uint64_t>(parts->first);
    const auto line = number<std::uint64_t>(parts->second);
    if (!payout || !line) return std::nullopt;
    return PaidCursor{*payout, *line};
}

}  // namespace rpc
