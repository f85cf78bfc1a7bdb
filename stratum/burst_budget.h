#pragma once

#include <cstddef>
#include <unordered_map>

#include "pool/base/time.h"
#include "stratum/conduct.h"
#include "stratum/ip_address.h"

namespace stratum {

/// Lines (or v2 frames) that an address sends many at a time, over all its connections to a loop.
///
/// Each connection has a pace of its own, but thousands of connections at that pace would keep a
/// loop from everybody else. Only reads of more than `few` lines count: a farm behind one address
/// sends its shares one by one, and so neither pays for the look-up nor suffers for a neighbour who
/// floods. Whose burst is one too many is told so; memory is bounded. Used on one loop.
class BurstBudget {
public:
    static constexpr std::size_t few = 16;
    static constexpr std::size_t few_bytes = 2048;  ///< what so many lines are at most
    static constexpr std::size_t addresses_max = 10'000;

    /// lines: of one read. False: too many. per_second: in the long run, five times as many at
    /// once; 0: no limit.
    bool take(const IpAddress& address, std::size_t lines, double per_second, pool::SteadyTime now)
    {
        if (lines <= few || per_second <= 0) return true;
        if (by_address_.size() >= addresses_max) forget(now);
        return by_address_[address.prefix()].take(per_second, burst_s * per_second, now,
                                                  static_cast<double>(lines));
    }
    /// It has nothing left now: what more it sends by the kilobyte need not be read.
    bool spent(const IpAddress& address, double per_second, pool::SteadyTime now) const
    {
        const auto at = by_address_.find(address.prefix());
        return per_second > 0 && at != by_address_.end() && at->second.left(per_second, now) < few;
    }
    std::size_t addresses() const { return by_address_.size(); }

private:
    static constexpr double burst_s = 5;

    // Who has sent no burst for so long has all of its budget again. Where there are too many
    // others, all begin anew.
    void forget(pool::SteadyTime now)
    {
        const std::chrono::seconds whole{5};
        std::erase_if(by_address_,
                      [whole, now](const auto& entry) { return entry.second.rested(whole, now); });
        if (by_address_.size() >= addresses_max) by_address_.clear();
    }

    std::unordered_map<IpAddress, Pace, IpHash> by_address_;
};

}  // namespace stratum
