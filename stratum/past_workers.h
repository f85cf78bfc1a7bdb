#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/base/time.h"
#include "stratum/miner.h"

namespace stratum {

/// What workers did on connections of a loop that have ended: a worker that comes back after a
/// power cut is the worker it was. Memory is bounded: who had no accepted share is forgotten at
/// once, who had none for a week is aged out, and of too many the longest silent go first.
class PastWorkers {
public:
    explicit PastWorkers(std::size_t workers_max = 100'000) : workers_max_(workers_max) {}

    /// Of a connection that ends.
    void add(const std::vector<WorkerSnapshot>& workers, pool::Now now);
    /// False: nothing was known of it.
    bool forget(const std::string& account, const std::string& name)
    {
        return workers_.erase({account, name}) > 0;
    }
    /// Now and then; a walk over all.
    void age_out(pool::Now now);
    std::vector<WorkerSnapshot> snapshot(pool::Now now) const;
    /// Account and worker.
    using Name = std::pair<std::string, std::string>;
    /// Adds up to `count` to `out`, in the order of names behind `after` (nothing: from the
    /// first), which moves on. False: there are no more.
    bool snapshot_some(pool::Now now, std::size_t count, std::optional<Name>& after,
                       std::vector<WorkerSnapshot>& out) const;
    std::size_t size() const { return workers_.size(); }

private:
    struct Past {
        WorkerSnapshot worker;
        pool::SteadyTime at;  // what its rates are as of
    };
    static void bring_to(Past& past, pool::SteadyTime now);
    void drop_longest_silent();

    std::size_t workers_max_;
    std::map<Name, Past> workers_;
};

}  // namespace stratum
