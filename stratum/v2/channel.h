#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/share/share.h"
#include "stratum/difficulty_policy.h"
#include "stratum/extranonce.h"

namespace stratum::v2 {

enum class ChannelKind : std::uint8_t { standard, extended };

/// The jobs that a channel was sent, each with its target: frozen with the job, whatever is asked
/// for later (charter, decision 14). A target that many jobs have is kept once.
class SentJobs {
public:
    struct Target {
        pool::Promise promise;
        pool::Difficulty
            difficulty;  ///< on the grid; easier than promise where the miner wants it so
    };
    void add(pool::JobId job, const Target& target);
    /// Drops jobs from the oldest on while `known` says no of them.
    template <typename Known>
    void forget_unless(Known known)
    {
        const auto first = std::find_if(jobs_.begin(), jobs_.end(),
                                        [&known](const Job& j) { return known(j.id); });
        jobs_.erase(jobs_.begin(), first);
        forget_unused_targets();
    }
    /// Null for a job that the channel was not sent.
    const Target* of(pool::JobId job) const;
    /// By its number on the wire, which is the lower half of its id.
    struct Sent {
        pool::JobId job;
        const Target* target = nullptr;  ///< null: the channel was not sent it
    };
    Sent numbered(std::uint32_t wire) const;
    void forget(pool::JobId job);
    bool empty() const { return jobs_.empty(); }
    pool::JobId newest() const { return jobs_.back().id; }

private:
    struct Job {
        pool::JobId id;
        std::uint32_t target = 0;  // counted from the channel's first
    };
    void forget_unused_targets();

    std::vector<Job> jobs_;  // in order of sending
    std::vector<Target> targets_;
    std::uint32_t forgotten_ = 0;  // targets that have gone
};

/// Counts accepted shares until they are acknowledged. Sums are exact: what a message says is the
/// whole so far less what was said before.
class AckBatch {
public:
    struct Ack {
        std::uint32_t last_sequence = 0;
        std::uint32_t accepted = 0;
        std::uint64_t shares_sum = 0;
    };
    void add(std::uint32_t sequence, pool::U128 work);
    bool due(pool::SteadyTime now, std::uint32_t count_max, std::chrono::milliseconds wait) const;
    bool empty() const { return count_ == 0; }
    Ack take(pool::SteadyTime now);

private:
    std::uint32_t last_sequence_ = 0;
    std::uint32_t count_ = 0;
    pool::U128 work_ = 0;  // all of the channel's
    std::uint64_t said_ = 0;
    std::optional<pool::SteadyTime> last_;
};

/// One channel of a connection.
struct Channel {
    std::uint32_t id = 0;
    ChannelKind kind = ChannelKind::standard;
    ExtranoncePrefix prefix;
    std::size_t worker = 0;  ///< of the connection's roster
    pool::Uint256 target_max;
    DifficultyPolicy policy;
    SentJobs::Target announced;  ///< the last target sent: for jobs from then on
    SentJobs sent;
    AckBatch acks;
    std::uint32_t unjudged = 0;  ///< shares of it that wait for their verdict
    bool closing = false;        ///< the miner has closed it; shares of it wait for their verdict
    bool urgent = false;         ///< its difficulty is far off: see Session::wants_job_now
    std::uint64_t tip = 0;       ///< WireJob::tip of the last job sent
    /// The job for the next tip that it has already, whether its group was told, and whether it has
    /// got another target since: which of the two it holds for then is not the same to all miners.
    struct Ahead {
        pool::JobId job;
        bool grouped = false;
        bool retargeted = false;
        friend bool operator==(const Ahead&, const Ahead&) = default;
    };
    std::optional<Ahead> ahead{};

    /// Of the newest job sent; of the next one while there was none.
    pool::Difficulty newest_difficulty() const;
};

}  // namespace stratum::v2
