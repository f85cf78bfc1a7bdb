#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/share/share_clock.h"

/// When slots of a minute are closed for good, and where a share goes that comes after. Pure.
namespace payouts {

struct SealRules {
    /// A slot waits this long after its end for producers that are silent.
    std::chrono::minutes lag{15};
    /// Where a living server's journal holds records for it, it waits for them so long.
    std::chrono::minutes journal_lag{24 * 60};
};

/// What is known of records that are not counted yet.
struct Waiting {
    bool drained = true;  ///< no stream has a hole, or a record that cannot be counted
    /// Of those that lie in the streams, the oldest one's time.
    std::optional<pool::UnixMillis> pending_since{};
    /// Of those that living servers hold in their journals, the oldest one's time.
    std::optional<pool::UnixMillis> unbooked_since{};
};

/// How far slots may be sealed now; nothing when not even slot 0.
///
/// watermarks: of each producer that is waited for, the time of its newest record (0: none yet).
/// No producer speaks of an earlier time again, so a slot that all have passed is complete; but
/// none is that has not ended by `now`: a clock that runs ahead closes nothing for the others.
/// waiting: the lag counts only when streams hold nothing so old, for a bookkeeper that was away
/// must not take its own absence for the producers' silence; and not for slots that a journal has
/// records of, which Redis does not take.
std::optional<std::uint64_t> sealable_through(std::span<const pool::UnixMillis> watermarks,
                                              pool::UnixMillis now, const Waiting& waiting,
                                              const SealRules& rules);

/// Says how far slots may be sealed, step by step, by a clock that somebody may set. One thread.
class Sealing {
public:
    explicit Sealing(SealRules rules) : rules_(rules) {}

    /// The newest slot to seal, when that is beyond `sealed`. A jump of the clock ahead closes no
    /// minutes that have not been; and one that has started with a clock that is ahead believes it,
    /// so the database's is asked as well, when by this one something is due.
    pool::Result<std::optional<std::uint64_t>> due(
        std::span<const pool::UnixMillis> watermarks, pool::Now now, const Waiting& waiting,
        std::uint64_t sealed, const std::function<pool::Result<pool::UnixMillis>()>& database);
    /// In each step that seals nothing. What time it is.
    pool::UnixMillis follow(pool::Now now);

private:
    SealRules rules_;
    pool::ShareClock clock_;
};

/// Where a record is counted.
struct Booking {
    std::uint64_t slot = 0;
    bool late = false;  ///< its own slot was sealed before it came
};

/// slot: the record's own. sealed_through: all slots up to here are sealed.
Booking book_into(std::uint64_t slot, std::uint64_t sealed_through);

}  // namespace payouts
