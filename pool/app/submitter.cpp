#include "pool/app/submitter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pool/base/log.h"
#include "pool/work/job.h"

namespace pool {
namespace {

constexpr std::size_t recent_max = 4096;
constexpr std::chrono::milliseconds retry_first{100};
constexpr unsigned retry_doublings_max = 6;  // 6.4 s

FoundFile file_of(const BlockCandidate& candidate)
{
    return {.hash = candidate.hash,
            .height = candidate.job->height,
            .found_at = candidate.found_at,
            .reward = candidate.job->reward,
            .account = candidate.account,
            .worker = candidate.worker,
            .header = candidate.header,
            .coinbase = candidate.coinbase,
            .block = block_of(*candidate.job, candidate.header, candidate.coinbase)};
}

}  // namespace

Submitter::Submitter(Loop& loop, std::vector<Node*> nodes, CandidateStore store,
                     std::function<void(const FoundFile&)> to_books)
    : loop_(loop),
      nodes_(std::move(nodes)),
      store_(std::move(store)),
      to_books_(std::move(to_books))
{
}

Result<void> Submitter::resume()
{
    auto left = store_.load();
    if (!left) return fail(left.error());
    for (FoundFile& found : *left) {
        log::info("found_block_resumed", {{"hash", to_display_hex(found.hash)}});
        take(std::move(found));
    }
    return {};
}

void Submitter::found(const BlockCandidate& candidate)
{
    if (std::find(recent_.begin(), recent_.end(), candidate.hash) != recent_.end()) return;
    log::info("block_found", {{"height", candidate.job->height.value},
                              {"hash", to_display_hex(candidate.hash)},
                              {"account", candidate.account},
                              {"worker", candidate.worker}});
    take(file_of(candidate));
}

// Written first, for a kill -9 between two lines must not leave a block in the chain that the books
// never hear of; but nothing waits for the disk (charter, decision 5): it syncs beside.
void Submitter::take(FoundFile found)
{
    const BlockHash hash = found.hash;
    if (recent_.size() == recent_max) recent_.erase(recent_.begin());
    recent_.push_back(hash);
    Pending& pending = pending_[hash];
    pending.found = std::move(found);
    pending.answered.assign(nodes_.size(), false);
    const auto written = store_.write(pending.found);
    for (std::size_t node = 0; node < nodes_.size(); ++node) send(hash, node);
    if (written) {
        sync(*written);
    } else {
        log::error("found_block_not_on_disk", {{"reason", written.error().detail}});
    }
    to_books_(pending.found);
}

void Submitter::sync(const CandidateStore::Unsynced& written)
{
    for (const auto& file : {written.file, written.directory}) {
        loop_.sync_file(file->fd(), [file](Result<void> done) {
            if (!done) log::error("found_block_not_synced", {{"reason", done.error().detail}});
        });
    }
}

void Submitter::send(const BlockHash& hash, std::size_t node)
{
    ++sent_;
    nodes_[node]->submit(
        pending_.at(hash).found.block,
        [this, hash, node](const SubmitAnswer& answer) { answered(hash, node, answer); });
}

void Submitter::answered(const BlockHash& hash, std::size_t node, const SubmitAnswer& answer)
{
    const auto at = pending_.find(hash);
    if (at == pending_.end()) return;
    log::info("block_submitted", {{"hash", to_display_hex(hash)},
                                  {"node", nodes_[node]->name()},
                                  {"answer", to_string(answer.outcome)},
                                  {"reason", answer.reason},
                                  {"ms", answer.took.count()}});
    if (answer.outcome == SubmitOutcome::unanswered) return retry_later(at->second);
    at->second.answered[node] = true;
    finish_if_done(hash);
}

void Submitter::retry_later(Pending& pending)
{
    if (pending.retry.active()) return;  // one timer serves all nodes of this block
    const auto delay = retry_first * (1 << std::min(pending.tries, retry_doublings_max));
    ++pending.tries;
    pending.retry = loop_.after(delay, [this, hash = pending.found.hash] {
        const auto at = pending_.find(hash);
        if (at == pending_.end()) return;
        at->second.retry.stop();
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (!at->second.answered[node]) send(hash, node);
        }
    });
}

void Submitter::booked(const BlockHash& hash)
{
    const auto at = pending_.find(hash);
    if (at == pending_.end()) return;
    at->second.booked = true;
    finish_if_done(hash);
}

void Submitter::finish_if_done(const BlockHash& hash)
{
    const auto at = pending_.find(hash);
    const std::vector<bool>& answered = at->second.answered;
    const bool judged = std::find(answered.begin(), answered.end(), false) == answered.end();
    if (!at->second.booked || !judged) return;
    store_.remove(hash);
    pending_.erase(at);
}

}  // namespace pool
