#include "stratum/extranonce.h"

#include <algorithm>

#include "pool/base/result.h"

namespace stratum {
namespace {

constexpr std::uint32_t numbers_of_a_server = 1U << 24;

ExtranoncePrefix prefix_of(std::uint32_t number)
{
    return {{static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
             static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

std::uint32_t number_of(ExtranoncePrefix prefix)
{
    std::uint32_t number = 0;
    for (const std::uint8_t byte : prefix.bytes) number = number << 8 | byte;
    return number;
}

}  // namespace

PrefixRange prefix_range(std::uint8_t server_id, std::uint32_t loop, std::uint32_t loops)
{
    pool::check(loops >= 1 && loops <= 4096 && loop < loops, "app numbers its loops from zero");
    const std::uint32_t count = numbers_of_a_server / loops;
    return {(std::uint32_t{server_id} << 24) + loop * count, count};
}

PrefixPool::PrefixPool(PrefixRange range, std::uint64_t start) : range_(range)
{
    pool::check(range.count > 0, "a loop has prefixes to hand out");
    next_ = static_cast<std::uint32_t>(start % range.count);
}

std::optional<ExtranoncePrefix> PrefixPool::lease(pool::SteadyTime now, Claim claim)
{
    end_rests(now);
    const std::uint32_t kept = claim == Claim::further ? range_.count / 4 : 0;
    if (used_.size() >= range_.count - kept) return std::nullopt;
    while (true) {  // ends: at least one number is free
        const std::uint32_t number = range_.first + next_;
        next_ = next_ + 1 == range_.count ? 0 : next_ + 1;
        if (used_.insert(number).second) return prefix_of(number);
    }
}

void PrefixPool::release(ExtranoncePrefix prefix, pool::SteadyTime now)
{
    const std::uint32_t number = number_of(prefix);
    pool::check(used_.contains(number), "only leased prefixes come back");
    resting_.push_back({number, now, {}, false});
}

void PrefixPool::job_replaced(pool::SteadyTime now)
{
    for (; ending_ < resting_.size(); ++ending_) resting_[ending_].until = now + rest;
}

bool PrefixPool::take_back(ExtranoncePrefix prefix, pool::SteadyTime since, pool::SteadyTime now)
{
    end_rests(now);
    const std::uint32_t number = number_of(prefix);
    auto at = std::lower_bound(
        resting_.begin(), resting_.end(), since,
        [](const Resting& resting, pool::SteadyTime moment) { return resting.since < moment; });
    for (; at != resting_.end() && at->since == since; ++at) {
        if (at->number != number || at->taken_back) continue;
        at->taken_back = true;
        ++taken_back_;
        return true;
    }
    return false;
}

void PrefixPool::end_rests(pool::SteadyTime now)
{
    for (; ending_ > 0 && resting_.front().until <= now; resting_.pop_front(), --ending_) {
        if (resting_.front().taken_back) {
            --taken_back_;
        } else {
            used_.erase(resting_.front().number);
        }
    }
}

}  // namespace stratum
