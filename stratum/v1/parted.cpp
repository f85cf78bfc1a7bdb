#include "stratum/v1/parted.h"

namespace stratum::v1 {

void PartedSessions::keep(std::uint64_t subscription, Parted parted)
{
    forget(parted.since);
    if (parted_.size() >= sessions_max) return;
    order_.emplace_back(parted.since, subscription);
    parted_.insert_or_assign(subscription, std::move(parted));
}

std::optional<Parted> PartedSessions::take(std::uint64_t subscription, pool::SteadyTime now)
{
    forget(now);
    const auto at = parted_.find(subscription);
    if (at == parted_.end()) return std::nullopt;
    Parted parted = std::move(at->second);
    parted_.erase(at);
    return parted;
}

void PartedSessions::forget(pool::SteadyTime now)
{
    while (!order_.empty() && order_.front().first + PrefixPool::rest <= now) {
        const auto at = parted_.find(order_.front().second);
        // It may have come back and parted again since.
        if (at != parted_.end() && at->second.since == order_.front().first) parted_.erase(at);
        order_.pop_front();
    }
}

}  // namespace stratum::v1
