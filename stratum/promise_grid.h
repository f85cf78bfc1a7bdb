#pragma once

#include <array>
#include <cstddef>

#include "pool/bitcoin/target.h"
#include "pool/share/share.h"

namespace stratum {

/// Target and work of every difficulty that Stratum v1 speaks of, computed once: a share must not
/// pay for a 256-bit division.
class PromiseGrid {
public:
    PromiseGrid()
    {
        pool::Difficulty difficulty = pool::difficulty_min;
        for (pool::Promise& promise : promises_) {
            promise.target = pool::target_of(difficulty);
            promise.work = pool::work_of(promise.target);
            ++difficulty.exponent;
        }
    }
    const pool::Promise& of(pool::Difficulty difficulty) const
    {
        return promises_[static_cast<std::size_t>(difficulty.exponent -
                                                  pool::difficulty_min.exponent)];
    }

private:
    static constexpr std::size_t count =
        std::size_t{pool::difficulty_max.exponent - pool::difficulty_min.exponent + 1};
    std::array<pool::Promise, count> promises_;
};

}  // namespace stratum
