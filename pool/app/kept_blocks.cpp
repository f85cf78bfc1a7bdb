#include "pool/app/kept_blocks.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::uint32_t kept_below = 1008;
constexpr std::size_t told_max = 1024;  // where each share is a block there are more
constexpr std::chrono::minutes again_every{10};
constexpr std::chrono::minutes again_soon{1};

}  // namespace

KeptBlocks::KeptBlocks(Loop& loop, std::vector<Node*> nodes, CandidateStore store, TaskThread& disk,
                       Out out)
    : loop_(loop),
      nodes_(std::move(nodes)),
      store_(std::move(store)),
      disk_(disk),
      out_(std::move(out))
{
}

// Beside: there may be a thousand files of megabytes.
void KeptBlocks::take_up(BlocksTaken& taken)
{
    static_cast<void>(disk_.post([this, &taken] {
        auto kept = store_.load_kept();
        if (!kept) return log::error("found_blocks_not_read", {{"reason", kept.error().detail}});
        loop_.post([this, &taken, kept = *std::move(kept)] {
            for (std::size_t i = 0; i < kept.size(); ++i) {
                const FoundFile& found = kept[i];
                blocks_[found.hash] = {found.height, std::vector<SteadyTime>(nodes_.size())};
                const bool newest = i + told_max >= kept.size();
                if (newest && taken.take_again(found.hash)) out_.found(found);
            }
        });
    }));
}

void KeptBlocks::add(const BlockHash& hash, Height height)
{
    blocks_[hash] = {height, std::vector<SteadyTime>(nodes_.size())};
    static_cast<void>(disk_.post([this, hash] { store_.keep(hash); }));
}

void KeptBlocks::tip_moved(Height tip)
{
    for (auto at = blocks_.begin(); at != blocks_.end();) {
        if (tip.value < at->second.height.value + kept_below) {
            ++at;
            continue;
        }
        static_cast<void>(disk_.post([this, hash = at->first] { store_.remove(hash); }));
        at = blocks_.erase(at);
    }
}

void KeptBlocks::missing(std::size_t node, const std::vector<BlockHash>& hashes)
{
    if (sending_) return;  // the next look says so again
    const SteadyTime now = read_clock().steady;
    node_ = node;
    wanted_.clear();
    for (const BlockHash& hash : hashes) {
        const auto at = blocks_.find(hash);
        if (at != blocks_.end() && now >= at->second.not_before[node]) wanted_.push_back(hash);
    }
    std::sort(wanted_.begin(), wanted_.end(), [this](const BlockHash& one, const BlockHash& other) {
        return blocks_.at(one).height < blocks_.at(other).height;
    });
    send_next();
}

// One at a time: a node that begins anew knows none of them, and each is megabytes.
void KeptBlocks::send_next()
{
    sending_ = false;
    if (wanted_.empty()) return;
    const BlockHash hash = wanted_.front();
    wanted_.pop_front();
    sending_ = disk_.post([this, hash] {
        auto read = store_.read_kept(hash);
        loop_.post([this, read = std::move(read)] {
            if (read && !read->block.empty()) return send(*read);
            if (!read) log::error("found_block_not_read", {{"reason", read.error().detail}});
            send_next();
        });
    });
}

void KeptBlocks::send(const FoundFile& found)
{
    nodes_[node_]->submit(
        submit_text(found.block),
        [this, hash = found.hash](const SubmitAnswer& answer) { answered(hash, answer); });
}

void KeptBlocks::answered(const BlockHash& hash, const SubmitAnswer& answer)
{
    const std::string& node = nodes_[node_]->name();
    log::warn("block_sent_again", {{"hash", to_display_hex(hash)},
                                   {"node", node},
                                   {"answer", to_string(answer.outcome)},
                                   {"reason", answer.reason}});
    out_.answer({hash, node, read_clock().wall, answer});
    const bool none = answer.outcome == SubmitOutcome::unanswered;
    const auto at = blocks_.find(hash);
    if (at != blocks_.end()) {
        at->second.not_before[node_] = read_clock().steady + (none ? again_soon : again_every);
    }
    if (none) wanted_.clear();  // away, or without the parent: what is higher would fare no better
    send_next();
}

}  // namespace pool
