#include "payouts/schedule.h"

#include <algorithm>
#include <string_view>

#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::U128;

constexpr std::uint64_t thousandth = 1'000'000'000'000'000;
constexpr std::uint64_t window_thousandths_max = 1'000'000;

}  // namespace

std::optional<unsigned> bps_at(const std::vector<BpsChange>& changes, std::uint64_t slot)
{
    std::optional<unsigned> bps;
    for (const BpsChange& change : changes) {
        if (change.from_slot <= slot) bps = change.bps;
    }
    return bps;
}

Result<std::uint64_t> change_slot(std::optional<pool::UnixMillis> wished, std::uint64_t now,
                                  std::uint64_t settled, std::uint64_t notice_slots)
{
    const std::uint64_t first =
        std::max(now + std::max<std::uint64_t>(notice_slots, 1), settled + 1);
    if (!wished) return first;
    // The first slot that begins at that time or after it.
    const std::uint64_t slot = (wished->value + pool::slot_ms - 1) / pool::slot_ms;
    if (slot >= first) return slot;
    return fail(Error::Code::invalid, "this change has to be announced: it may hold from " +
                                          std::to_string(first * (pool::slot_ms / 1000)) +
                                          " on (seconds since 1970), not before");
}

Result<U128> parse_window(std::string_view text)
{
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(std::min(point + 1, text.size()));
    std::string digits{text.substr(0, point)};
    const bool dangling = point < text.size() && part.empty();
    const bool whole = !digits.empty() && digits.size() <= 4 && part.size() <= 3 && !dangling;
    digits += part;
    digits.append(3 - std::min<std::size_t>(part.size(), 3), '0');
    const auto thousandths = whole ? pool::u128_from_decimal(digits) : std::nullopt;
    if (!thousandths || *thousandths == 0 || *thousandths > window_thousandths_max) {
        return fail(Error::Code::invalid,
                    "N is a number from 0.001 to 1000 with at most three decimals");
    }
    return *thousandths * thousandth;
}

std::string window_text(U128 size)
{
    std::string text = pool::to_decimal(size / thousandth);
    text.insert(0, text.size() < 4 ? 4 - text.size() : 0, '0');
    text.insert(text.size() - 3, ".");
    return text;
}

}  // namespace payouts
