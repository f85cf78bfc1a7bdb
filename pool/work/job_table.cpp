#include "pool/work/job_table.h"

#include <algorithm>
#include <utility>

#include "pool/base/result.h"

namespace pool {
namespace {

HashPlan plan_of(const Job& job)
{
    std::vector<Digest> branch;
    branch.reserve(job.branch.size());
    for (const MerkleNode& node : job.branch) branch.push_back(node.bytes);
    return HashPlan{{.coinbase_prefix = job.coinbase_prefix,
                     .extranonce_bytes = job.extranonce_bytes,
                     .coinbase_suffix = job.coinbase_suffix,
                     .branch = branch,
                     .previous = job.previous.bytes,
                     .bits = job.bits.value}};
}

}  // namespace

std::vector<JobId> JobTable::add(std::shared_ptr<const Job> job, SteadyTime now)
{
    if (current_ != nullptr && current_->previous != job->previous) {
        for (auto& [id, entry] : entries_) entry.stale = true;
    }
    order_.push_back(job->id);
    current_ = job;
    const std::uint64_t id = job->id.value;
    HashPlan plan = plan_of(*job);
    entries_[id] = Entry{std::move(job), false, now, std::move(plan)};

    // The newest job never goes, however long the node has been silent: miners work on it.
    const auto outlived = [&](JobId at) {
        return entries_.at(at.value).added + lifetime < now && at != current_->id;
    };
    auto kept = std::find_if_not(order_.begin(), order_.end(), outlived);
    while (order_.end() - kept > static_cast<std::ptrdiff_t>(jobs_max)) ++kept;

    std::vector<JobId> forgotten{order_.begin(), kept};
    order_.erase(order_.begin(), kept);
    for (const JobId gone : forgotten) entries_.erase(gone.value);
    return forgotten;
}

void JobTable::add_declared(std::shared_ptr<const Job> job, SteadyTime now)
{
    check(job->declared && current_ != nullptr && current_->previous == job->previous,
          "a declared job is one more on our tip");
    HashPlan plan = plan_of(*job);
    const std::uint64_t id = job->id.value;
    const bool fresh =
        entries_.try_emplace(id, Entry{std::move(job), false, now, std::move(plan)}).second;
    check(fresh, "no job's id is used again");
    ++declared_;
}

void JobTable::forget_declared(JobId id)
{
    const auto at = entries_.find(id.value);
    if (at == entries_.end() || !at->second.job->declared) return;
    entries_.erase(at);
    --declared_;
}

bool JobTable::has_tip(const BlockHash& previous) const
{
    return std::any_of(entries_.begin(), entries_.end(), [&previous](const auto& entry) {
        return entry.second.job->previous == previous;
    });
}

const JobTable::Entry* JobTable::find(JobId id) const
{
    const auto at = entries_.find(id.value);
    return at == entries_.end() ? nullptr : &at->second;
}

}  // namespace pool
