#include "stratum/spread.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace stratum {

void Spread::begin(std::vector<pool::SessionId> all, std::chrono::milliseconds over,
                   pool::SteadyTime now, std::size_t at_once)
{
    if (active()) {
        std::unordered_set<std::uint64_t> left;
        for (const pool::SessionId id : all) left.insert(id.value);
        std::vector<pool::SessionId> order;
        order.reserve(all.size());
        for (const pool::SessionId id : std::span{order_}.subspan(next_)) {
            if (left.erase(id.value) > 0) order.push_back(id);
        }
        std::copy_if(all.begin(), all.end(), std::back_inserter(order),
                     [&left](pool::SessionId id) { return left.contains(id.value); });
        all = std::move(order);
    }
    order_ = std::move(all);
    next_ = 0;
    at_once_ = at_once;
    over_ = over;
    begun_ = now;
}

std::span<const pool::SessionId> Spread::due(pool::SteadyTime now)
{
    using Real = std::chrono::duration<double>;
    const double part = over_.count() > 0 ? Real{now - begun_} / Real{over_} : 1;
    const double share = std::clamp(part, 0.0, 1.0) * static_cast<double>(order_.size());
    const std::size_t by_now = std::min(at_once_ + static_cast<std::size_t>(share), order_.size());
    const std::size_t begin = next_;
    next_ = std::clamp(by_now, begin, begin + turn_max);
    return std::span{order_}.subspan(begin, next_ - begin);
}

}  // namespace stratum
