#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

#include "pool/base/time.h"

namespace stratum {

inline constexpr std::size_t prefix_bytes = 4;  ///< charter, decision 16

/// What the pool puts in front of a miner's own extranonce ("extranonce1"), as on the wire.
struct ExtranoncePrefix {
    std::array<std::uint8_t, prefix_bytes> bytes{};
    friend constexpr auto operator<=>(const ExtranoncePrefix&, const ExtranoncePrefix&) = default;
};

/// Prefixes as big-endian numbers, first ..< first + count.
struct PrefixRange {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// The share of one loop: the top byte is the server's id, the 24 bits below are cut into `loops`
/// equal ranges, so that neither two servers nor two loops can ever hand out the same prefix.
/// loop < loops, 1 <= loops <= 4096 (checked).
PrefixRange prefix_range(std::uint8_t server_id, std::uint32_t loop, std::uint32_t loops);

/// Hands out prefixes of a range, each to one connection at a time.
///
/// They go out in order, round and round. One that comes back rests until the job that was current
/// then is dead: until another has taken its place (a node may be silent for long), and `rest`, the
/// lifetime of a job, from there. So long a share made with it could be replayed. Two lives of the
/// server are kept apart by `start`, which must differ from one life to the next (take it from a
/// random source): the chance of an overlap is (prefixes used by both) / range, and even then the
/// replayed share must fit a job with the very same coinbase. Owned and used by one loop.
class PrefixPool {
public:
    static constexpr std::chrono::minutes rest{10};

    /// start: any number; where to begin, modulo the range's count (> 0, checked).
    PrefixPool(PrefixRange range, std::uint64_t start);

    /// Whose it will be: connections may have many (v2's channels), and a quarter of the range is
    /// kept for those that have none yet, so that nobody who opens and closes without end keeps
    /// others out.
    enum class Claim : std::uint8_t { first, further };
    /// Nothing when all that this claim may have are leased or resting: refuse, never share a
    /// prefix.
    std::optional<ExtranoncePrefix> lease(pool::SteadyTime now, Claim claim = Claim::first);
    /// prefix: one that is leased (checked).
    void release(ExtranoncePrefix prefix, pool::SteadyTime now);
    /// Another job has become the current one.
    void job_replaced(pool::SteadyTime now);
    /// Leases a prefix to the very miner that had it until `since`. False when it does not rest any
    /// more: somebody else may have it.
    bool take_back(ExtranoncePrefix prefix, pool::SteadyTime since, pool::SteadyTime now);

    std::size_t leased() const { return used_.size() - resting(); }
    std::size_t resting() const { return resting_.size() - taken_back_; }

private:
    struct Resting {
        std::uint32_t number = 0;
        pool::SteadyTime since;
        pool::SteadyTime until;  // of the first ending_
        bool taken_back = false;
    };
    void end_rests(pool::SteadyTime now);

    PrefixRange range_;
    std::uint32_t next_ = 0;                  // offset in the range
    std::unordered_set<std::uint32_t> used_;  // leased and resting
    std::deque<Resting> resting_;             // oldest first
    std::size_t ending_ = 0;                  // of those, released before the current job came
    std::size_t taken_back_ = 0;              // of those, leased again
};

}  // namespace stratum
