#include "stratum/past_workers.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace stratum {
namespace {

constexpr std::uint64_t remembered_ms = std::uint64_t{7} * 24 * 3600 * 1000;

}  // namespace

void PastWorkers::bring_to(Past& past, pool::SteadyTime now)
{
    if (now <= past.at) return;
    past.worker.rates.fade(std::chrono::duration<double>(now - past.at).count());
    past.at = now;
}

void PastWorkers::add(const std::vector<WorkerSnapshot>& workers, pool::Now now)
{
    for (const WorkerSnapshot& worker : workers) {
        if (worker.last_share.value == 0) continue;
        const auto [known, fresh] =
            workers_.try_emplace({worker.account, worker.worker}, Past{worker, now.steady});
        if (fresh) continue;
        bring_to(known->second, now.steady);
        WorkerSnapshot& sum = known->second.worker;
        sum.rates.add(worker.rates);
        sum.counts.add(worker.counts);
        sum.best_hash = std::min(sum.best_hash, worker.best_hash);
        sum.last_share = std::max(sum.last_share, worker.last_share);
    }
    if (workers_.size() > workers_max_) drop_longest_silent();
}

// A tenth at a time, so that the next ones find room.
void PastWorkers::drop_longest_silent()
{
    std::vector<pool::UnixMillis> times;
    times.reserve(workers_.size());
    for (const auto& [names, past] : workers_) times.push_back(past.worker.last_share);
    const auto spared = times.begin() + static_cast<std::ptrdiff_t>(times.size() - workers_max_ +
                                                                    workers_max_ / 10);
    std::nth_element(times.begin(), spared, times.end());
    std::erase_if(workers_, [limit = *spared](const auto& entry) {
        return entry.second.worker.last_share < limit;
    });
    // All at one moment: then by name, for a bound is a bound.
    while (workers_.size() > workers_max_) workers_.erase(workers_.begin());
}

void PastWorkers::age_out(pool::Now now)
{
    std::erase_if(workers_, [&now](const auto& entry) {
        return entry.second.worker.last_share.value + remembered_ms < now.wall.value;
    });
}

std::vector<WorkerSnapshot> PastWorkers::snapshot(pool::Now now) const
{
    std::vector<WorkerSnapshot> out;
    out.reserve(workers_.size());
    std::optional<Name> after;
    snapshot_some(now, workers_.size(), after, out);
    return out;
}

bool PastWorkers::snapshot_some(pool::Now now, std::size_t count, std::optional<Name>& after,
                                std::vector<WorkerSnapshot>& out) const
{
    auto at = after ? workers_.upper_bound(*after) : workers_.begin();
    for (; at != workers_.end() && count > 0; ++at, --count) {
        Past copy = at->second;
        bring_to(copy, now.steady);
        out.push_back(std::move(copy.worker));
        after = at->first;
    }
    return at != workers_.end();
}

}  // namespace stratum
