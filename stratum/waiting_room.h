#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "pool/base/time.h"
#include "pool/base/types.h"

namespace stratum {

/// Those who are connected and have not authorised, in the order in which they came. Says when
/// there are too many, and who then has to go: whoever dawdles, the oldest first.
///
/// Patience is counted in rounds, about one a second, and a round counts only when the loop kept
/// time: where it did not, or the machine did not let it, bytes of an honest miner may lie unread,
/// and nobody is to blame. Nor is who waits for us. So fifteen thousand who come back at once are
/// taken in order, however long that takes. Owned by one loop; no clock.
class WaitingRoom {
public:
    /// max: so many may wait. patience: so many rounds each of them has.
    WaitingRoom(std::size_t max, std::uint32_t patience) : max_(max), patience_(patience) {}

    void enter(pool::SessionId id);
    /// It has authorised, or is gone.
    void leave(pool::SessionId id);
    /// It waits for us: it stays, and counts, but its patience is not used up until we have served
    /// it. Twice is once; of one who is not here: nothing.
    void keep_waiting(pool::SessionId id);
    void served(pool::SessionId id);
    /// About once a second.
    void round(pool::SteadyTime now);

    std::size_t waiting() const { return entered_.size(); }
    bool full() const { return entered_.size() >= max_; }
    /// Who has to go to make room: nobody while there is some, or while all still have rounds.
    std::optional<pool::SessionId> next_to_go() const;

    /// A round that ends later than this after the one before says nothing about anybody.
    static constexpr std::chrono::milliseconds kept_time{1250};

private:
    struct Waiter {
        std::uint64_t since = 0;         // the round in which it came, moved by those it was kept
        std::uint64_t kept_waiting = 0;  // likewise, since when it waits for us
        bool waits_for_us = false;
    };
    std::size_t max_;
    std::uint32_t patience_;
    std::uint64_t rounds_ = 0;
    std::optional<pool::SteadyTime> last_round_;
    std::unordered_map<std::uint64_t, Waiter> entered_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> order_;  // since, id: of who may have to go
};

}  // namespace stratum
