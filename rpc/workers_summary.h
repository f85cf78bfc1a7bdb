#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/time.h"

namespace rpc {

struct WorkerInfo;

/// What the workers of the last week come to, all together and without names: what interfaces of
/// other pools show of them. As large as its bounds, however many they are.
struct WorkersSummary {
    static constexpr std::size_t agents_max = 100;
    static constexpr std::size_t best_max = 10;

    /// Workers that say the same of what they are, and have a rate over ten minutes.
    struct Agent {
        std::string name;  ///< any text
        std::uint64_t workers = 0;
        double best_share = 0;  ///< difficulty
        double rate = 0;        ///< H/s, over ten minutes
    };
    struct Best {
        double difficulty = 0;
        std::string user_agent;  ///< any text
        std::optional<pool::UnixMillis> at;
    };
    /// Shares a second that come of the workers' rates at the difficulties that they have now.
    struct SharesPerSecond {
        double m1 = 0;
        double m5 = 0;
        double m15 = 0;
        double h1 = 0;
    };
    SharesPerSecond shares;
    std::uint64_t disconnected = 0;  ///< workers without a connection
    std::vector<Agent> agents;       ///< the strongest first
    std::vector<Best> best;          ///< shares, one a worker, the best first
};

/// Puts a summary together, one worker after the other. Pure.
class WorkersSum {
public:
    void add(const WorkerInfo& worker);
    WorkersSummary take();

private:
    WorkersSummary summary_;
    std::map<std::string, WorkersSummary::Agent> agents_;
};

}  // namespace rpc
