#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/histogram.h"
#include "pool/base/time.h"
#include "pool/runtime/loop.h"

namespace pool {

/// How late each event loop comes to what it is given: five times a second each gets a small task,
/// and the time until it runs is taken. A loop that hangs is late by as long as it hangs. Lives on
/// the rpc loop; of that one the lateness of its timer is taken.
class LoopLag {
public:
    struct Target {
        std::string name;
        std::function<void(std::function<void()>)> post;
    };
    struct Reading {
        std::string name;
        double last_s = 0;
        double worst_s = 0;
        const Histogram* times = nullptr;  ///< lives as long as the LoopLag
    };

    LoopLag(Loop& rpc_loop, std::vector<Target> targets);
    ~LoopLag();

    /// The targets in their order, then "rpc".
    std::vector<Reading> readings() const;

private:
    struct State;
    void tick();

    Loop& rpc_loop_;
    std::vector<Target> targets_;
    std::shared_ptr<State> state_;   // answers may come after the end
    std::optional<SteadyTime> due_;  // nothing before the rpc loop runs
    Watch timer_;
};

}  // namespace pool
