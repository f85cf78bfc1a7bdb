#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pool/base/secret_hash.h"
#include "pool/base/time.h"
#include "stratum/batch.h"
#include "stratum/miner.h"
#include "stratum/user_name.h"

namespace stratum {

/// The accounts and workers that one connection mines for. Numbers stay good: nothing is removed.
class Roster {
public:
    /// The worker whose user name was spelt so the last time.
    std::optional<std::size_t> spelt(std::string_view given) const;
    std::optional<std::size_t> find(const UserName& user) const;
    /// Any worker that mines for the account.
    std::optional<std::size_t> one_of(const pool::AccountKey& account) const;
    /// The worker of a user name, made when it is new. given: as the miner spells it from now on.
    /// Nothing when it is new and there are `workers_max` already.
    std::optional<std::size_t> add(UserName user, std::string_view given, std::size_t workers_max,
                                   pool::SteadyTime now);
    /// The worker of that name of the account that `like` mines for.
    std::optional<std::size_t> find_beside(std::size_t like, std::string_view name) const;
    /// Makes it: there was none, and there is room.
    std::size_t add_beside(std::size_t like, std::string_view name, pool::SteadyTime now);

    Worker& worker(std::size_t at) { return workers_[at]; }
    const Worker& worker(std::size_t at) const { return workers_[at]; }
    MinedAccount& account(std::size_t at) { return accounts_[at]; }
    const MinedAccount& account(std::size_t at) const { return accounts_[at]; }
    bool empty() const { return workers_.empty(); }
    std::size_t size() const { return workers_.size(); }

    /// Counts a verdict on a share of this worker.
    void count(std::size_t at, const Outcome& outcome, pool::Now now);
    /// Begins the counts of a worker anew. False: there is none of that name.
    bool reset(std::string_view account, std::string_view name);
    std::vector<WorkerSnapshot> snapshot(pool::SteadyTime now, Shown shown) const;

private:
    std::optional<std::size_t> find(std::size_t account, std::string_view name) const;
    std::size_t account_at(const pool::AccountKey& account) const;  // accounts_.size(): none
    std::size_t make(std::size_t account, std::string name, std::string_view given,
                     pool::SteadyTime now);
    void spell(std::size_t at, std::string_view given);
    void index(std::size_t at);

    std::vector<MinedAccount> accounts_;
    std::vector<Worker> workers_;
    // Behind a proxy are thousands, and each share names one; nearly everybody else is alone. Of
    // workers, by account and name, and by spelling; and of accounts, by theirs.
    using Index = std::unordered_map<std::string, std::size_t, pool::SecretHash, std::equal_to<>>;
    std::unique_ptr<Index> index_;
};

}  // namespace stratum
