#include "stratum/waiting_room.h"

namespace stratum {

void WaitingRoom::enter(pool::SessionId id)
{
    constexpr std::size_t few = 64;
    if (order_.size() >= 2 * entered_.size() + few) {
        std::erase_if(order_, [this](std::uint64_t known) { return !entered_.contains(known); });
    }
    if (entered_.emplace(id.value, rounds_).second) order_.push_back(id.value);
}

void WaitingRoom::leave(pool::SessionId id) { entered_.erase(id.value); }

void WaitingRoom::round(pool::SteadyTime now)
{
    if (last_round_ && now - *last_round_ <= kept_time) ++rounds_;
    last_round_ = now;
}

std::optional<pool::SessionId> WaitingRoom::next_to_go()
{
    while (!order_.empty() && !entered_.contains(order_.front())) order_.pop_front();
    if (!full() || order_.empty()) return std::nullopt;
    const std::uint64_t oldest = order_.front();
    // The round in which it came was not wholly its own.
    if (rounds_ - entered_.at(oldest) <= patience_) return std::nullopt;
    return pool::SessionId{oldest};
}

}  // namespace stratum
