#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "stratum/conduct.h"

namespace stratum::v2 {

/// Limits of a connection that declares jobs, or asks for tokens to do so.
struct DeclaringOptions {
    double requests_per_second = 0.5;  ///< tokens, or custom jobs; sustained
    double requests_burst = 32;
    std::size_t live_max = 16;     ///< custom jobs; the longest superseded go first
    std::size_t held_max = 4;      ///< that wait for a tip
    std::chrono::seconds hold{2};  ///< a job whose previous block we have not seen yet
    std::chrono::hours idle_max{12};
};

/// What a session keeps of custom jobs.
struct Declaring {
    struct Live {
        pool::JobId job;
        pool::SteadyTime since;  ///< declared; or, when another took its place, that
    };
    /// For a previous block that we have not seen.
    struct Held {
        std::string message;  ///< SetCustomMiningJob as it came
        pool::SteadyTime until;
    };
    std::uint64_t tokens = 0;  ///< handed out
    Pace requests;
    std::vector<Live> live;  ///< oldest first
    std::vector<Held> held;

    bool has_some() const { return !live.empty() || !held.empty(); }
};

}  // namespace stratum::v2
