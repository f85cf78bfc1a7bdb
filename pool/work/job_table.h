#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/crypto/hash_plan.h"
#include "pool/work/job.h"

namespace pool {

/// The jobs of one Stratum loop: what it sent, and whether the chain has moved on since.
///
/// Every job is kept for ten minutes from when another took its place, however long it was the
/// newest (a node may have been silent): shares of it are still on their way. Jobs of older tips
/// too, because a late share may still be a block. Bounded: at most `jobs_max`, the oldest go first
/// (the current job never goes). Miners' own jobs come beside: they live until whoever put them in
/// forgets them.
/// Owned and used by one loop.
class JobTable {
public:
    static constexpr std::size_t jobs_max = 1024;
    static constexpr std::chrono::minutes lifetime{10};

    /// Makes `job` the current one. A job on another previous block than the current one's makes
    /// every older job stale. Forgets what is past its time; returns the ids forgotten.
    std::vector<JobId> add(std::shared_ptr<const Job> job, SteadyTime now);
    /// A job that some get, of the current one's tip (checked): takes nobody's place.
    void add_variant(std::shared_ptr<const Job> job);

    /// A job that a miner has declared: known from now on, never the current one. Its previous
    /// block is the current one's, its id like no other (both checked).
    void add_declared(std::shared_ptr<const Job> job);
    /// Of a declared job; of any other id it does nothing.
    void forget_declared(JobId id);
    std::size_t declared() const { return declared_; }
    /// Whether any job here is on this previous block, stale ones too. Walks through all.
    bool has_tip(const BlockHash& previous) const;

    struct Entry {
        std::shared_ptr<const Job> job;
        bool stale = false;
        std::optional<SteadyTime> replaced;  ///< when a newer one became the current one
        HashPlan plan;                       ///< what its shares are hashed with
    };
    /// Null when unknown or forgotten. Valid until the next add().
    const Entry* find(JobId id) const;
    /// The newest job, or null before the first one.
    const std::shared_ptr<const Job>& current() const { return current_; }

private:
    void enter(std::shared_ptr<const Job> job);
    std::vector<JobId> forget_old(SteadyTime now);

    std::unordered_map<std::uint64_t, Entry> entries_;
    std::vector<JobId> order_;  // oldest first; the pool's own
    std::size_t declared_ = 0;
    std::shared_ptr<const Job> current_;
};

}  // namespace pool
