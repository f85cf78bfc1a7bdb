#include "stratum/roster.h"

#include <algorithm>
#include <string>
#include <utility>

namespace stratum {
namespace {

constexpr std::size_t indexed_from = 32;

// Unlike for any two workers: the number ends at the first slash. And like no spelling: blanks
// around those are not kept.
std::string key_of(std::size_t account, std::string_view name)
{
    return '\n' + std::to_string(account) + '/' + std::string{name};
}

// Likewise, and like no worker's. The script is the name's.
std::string key_of(const pool::AccountKey& account)
{
    return '\t' + std::to_string(account.registered.value) + '/' + account.name;
}

}  // namespace

std::size_t Roster::account_at(const pool::AccountKey& account) const
{
    if (index_ != nullptr) {
        const auto at = index_->find(key_of(account));
        return at == index_->end() ? accounts_.size() : at->second;
    }
    const auto found =
        std::find_if(accounts_.begin(), accounts_.end(),
                     [&account](const MinedAccount& mined) { return mined.key == account; });
    return static_cast<std::size_t>(found - accounts_.begin());
}

std::optional<std::size_t> Roster::spelt(std::string_view given) const
{
    if (index_ != nullptr) {
        const auto at = index_->find(given);
        return at == index_->end() ? std::nullopt : std::optional{at->second};
    }
    const auto found =
        std::find_if(workers_.begin(), workers_.end(),
                     [given](const Worker& worker) { return worker.given == given; });
    if (found == workers_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - workers_.begin());
}

std::optional<std::size_t> Roster::find(const UserName& user) const
{
    return find(account_at(user.account), user.worker);
}

std::optional<std::size_t> Roster::one_of(const pool::AccountKey& account) const
{
    const std::size_t at = account_at(account);
    if (at == accounts_.size()) return std::nullopt;
    return accounts_[at].worker;
}

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

// "User.w1" after "user.w1": the spelling in use is found.
void Roster::spell(std::size_t at, std::string_view given)
{
    Worker& worker = workers_[at];
    if (worker.given == given) return;
    if (index_ != nullptr) index_->erase(worker.given);
    worker.given = given;
    if (index_ != nullptr) index_->insert_or_assign(worker.given, at);
}

void Roster::index(std::size_t at)
{
    const Worker& worker = workers_[at];
    index_->insert_or_assign(key_of(worker.account, worker.name), at);
    index_->insert_or_assign(worker.given, at);
    index_->insert_or_assign(key_of(accounts_[worker.account].key), worker.account);
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
        index(workers_.size() - 1);
    } else if (workers_.size() >= indexed_from) {
        index_ = std::make_unique<Index>();
        for (std::size_t at = 0; at < workers_.size(); ++at) index(at);
    }
    return workers_.size() - 1;
}

std::optional<std::size_t> Roster::add(UserName user, std::string_view given,
                                       std::size_t workers_max, pool::SteadyTime now)
{
    const std::size_t account = account_at(user.account);
    if (const auto known = find(account, user.worker)) {
        spell(*known, given);
        return known;
    }
    if (workers_.size() >= workers_max) return std::nullopt;
    if (account == accounts_.size()) {
        accounts_.push_back({std::move(user.account), {}, workers_.size()});
    }
    return make(account, std::move(user.worker), given, now);
}

std::optional<std::size_t> Roster::find_beside(std::size_t like, std::string_view name) const
{
    if (workers_[like].name == name) return like;
    return find(workers_[like].account, name);
}

std::size_t Roster::add_beside(std::size_t like, std::string_view name, pool::SteadyTime now)
{
    return make(workers_[like].account, std::string{name}, name, now);
}

void Roster::count(std::size_t at, const Outcome& outcome, pool::Now now)
{
    workers_[at].count(outcome, now);
}

bool Roster::reset(std::string_view account, std::string_view name)
{
    return reset_worker(workers_, accounts_, account, name);
}

std::vector<WorkerSnapshot> Roster::snapshot(pool::SteadyTime now, Shown shown) const
{
    std::vector<WorkerSnapshot> shots;
    for (const Worker& worker : workers_) {
        if (shown == Shown::judged && !shots.empty() && !worker.judged()) continue;
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
