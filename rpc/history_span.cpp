#include "rpc/history_span.h"

#include <algorithm>
#include <array>

namespace rpc {
namespace {

constexpr std::uint64_t minute = 60;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day_hours = 24;
constexpr std::uint64_t month_hours = 30 * day_hours;
constexpr std::uint64_t year_hours = 365 * day_hours;

struct Range {
    std::string_view name;
    std::uint64_t hours;
    std::uint64_t usual_step;
};
constexpr std::array<Range, 7> ranges{{{"6h", 6, 5 * minute},
                                       {"24h", day_hours, 10 * minute},
                                       {"48h", 2 * day_hours, 10 * minute},
                                       {"7d", 7 * day_hours, hour},
                                       {"30d", month_hours, 4 * hour},
                                       {"1y", year_hours, 24 * hour},
                                       {"2y", 2 * year_hours, 24 * hour}}};

struct Step {
    std::string_view name;
    std::uint64_t seconds;
};
constexpr std::array<Step, 6> steps{{{"1m", minute},
                                     {"5m", 5 * minute},
                                     {"10m", 10 * minute},
                                     {"1h", hour},
                                     {"4h", 4 * hour},
                                     {"1d", 24 * hour}}};

/// For how long steps of that length can be told.
std::uint64_t kept_hours(std::uint64_t step_s, HistoryOf of)
{
    const bool worker = of == HistoryOf::worker;
    if (step_s < 10 * minute) return worker ? 0 : day_hours;
    if (step_s < hour) return worker ? 2 * day_hours : month_hours;
    return worker ? month_hours : 2 * year_hours;
}

}  // namespace

std::optional<HistorySpan> history_span(std::string_view range, std::string_view step, HistoryOf of)
{
    const auto* const wanted = std::find_if(ranges.begin(), ranges.end(), [&](const Range& each) {
        return each.name == (range.empty() ? "24h" : range);
    });
    if (wanted == ranges.end()) return std::nullopt;
    HistorySpan span{wanted->hours, wanted->usual_step};
    if (of == HistoryOf::worker) span.step_s = std::max(span.step_s, 10 * minute);
    if (!step.empty()) {
        const auto* const named = std::find_if(steps.begin(), steps.end(),
                                               [&](const Step& each) { return each.name == step; });
        if (named == steps.end()) return std::nullopt;
        span.step_s = named->seconds;
    }
    const bool kept = span.hours <= kept_hours(span.step_s, of);
    if (!kept || span.hours * hour / span.step_s > history_points_max) return std::nullopt;
    return span;
}

}  // namespace rpc
