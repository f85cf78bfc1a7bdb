#include "stratum/extranonce.h"

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

std::optional<ExtranoncePrefix> PrefixPool::lease(pool::SteadyTime now)
{
    while (!resting_.empty() && resting_.front().since + rest <= now) {
        used_.erase(resting_.front().number);
        resting_.pop_front();
    }
    if (used_.size() >= range_.count) return std::nullopt;
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
    resting_.push_back({number, now});
}

}  // namespace stratum
