#pragma once

#include <algorithm>

#include "pool/base/time.h"
#include "pool/bitcoin/target.h"

namespace stratum {

/// What a port allows. min <= start <= max.
struct DifficultyLimits {
    pool::Difficulty min{0};
    pool::Difficulty max{40};
    pool::Difficulty start{16};
};

/// Decides which difficulty a connection gets with its next job. A value: one a session.
///
/// For now: the start, unless the miner hints otherwise. A controller that follows the share
/// rate goes into on_share, on_tick and next, and touches nothing else.
class DifficultyPolicy {
public:
    explicit DifficultyPolicy(const DifficultyLimits& limits)
        : limits_(limits), wanted_(limits.start), floor_(limits.min)
    {
    }

    /// mining.suggest_*, the password's `d=`: where to start from.
    void suggest(pool::Difficulty difficulty)
    {
        if (!fixed_) wanted_ = difficulty;
    }
    /// minimum-difficulty, the password's `md=`, NiceHash: never below, whatever is suggested.
    void set_floor(pool::Difficulty difficulty) { floor_ = difficulty; }
    /// The password's `fd=`, an admin's word: hints are ignored from now on.
    void fix(pool::Difficulty difficulty)
    {
        wanted_ = difficulty;
        fixed_ = true;
    }

    /// An accepted share that was promised `difficulty`.
    void on_share(pool::Difficulty, pool::SteadyTime) {}
    /// About once a second.
    void on_tick(pool::SteadyTime) {}

    /// For the next job, inside the port's limits.
    pool::Difficulty next() const
    {
        return std::min(std::max({wanted_, floor_, limits_.min}), limits_.max);
    }

private:
    DifficultyLimits limits_;
    pool::Difficulty wanted_;
    pool::Difficulty floor_;
    bool fixed_ = false;
};

}  // namespace stratum
