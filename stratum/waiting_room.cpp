#include "stratum/waiting_room.h"

namespace stratum {

void WaitingRoom::enter(pool::SessionId id)
{
    if (entered_.emplace(id.value, Waiter{.since = rounds_}).second) {
        order_.emplace(rounds_, id.value);
    }
}

void WaitingRoom::leave(pool::SessionId id)
{
    const auto at = entered_.find(id.value);
    if (at == entered_.end()) return;
    order_.erase({at->second.since, id.value});
    entered_.erase(at);
}

void WaitingRoom::keep_waiting(pool::SessionId id)
{
    const auto at = entered_.find(id.value);
    if (at == entered_.end() || at->second.waits_for_us) return;
    order_.erase({at->second.since, id.value});
    at->second.waits_for_us = true;
    at->second.kept_waiting = rounds_;
}

void WaitingRoom::served(pool::SessionId id)
{
    const auto at = entered_.find(id.value);
    if (at == entered_.end() || !at->second.waits_for_us) return;
    at->second.waits_for_us = false;
    at->second.since += rounds_ - at->second.kept_waiting;
    order_.emplace(at->second.since, id.value);
}

void WaitingRoom::round(pool::SteadyTime now)
{
    if (last_round_ && now - *last_round_ <= kept_time) ++rounds_;
    last_round_ = now;
}

std::optional<pool::SessionId> WaitingRoom::next_to_go() const
{
    if (!full() || order_.empty()) return std::nullopt;
    const auto& [since, oldest] = *order_.begin();
    // The round in which it came was not wholly its own.
    if (rounds_ - since <= patience_) return std::nullopt;
    return pool::SessionId{oldest};
}

}  // namespace stratum
