#pragma once

#include <chrono>
#include <cstdint>

namespace tests {

/// What a virtual machine takes away from programs that only read the clock, one on each core: no
/// server's p99 beside full cores can be better.
struct Stalls {
    double seconds = 0;           ///< of all cores together
    std::uint64_t long_ones = 0;  ///< longer than a millisecond
    double share = 0;             ///< of the time that lay in those
    double worst_ms = 0;
};

/// Blocks; a thread for each core.
Stalls measure_stalls(std::chrono::seconds duration);

}  // namespace tests
