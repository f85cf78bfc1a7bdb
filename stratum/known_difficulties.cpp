#include "stratum/known_difficulties.h"

#include "stratum/ip_address.h"

namespace stratum {
namespace {

std::string key_of(std::string_view peer, std::string_view worker)
{
    const auto address = parse_peer(peer);
    std::string key = address ? to_string(address->prefix()) : std::string{};
    return key.append(" ").append(worker);
}

}  // namespace

void KnownDifficulties::note(std::string_view peer, std::string_view worker,
                             pool::Difficulty difficulty, pool::SteadyTime now)
{
    std::string key = key_of(peer, worker);
    const std::lock_guard lock{mutex_};
    // A walk over all, and so at most once a minute.
    if (workers_.size() >= workers_max_ && now - aged_out_ >= std::chrono::minutes{1}) {
        std::erase_if(workers_,
                      [now](const auto& entry) { return now - entry.second.at >= kept_for; });
        aged_out_ = now;
    }
    if (workers_.size() >= workers_max_ && !workers_.contains(key)) return;
    workers_.insert_or_assign(std::move(key), Known{difficulty, now});
}

std::optional<pool::Difficulty> KnownDifficulties::of(std::string_view peer,
                                                      std::string_view worker, pool::SteadyTime now)
{
    const std::string key = key_of(peer, worker);
    const std::lock_guard lock{mutex_};
    const auto at = workers_.find(key);
    if (at == workers_.end() || now - at->second.at >= kept_for) return std::nullopt;
    return at->second.difficulty;
}

}  // namespace stratum
