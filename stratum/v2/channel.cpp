#include "stratum/v2/channel.h"

#include <algorithm>

namespace stratum::v2 {
namespace {

// Expected hashes of difficulty 1: floor(2^256 / (0xffff * 2^208 + 1)).
constexpr std::uint64_t hashes_of_difficulty_one = 4'295'032'833;

}  // namespace

void SentJobs::add(pool::JobId job, const Target& target)
{
    // A miner's own maximum may stand for several difficulties: each is its policy's to know.
    const bool same = !targets_.empty() &&
                      targets_.back().promise.target == target.promise.target &&
                      targets_.back().difficulty == target.difficulty;
    if (!same) targets_.push_back(target);
    jobs_.push_back({job, forgotten_ + static_cast<std::uint32_t>(targets_.size() - 1)});
}

void SentJobs::forget_unused_targets()
{
    if (jobs_.empty()) return;
    const std::uint32_t unused = jobs_.front().target - forgotten_;
    targets_.erase(targets_.begin(), targets_.begin() + unused);
    forgotten_ += unused;
}

const SentJobs::Target* SentJobs::of(pool::JobId job) const
{
    // Newest first: nearly every share is for the last job or the one before.
    const auto found = std::find_if(jobs_.rbegin(), jobs_.rend(),
                                    [job](const Job& sent) { return sent.id == job; });
    return found == jobs_.rend() ? nullptr : &targets_[found->target - forgotten_];
}

SentJobs::Sent SentJobs::numbered(std::uint32_t wire) const
{
    const auto found = std::find_if(jobs_.rbegin(), jobs_.rend(), [wire](const Job& sent) {
        return static_cast<std::uint32_t>(sent.id.value) == wire;
    });
    if (found == jobs_.rend()) return {};
    return {found->id, &targets_[found->target - forgotten_]};
}

void SentJobs::forget(pool::JobId job)
{
    jobs_.erase(std::remove_if(jobs_.begin(), jobs_.end(),
                               [job](const Job& sent) { return sent.id == job; }),
                jobs_.end());
    forget_unused_targets();
}

pool::Difficulty Channel::newest_difficulty() const
{
    const SentJobs::Target* const newest = sent.empty() ? nullptr : sent.of(sent.newest());
    return newest == nullptr ? announced.difficulty : newest->difficulty;
}

void AckBatch::add(std::uint32_t sequence, pool::U128 work)
{
    last_sequence_ = sequence;
    ++count_;
    work_ += work;
}

bool AckBatch::due(pool::SteadyTime now, std::uint32_t count_max,
                   std::chrono::milliseconds wait) const
{
    return count_ >= count_max || (count_ > 0 && (!last_ || now - *last_ >= wait));
}

AckBatch::Ack AckBatch::take(pool::SteadyTime now)
{
    const auto whole = static_cast<std::uint64_t>(work_ / hashes_of_difficulty_one);
    const Ack ack{last_sequence_, count_, whole - said_};
    said_ = whole;
    count_ = 0;
    last_ = now;
    return ack;
}

}  // namespace stratum::v2
