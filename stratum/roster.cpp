#include "stratum/roster.h"

#include <algorithm>
#include <string>
#include <utility>

namespace stratum {
namespace {

constexpr std::size_t indexed_from = 32;

// Unlike for any two workers: the number ends at the first slash.
std::string key_of(std::size_t account, std::string_view name)
{
    return std::to_string(account) + '/' + std::string{name};
}

}  // namespace

std::optional<std::size_t> Roster::find(std::size_t account, std::string_view name) const
{
    if (index_ != nullptr) {
        const auto at = index_->find(key_of(account, name));
        return at == index_->end() ? std::nullopt : std::optional{at->second};
    }
    const auto found =
        std::find_if(workers_.begin(), workers_.end(), [account, name](const Worker& worker) {
            return worker.account == account && worker.name == name;
        });
    if (found == workers_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - workers_.begin());
}

std::size_t Roster::make(std::size_t account, std::string name, std::string_view given,
                         pool::SteadyTime now)
{
    workers_.push_back({.account = account,
                        .name = std::move(name),
                        .given = std::string{given},
                        .handle = {},
                        .counts = {},
                        .meter = WorkMeter{now},
                        .best_hash = pool::Uint256::max(),
                        .last_share = {}});
    if (index_ != nullptr) {
        index_->emplace(key_of(account, workers_.back().name), workers_.size() - 1);
    } else if (workers_.size() >= indexed_from) {
        index_ = std::make_unique<Index>();
        for (std::size_t at = 0; at < workers_.size(); ++at)
            index_->emplace(key_of(workers_[at].account, workers_[at].name), at);
    }
    return workers_.size() - 1;
}

std::optional<std::size_t> Roster::add(UserName user, std::string_view given,
                                       std::size_t workers_max, pool::SteadyTime now)
{
    const auto account =
        std::find_if(accounts_.begin(), accounts_.end(),
                     [&user](const MinedAccount& mined) { return mined.key == user.account; });
    const auto account_at = static_cast<std::size_t>(account - accounts_.begin());
    if (const auto known = find(account_at, user.worker)) return known;
    if (workers_.size() >= workers_max) return std::nullopt;
    if (account == accounts_.end()) accounts_.push_back({std::move(user.account), {}});
    return make(account_at, std::move(user.worker), given, now);
}

std::size_t Roster::add_beside(std::size_t like, std::string_view name, std::size_t workers_max,
                               pool::SteadyTime now)
{
    const std::size_t account = workers_[like].account;
    if (workers_[like].name == name) return like;
    if (const auto known = find(account, name)) return *known;
    if (workers_.size() >= workers_max) return like;
    return make(account, std::string{name}, name, now);
}

void Roster::count(std::size_t at, const Outcome& outcome, pool::Now now)
{
    workers_[at].count(outcome, now);
}

bool Roster::reset(std::string_view account, std::string_view name)
{
    return reset_worker(workers_, accounts_, account, name);
}

std::vector<WorkerSnapshot> Roster::snapshot(pool::SteadyTime now) const
{
    std::vector<WorkerSnapshot> shots;
    shots.reserve(workers_.size());
    for (const Worker& worker : workers_) {
        shots.push_back({.account = accounts_[worker.account].key.name,
                         .worker = worker.name,
                         .rates = worker.meter.at(now),
                         .counts = worker.counts,
                         .best_hash = worker.best_hash,
                         .last_share = worker.last_share});
    }
    return shots;
}

}  // namespace stratum
