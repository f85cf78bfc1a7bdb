#pragma once

#include <cstdint>

namespace stratum::client {

/// What a process has used, from /proc; zeros when it is not there.
struct ProcessSample {
    double cpu_seconds = 0;  ///< all its threads, those that have ended not counted
    std::uint64_t rss_bytes = 0;
};
ProcessSample sample_process(int pid);

}  // namespace stratum::client
