#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "pool/base/time.h"
#include "pool/bitcoin/target.h"
#include "stratum/conduct.h"

namespace stratum {

/// What a port allows. min <= start <= max.
struct DifficultyLimits {
    pool::Difficulty min{0};
    pool::Difficulty max{40};
    pool::Difficulty start{16};
    double shares_per_minute = 10;  ///< that the controller aims at, > 0
    bool vary = true;               ///< false: the start, or what the miner hints at, for good
    double easy_shares = 5000;      ///< see DifficultyPolicy::bears; 0: any number
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

    /// mining.suggest_*: where to start from. The same again does nothing. Once the share rate is
    /// known it brings nobody more than ten times the wanted one.
    void suggest(pool::Difficulty difficulty, pool::SteadyTime now);
    /// What demands may be in spite of the network's difficulty: on test networks it is low, and
    /// no client is known that drops a pool for giving less than this.
    static constexpr pool::Difficulty beats_network_max{19};
    /// The password's `md=`: never below, whatever is suggested, and the network's difficulty or
    /// beats_network_max allowing. The last one counts.
    void set_floor(pool::Difficulty difficulty) { floor_ = difficulty; }
    /// The same by minimum-difficulty of mining.configure: an answer promised it, so no password
    /// undoes it. The greater of the two counts.
    void set_configured_floor(pool::Difficulty difficulty) { configured_floor_ = difficulty; }
    /// What the client bears (NiceHash's minimum, v2's maximum target): a floor of its own, that no
    /// set_floor lowers. Beats the network's difficulty, too.
    void set_least(pool::Difficulty difficulty) { least_ = difficulty; }
    /// What the worker was given before, the password's `th=`: where to start from, no demand. The
    /// same again does nothing.
    void begin_at(pool::Difficulty difficulty, pool::SteadyTime now);
    bool hinted() const { return hint_.has_value(); }  ///< the miner has suggested something
    bool varies() const { return limits_.vary && !fixed_ && !held_; }
    /// The difficulty at which so many hashes a second make the wanted share rate. > 0, finite.
    std::optional<pool::Difficulty> fit_for(double hashes_per_second) const;
    /// The password's `maxd=`: never above, but for a floor, and unless more than ten times the
    /// wanted shares come.
    void set_ceiling(pool::Difficulty difficulty, pool::SteadyTime now);
    /// The password's `d=`: as suggest, but a demand: beats the network's difficulty, as a floor
    /// does, until the controller moves.
    void start_at(pool::Difficulty difficulty, pool::SteadyTime now);
    /// The password's `fd=`: always this, and hints are ignored from now on. Above it only while
    /// more than ten times the wanted shares would come otherwise.
    void hold(pool::Difficulty difficulty, pool::SteadyTime now);
    /// An admin's word: always this, however many shares that makes.
    void fix(pool::Difficulty difficulty);
    /// What the port allows from now on; the next job is measured by it. least <= most.
    void set_bounds(pool::Difficulty least, pool::Difficulty most)
    {
        limits_.min = least;
        limits_.max = most;
        at_bottom_ = false;
    }
    /// Less than the port gives anybody.
    bool below_port(pool::Difficulty difficulty) const { return difficulty < limits_.min; }
    /// The network's: no share need be better than a block. For demands see beats_network_max.
    void set_cap(pool::Difficulty difficulty) { cap_ = difficulty; }

    /// An accepted share that was promised `difficulty`.
    void on_share(pool::Difficulty difficulty, pool::SteadyTime now);
    /// One more accepted share, of a job that was promised so, while the newest job sent has
    /// `newest`. A job from before the difficulty rose keeps its promise, for the miner was still
    /// at it, and nobody shall mine such jobs for as long as they live. False: it was one too many.
    /// DifficultyLimits::easy_shares at once, which is what is under way when the word comes, then
    /// ten times the wanted shares.
    bool bears(pool::Difficulty promised, pool::Difficulty newest, pool::SteadyTime now);
    /// About once a second, or by next_look(). Silence is an answer, too.
    void on_tick(pool::SteadyTime now);
    /// Before it on_tick does nothing.
    pool::SteadyTime next_look() const;

    /// For the next job, inside the port's limits.
    pool::Difficulty next() const;

    /// How long the miner needs for a share of `difficulty` on average: by the work it has brought
    /// since it came, or, before its first share, by where it said or proved that it should start.
    /// Nothing when neither is known.
    std::optional<std::chrono::duration<double>> share_interval(pool::Difficulty difficulty,
                                                                pool::SteadyTime now) const;

private:
    void evaluate(pool::SteadyTime now);
    void move(int steps, pool::SteadyTime now);
    void begin_anew(pool::Difficulty difficulty, pool::SteadyTime now);
    void note_rate(pool::SteadyTime now);

    DifficultyLimits limits_;
    pool::Difficulty wanted_;
    pool::Difficulty floor_ = pool::difficulty_min;
    pool::Difficulty configured_floor_ = pool::difficulty_min;
    pool::Difficulty least_ = pool::difficulty_min;
    pool::Difficulty ceiling_ = pool::difficulty_max;
    pool::Difficulty cap_ = pool::difficulty_max;
    pool::Difficulty demanded_start_ = pool::difficulty_min;
    std::optional<pool::Difficulty> hint_;
    std::optional<pool::Difficulty> begun_at_;
    std::optional<pool::Difficulty> held_;
    std::optional<pool::Difficulty> expected_;  // what it should manage at the wanted share rate
    bool fixed_ = false;
    double work_ = 0;  // of all accepted shares
    // Below it ten times too many shares came lately: the least that hints may ask for.
    pool::Difficulty crowded_ = pool::difficulty_min;
    pool::SteadyTime crowded_at_;
    pool::SteadyTime began_;
    pool::SteadyTime changed_;
    pool::SteadyTime evaluated_;
    bool at_bottom_ = false;  // then: it could not come down
    Pace easy_;
    std::unique_ptr<ShareWindows> counts_;  // since changed_; from the first share on
};

}  // namespace stratum
