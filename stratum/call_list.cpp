#include "stratum/call_list.h"

#include <iterator>
#include <utility>

namespace stratum {

void CallList::put(pool::SessionId id, pool::SteadyTime at)
{
    const auto second = std::chrono::floor<Seconds>(at.time_since_epoch());
    by_second_[second].push_back({at, id});
}

std::vector<pool::SessionId> CallList::take(pool::SteadyTime now)
{
    std::vector<pool::SessionId> due = std::exchange(soon_, {});
    const auto later = by_second_.upper_bound(std::chrono::floor<Seconds>(now.time_since_epoch()));
    for (auto second = by_second_.begin(); second != later;) {
        std::vector<Call>& calls = second->second;
        // Of the running second only some are due.
        std::erase_if(calls, [now, &due](const Call& call) {
            if (call.at > now) return false;
            due.push_back(call.id);
            return true;
        });
        second = calls.empty() ? by_second_.erase(second) : std::next(second);
    }
    return due;
}

}  // namespace stratum
