#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/target.h"
#include "stratum/extranonce.h"

namespace stratum::v1 {

/// A job that was sent, and the difficulty that was promised for it.
struct SentJob {
    pool::JobId job;
    pool::Difficulty difficulty;
};

/// What a connection that has ended leaves to the one that comes back with its session id.
struct Parted {
    ExtranoncePrefix prefix;
    pool::SteadyTime since;  ///< when the prefix went back to its pool
    std::string account;     ///< of its first worker
    std::vector<SentJob> sent;
};

/// Those who may come back, for as long as their prefix rests (PrefixPool::rest). Bounded: who
/// parts while it is full is forgotten. Owned and used by one loop.
class PartedSessions {
public:
    static constexpr std::size_t sessions_max = 50'000;

    /// subscription: the session id that the client was shown.
    void keep(std::uint64_t subscription, Parted parted);
    /// Nothing when it is unknown, taken or past its time.
    std::optional<Parted> take(std::uint64_t subscription, pool::SteadyTime now);

private:
    void forget(pool::SteadyTime now);

    std::unordered_map<std::uint64_t, Parted> parted_;
    std::deque<std::pair<pool::SteadyTime, std::uint64_t>> order_;  // oldest first; some are taken
};

}  // namespace stratum::v1
