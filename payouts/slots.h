#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "pool/base/time.h"

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

/// Where a record is counted.
struct Booking {
    std::uint64_t slot = 0;
    bool late = false;  ///< its own slot was sealed before it came
};

/// slot: the record's own. sealed_through: all slots up to here are sealed.
Booking book_into(std::uint64_t slot, std::uint64_t sealed_through);

}  // namespace payouts
