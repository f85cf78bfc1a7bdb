#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "pool/base/time.h"

namespace stratum {

/// How much of a loop handshakes may have, TLS's and Noise's together: a few rounds at a time, and
/// then as long again for everybody else. A flood of them keeps no share waiting, neither in its
/// loop nor, where loops share processors with others, for one. Used on one loop.
class HandshakePace {
public:
    static constexpr std::size_t rounds_at_a_time = 4;
    /// Fewer rounds if they take so long, as those do in which we sign.
    static constexpr std::chrono::microseconds long_enough{250};

    /// How long those that wait have to rest still; 0: they may go on.
    std::chrono::nanoseconds rest(pool::SteadyTime now) const
    {
        return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{again_ - now});
    }
    /// Whether so many rounds, begun then, are enough for now.
    static bool enough(std::size_t rounds, pool::SteadyTime began, pool::SteadyTime now)
    {
        return rounds >= rounds_at_a_time || now - began >= long_enough;
    }
    /// Rounds were made from `began` to `now`.
    void worked(pool::SteadyTime began, pool::SteadyTime now) { again_ = now + (now - began); }

private:
    pool::SteadyTime again_{};
};

}  // namespace stratum
