#pragma once

#include <cstdint>

namespace payouts {

/// A day of wall clock time, without leap seconds: caps of 24 hours and days of sums go by it.
inline constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;

}  // namespace payouts
