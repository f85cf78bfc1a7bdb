#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "stratum/conduct.h"
#include "stratum/ip_address.h"

namespace stratum {

/// Lines (or v2 frames) that an address sends, over all its connections to a loop.
///
/// Each connection has a pace of its own, but thousands of connections at that pace would keep a
/// loop from everybody else. Every read counts. What is left is for whoever comes; once nothing is,
/// each connection may take a part beyond it, the same for all, and who takes more has to go.
/// Nobody goes for what he took while there was enough, nor for what others take, however many they
/// are: a part is more than a machine at work sends, and shares that count take none of it. Memory
/// is bounded, and given back. Used on one loop.
class BurstBudget {
public:
    static constexpr std::size_t few = 16;  ///< are not remembered by whom while there is enough
    static constexpr std::size_t few_bytes = 2048;  ///< of a read that is not looked at beforehand
    static constexpr std::size_t addresses_max = 10'000;
    static constexpr std::size_t takers_max = 16'384;  ///< remembered of an address
    static constexpr double part_least = 64;           ///< in some five seconds, however many take

    /// What a read costs: its lines, or what its bytes would be in lines if that is more.
    static double cost(std::size_t lines, std::size_t bytes)
    {
        return std::max(static_cast<double>(lines), line_worth(bytes));
    }

    /// Before a read of more than few_bytes that costs so much. False: nothing is left, and it
    /// would take more than its part; it is to go unread. per_second: in the long run, five times
    /// as many at once; 0: no limit.
    bool may_read(const IpAddress& address, pool::SessionId who, double cost, double per_second,
                  pool::SteadyTime now)
    {
        const auto at = by_address_.find(address.prefix());
        if (per_second <= 0 || at == by_address_.end()) return true;
        Shares& shares = at->second;
        if (shares.budget.left(per_second, now) >= few) return true;
        const Taker* const known = shares.find(who);
        const double beyond = known == nullptr ? 0 : known->beyond;
        return beyond + cost <= shares.part(per_second);
    }
    /// After a read. False: it has to go, for it took more than its part of what was not there.
    bool take(const IpAddress& address, pool::SessionId who, double cost, double per_second,
              pool::SteadyTime now)
    {
        if (per_second <= 0) return true;
        Shares& shares = shares_of(address.prefix(), now);
        const double lacked = shares.budget.lacking(per_second, burst_s * per_second, now, cost);
        if (cost <= few && lacked <= 0) return true;
        shares.fade(now);
        const double beyond = shares.note(who, cost, lacked);
        return lacked <= 0 || beyond <= shares.part(per_second);
    }
    /// A line of this connection was a share that counts: work was done for it, and what it took
    /// beyond the budget is given back. So a proxy with many workers behind it stays, however
    /// little strangers behind its address leave: they have no such lines.
    void forgive(const IpAddress& address, pool::SessionId who)
    {
        const auto at = by_address_.find(address.prefix());
        if (at != by_address_.end()) at->second.forgive(who);
    }
    /// About once a second: forgets some of those who have said nothing for so long that all of
    /// their budget is back, and nearly nothing is left of what was taken.
    void tick(pool::SteadyTime now)
    {
        rested_.clear();
        const std::size_t buckets = by_address_.bucket_count();
        for (std::size_t seen = 0; seen < std::min(buckets, buckets_a_tick); ++seen) {
            const std::size_t bucket = next_bucket_++ % buckets;
            for (auto at = by_address_.cbegin(bucket); at != by_address_.cend(bucket); ++at) {
                if (at->second.budget.rested(forgotten_after, now)) rested_.push_back(at->first);
            }
        }
        for (const IpAddress& address : rested_) by_address_.erase(address);
    }
    std::size_t addresses() const { return by_address_.size(); }

private:
    static constexpr double burst_s = 5;
    static constexpr std::chrono::seconds forgotten_after{30};
    static constexpr std::size_t buckets_a_tick = 256;  // all of them within a minute

    // Padding is read, too: a submit has half of that.
    static double line_worth(std::size_t bytes)
    {
        return static_cast<double>(bytes) / bytes_worth_a_line;
    }

    struct Taker {
        double taken = 0;   // lately
        double beyond = 0;  // of it, while nothing was left
    };
    struct Shares {
        Pace budget;
        std::unordered_map<std::uint64_t, Taker> takers;  // by session
        pool::SteadyTime faded;

        // What was taken fades over the time in which the budget comes back.
        void fade(pool::SteadyTime now)
        {
            const std::chrono::duration<double> since = now - faded;
            if (since < std::chrono::seconds{1}) return;
            const double left = std::exp(-since.count() / burst_s);
            for (auto& [id, taker] : takers) {
                taker.taken *= left;
                taker.beyond *= left;
            }
            std::erase_if(takers, [](const auto& entry) { return entry.second.taken < 1; });
            faded = now;
        }
        const Taker* find(pool::SessionId who) const
        {
            const auto known = takers.find(who.value);
            return known == takers.end() ? nullptr : &known->second;
        }
        double note(pool::SessionId who, double cost, double lacked)
        {
            if (takers.size() >= takers_max && find(who) == nullptr) forget_light_ones();
            Taker& taker = takers[who.value];
            taker.taken += cost;
            return taker.beyond += lacked;
        }
        void forgive(pool::SessionId who)
        {
            const auto known = takers.find(who.value);
            if (known != takers.end()) {
                known->second.beyond = std::max(known->second.beyond - 1, 0.0);
            }
        }
        // Who took no more than the others on average; where all are alike, all begin anew.
        void forget_light_ones()
        {
            double sum = 0;
            for (const auto& [id, taker] : takers) sum += taker.beyond;
            const double average = sum / static_cast<double>(takers.size());
            std::erase_if(takers,
                          [average](const auto& entry) { return entry.second.beyond <= average; });
        }
        double part(double per_second) const
        {
            const auto sharers = static_cast<double>(std::max<std::size_t>(takers.size(), 1));
            return std::max(part_least, burst_s * per_second / sharers);
        }
    };

    Shares& shares_of(const IpAddress& address, pool::SteadyTime now)
    {
        const auto known = by_address_.find(address);
        if (known != by_address_.end()) return known->second;
        if (by_address_.size() >= addresses_max) forget(now);
        return by_address_[address];
    }
    // Who has said nothing for so long has all of its budget again. Where there are too many
    // others, all begin anew: a walk is to make room for many.
    void forget(pool::SteadyTime now)
    {
        const std::chrono::seconds whole{5};
        std::erase_if(by_address_, [whole, now](const auto& entry) {
            return entry.second.budget.rested(whole, now);
        });
        if (by_address_.size() > addresses_max / 2) by_address_.clear();
    }

    std::unordered_map<IpAddress, Shares, IpHash> by_address_;
    std::vector<IpAddress> rested_;  // in tick(); kept for its memory
    std::size_t next_bucket_ = 0;
};

}  // namespace stratum
