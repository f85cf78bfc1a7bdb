#include "stratum/miner.h"

#include <algorithm>

namespace stratum {

void Worker::count(const Outcome& outcome, pool::Now now)
{
    switch (outcome.judgement) {
        case pool::Judgement::accepted:
            if (!outcome.logged) break;
            ++counts.accepted;
            meter.add(outcome.work, now.steady);
            best_hash = std::min(best_hash, pool::hash_as_number(outcome.hash));
            last_share = now.wall;
            return;
        case pool::Judgement::stale:
            ++counts.stale;
            return;
        case pool::Judgement::duplicate:
            ++counts.duplicate;
            return;
        case pool::Judgement::low_difficulty:
            ++counts.low_difficulty;
            return;
        case pool::Judgement::unknown_job:
            ++counts.unknown_job;
            return;
        case pool::Judgement::time_too_old:
        case pool::Judgement::time_too_new:
            ++counts.time;
            return;
        case pool::Judgement::version_not_allowed:
            ++counts.version;
            return;
        case pool::Judgement::unspecified:
        case pool::Judgement::unauthorised:
            break;
    }
    ++counts.other;
}

bool reset_worker(std::span<Worker> workers, std::span<const MinedAccount> accounts,
                  std::string_view account, std::string_view name)
{
    const auto meant = std::find_if(workers.begin(), workers.end(), [&](const Worker& worker) {
        return worker.name == name && accounts[worker.account].key.name == account;
    });
    if (meant == workers.end()) return false;
    meant->reset();
    return true;
}

}  // namespace stratum
