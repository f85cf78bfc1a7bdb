#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace pool {

/// For intervals and deadlines; never goes back.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Chain time: seconds since 1970, as in block headers.
struct UnixTime {
    std::uint32_t seconds = 0;
    friend constexpr auto operator<=>(UnixTime, UnixTime) = default;
};

/// Wall clock: milliseconds since 1970, as in share records.
struct UnixMillis {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(UnixMillis, UnixMillis) = default;
};

constexpr UnixTime to_seconds(UnixMillis at)
{
    return {static_cast<std::uint32_t>(at.value / 1000)};
}

/// The time of this moment, read together: rules take it as an argument and never read a clock.
struct Now {
    SteadyTime steady;
    UnixMillis wall;
};

/// Reads both clocks. For edges (servers, services, app); rules take `Now`.
inline Now read_clock()
{
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wall).count();
    return {std::chrono::steady_clock::now(), {static_cast<std::uint64_t>(ms)}};
}

}  // namespace pool
