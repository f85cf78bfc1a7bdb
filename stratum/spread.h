#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"

namespace stratum {

/// Something on its way to many connections, spread over time. A routine job: no burst of writes in
/// front of the shares that come in meanwhile, nor of answers to it afterwards. The word to connect
/// again: no burst of newcomers elsewhere. Says whose turn it is; the sending is its caller's. No
/// clock.
class Spread {
public:
    /// Begins anew, for `all`. Those who still wait for the job before come first: however often
    /// jobs come, everybody gets one. at_once: so many have their turn at the very start.
    void begin(std::vector<pool::SessionId> all, std::chrono::milliseconds over,
               pool::SteadyTime now, std::size_t at_once = first);
    /// All the rest needs no turn: something more urgent went to everybody.
    void drop() { next_ = order_.size(); }
    bool active() const { return next_ < order_.size(); }

    /// Whose turn it is by now, each once; a few at the start, at most `turn_max` a call. Valid
    /// until the next call.
    std::span<const pool::SessionId> due(pool::SteadyTime now);

    /// So many go out at once: a small pool waits for nothing.
    static constexpr std::size_t first = 32;
    /// Some two milliseconds of one turn of the loop.
    static constexpr std::size_t turn_max = 256;

private:
    std::vector<pool::SessionId> order_;
    std::size_t next_ = 0;
    std::size_t at_once_ = first;
    std::chrono::milliseconds over_{0};
    pool::SteadyTime begun_;
};

}  // namespace stratum
