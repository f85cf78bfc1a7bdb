#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rpc {

/// A stretch of the past that ends now, and the steps that it is told in.
struct HistorySpan {
    std::uint64_t hours = 24;
    std::uint64_t step_s = 600;
    friend bool operator==(const HistorySpan&, const HistorySpan&) = default;
};

/// Whose history: workers' is kept for a month, by ten minutes and hours.
enum class HistoryOf : std::uint8_t { pool_or_account, worker };

inline constexpr std::uint64_t history_points_max = 4500;
inline constexpr std::string_view history_span_refusal =
    "range is 6h, 24h, 48h, 7d, 30d, 1y or 2y (of a worker 30d at most); step is 1m or 5m (for a "
    "day), 10m (for a month; of a worker for two days), 1h, 4h or 1d, and a range has 4500 of it "
    "at "
    "most";

/// range, step: as in a query, "" for the usual one. Nothing for what is none, for finer steps than
/// are kept so long, and for more than history_points_max steps. Pure.
std::optional<HistorySpan> history_span(std::string_view range, std::string_view step,
                                        HistoryOf of);

}  // namespace rpc
