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
    const bool new_tip = current_ != nullptr && current_->previous != job->previous;
    for (auto& [id, entry] : entries_) {
        entry.stale = entry.stale || new_tip;
        if (!entry.replaced) entry.replaced = now;
    }
    current_ = job;
    enter(std::move(job));
    return forget_old(now);
}

void JobTable::add_variant(std::shared_ptr<const Job> job)
{
    check(current_ != nullptr && current_->previous == job->previous, "a variant is of our tip");
    enter(std::move(job));
}

void JobTable::enter(std::shared_ptr<const Job> job)
{
    const JobId id = job->id;
    HashPlan plan = plan_of(*job);
    order_.push_back(id);
    entries_[id.value] = Entry{std::move(job), false, std::nullopt, std::move(plan)};
}

std::vector<JobId> JobTable::forget_old(SteadyTime now)
{
    const auto outlived = [&](JobId at) {
        const auto& replaced = entries_.at(at.value).replaced;
        return replaced && *replaced + lifetime < now;
    };
    auto kept = std::find_if_not(order_.begin(), order_.end(), outlived);
    while (order_.end() - kept > static_cast<std::ptrdiff_t>(jobs_max)) ++kept;

    std::vector<JobId> forgotten{order_.begin(), kept};
    order_.erase(order_.begin(), kept);
    for (const JobId gone : forgotten) entries_.erase(gone.value);
    return forgotten;
}

void JobTable::add_declared(std::shared_ptr<const Job> job)
{
    check(job->declared && current_ != nullptr && current_->previous == job->previous,
          "a declared job is one more on our tip");
    HashPlan plan = plan_of(*job);
    const std::uint64_t id = job->id.value;
    const bool fresh =
        entries_.try_emplace(id, Entry{std::move(job), false, std::nullopt, std::move(plan)})
            .second;
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
