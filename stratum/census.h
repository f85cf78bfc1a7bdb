#pragma once

#include <optional>
#include <vector>

#include "pool/base/types.h"
#include "stratum/miner.h"
#include "stratum/past_workers.h"

namespace stratum {

/// What a shard shows of its sessions and workers, copied part by part (Shard::count_some): all
/// of ten thousand at once would hold up their shares' answers for milliseconds.
///
/// Workers of ended connections come first. So one whose connection ends meanwhile may be missing,
/// and is never counted twice.
struct Census {
    std::vector<SessionSnapshot> sessions;
    std::vector<WorkerSnapshot> past_workers;

    /// As it is made: nobody wants past_workers, and of sessions all workers (see Shown).
    bool sessions_only = false;

    /// How far it is.
    std::optional<PastWorkers::Name> past_up_to{};
    bool past_counted = false;
    std::vector<pool::SessionId> left{};  ///< from the last one on
};

}  // namespace stratum
