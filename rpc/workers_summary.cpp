#include "rpc/workers_summary.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "rpc/pool_view.h"

namespace rpc {
namespace {

constexpr double hashes_a_difficulty = 4294967296.0;  // 2^32

bool better(const WorkersSummary::Best& a, const WorkersSummary::Best& b)
{
    return a.difficulty > b.difficulty;
}

}  // namespace

void WorkersSum::add(const WorkerInfo& worker)
{
    if (worker.session_count == 0) ++summary_.disconnected;
    if (worker.difficulty > 0) {
        const double hashes = worker.difficulty * hashes_a_difficulty;
        summary_.shares.m1 += worker.rates.m1 / hashes;
        summary_.shares.m5 += worker.rates.m5 / hashes;
        summary_.shares.m15 += worker.rates.m15 / hashes;
        summary_.shares.h1 += worker.rates.h1 / hashes;
    }
    if (worker.rates.m10 > 0) {
        WorkersSummary::Agent& agent = agents_[worker.user_agent];
        ++agent.workers;
        agent.best_share = std::max(agent.best_share, worker.best_share);
        agent.rate += worker.rates.m10;
    }
    // Kept in order, so that most workers cost a comparison.
    std::vector<WorkersSummary::Best>& best = summary_.best;
    const bool full = best.size() >= WorkersSummary::best_max;
    if (worker.best_share <= (full ? best.back().difficulty : 0)) return;
    if (full) best.pop_back();
    WorkersSummary::Best mine{worker.best_share, worker.user_agent, worker.last_share};
    best.insert(std::upper_bound(best.begin(), best.end(), mine, better), std::move(mine));
}

WorkersSummary WorkersSum::take()
{
    std::vector<WorkersSummary::Agent>& all = summary_.agents;
    for (auto& [name, agent] : agents_) {
        agent.name = name;
        all.push_back(std::move(agent));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return std::tie(b.rate, a.name) < std::tie(a.rate, b.name);
    });
    if (all.size() > WorkersSummary::agents_max) all.resize(WorkersSummary::agents_max);
    agents_.clear();
    return std::exchange(summary_, {});
}

}  // namespace rpc
