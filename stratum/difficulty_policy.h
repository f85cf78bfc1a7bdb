#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "pool/base/time.h"
#include "pool/bitcoin/target.h"

namespace stratum {

/// What a port allows. min <= start <= max.
struct DifficultyLimits {
    pool::Difficulty min{0};
    pool::Difficulty max{40};
    pool::Difficulty start{16};
    double shares_per_minute = 10;  ///< that the controller aims at, > 0
    bool vary = true;               ///< false: the start, or what the miner hints at, for good
};

/// Accepted shares since a moment, in buckets: five seconds wide for the last 90 s, a minute wide
/// for the last half hour. 400 bytes, and no list of shares.
class ShareWindows {
public:
    struct Sum {
        double seconds = 0;  ///< that the sum really covers
        double shares = 0;
        double work = 0;  ///< sum of the shares' difficulties
    };
    void add(pool::Difficulty difficulty, double age_s);
    /// The last `window_s` of the first `age_s` seconds, to the bucket.
    Sum last(double window_s, double age_s) const;

private:
    struct Bucket {
        float work = 0;
        std::uint32_t shares = 0;
    };
    template <std::size_t count>
    struct Ring {
        std::array<Bucket, count> buckets{};
        std::int64_t newest = 0;
        Bucket& at(std::int64_t number);
        Sum last(std::int64_t buckets_wanted, double width_s, double age_s) const;
    };
    Ring<18> fine_;
    Ring<30> coarse_;
};

/// Decides which difficulty a connection gets with its next job. A value: one a session. Pure.
///
/// The controller keeps to powers of two and moves only when the share rate of one of its windows
/// (30 s to 30 min, cut at the last change) is off with near certainty: the lower bound of what
/// the count allows is above 1.5 times the wanted rate, or the upper bound is below 0.6 of it.
/// It counts work, not shares, so shares of the difficulty before neither distort nor trigger it
/// twice; and accepted work only, so nobody steers it with bad shares.
class DifficultyPolicy {
public:
    DifficultyPolicy(const DifficultyLimits& limits, pool::SteadyTime now);

    /// mining.suggest_*: where to start from. The same again does nothing.
    void suggest(pool::Difficulty difficulty, pool::SteadyTime now);
    /// minimum-difficulty, the password's `md=`, NiceHash: never below, whatever is suggested.
    /// Beats even the network's difficulty: some clients drop a pool that ever gives less.
    void set_floor(pool::Difficulty difficulty)
    {
        floor_ = difficulty;
        demanded_floor_ = difficulty;
    }
    /// What the worker was given before, the password's `th=`: where to start from, no demand.
    void begin_at(pool::Difficulty difficulty, pool::SteadyTime now);
    bool varies() const { return limits_.vary && !fixed_; }
    /// The difficulty at which so many hashes a second make the wanted share rate. > 0, finite.
    std::optional<pool::Difficulty> fit_for(double hashes_per_second) const;
    /// The password's `maxd=`: never above, but for a floor.
    void set_ceiling(pool::Difficulty difficulty) { ceiling_ = difficulty; }
    /// The password's `d=`: as suggest, but a demand: beats the network's difficulty until the
    /// controller moves.
    void start_at(pool::Difficulty difficulty, pool::SteadyTime now);
    /// The password's `fd=`, an admin's word: hints are ignored from now on.
    void fix(pool::Difficulty difficulty);
    /// What the port allows from now on; the next job is measured by it. least <= most.
    void set_bounds(pool::Difficulty least, pool::Difficulty most)
    {
        limits_.min = least;
        limits_.max = most;
    }
    /// Less than the port gives anybody.
    bool below_port(pool::Difficulty difficulty) const { return difficulty < limits_.min; }
    /// The network's: no share need be better than a block, unless the miner demands it.
    void set_cap(pool::Difficulty difficulty) { cap_ = difficulty; }

    /// An accepted share that was promised `difficulty`.
    void on_share(pool::Difficulty difficulty, pool::SteadyTime now);
    /// About once a second. Silence is an answer, too.
    void on_tick(pool::SteadyTime now);

    /// For the next job, inside the port's limits.
    pool::Difficulty next() const;

private:
    void evaluate(pool::SteadyTime now);
    void move(int steps, pool::SteadyTime now);

    DifficultyLimits limits_;
    pool::Difficulty wanted_;
    pool::Difficulty floor_;
    pool::Difficulty ceiling_ = pool::difficulty_max;
    pool::Difficulty cap_ = pool::difficulty_max;
    pool::Difficulty demanded_floor_ = pool::difficulty_min;
    pool::Difficulty demanded_start_ = pool::difficulty_min;
    std::optional<pool::Difficulty> hint_;
    bool fixed_ = false;
    pool::SteadyTime began_;
    pool::SteadyTime changed_;
    pool::SteadyTime evaluated_;
    std::unique_ptr<ShareWindows> counts_;  // since changed_; from the first share on
};

}  // namespace stratum
