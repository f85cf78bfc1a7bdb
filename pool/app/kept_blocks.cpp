#include "pool/app/kept_blocks.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::uint32_t kept_below = 1008;
constexpr std::size_t kept_max = 1024;
constexpr std::chrono::minutes again_every{10};

}  // namespace

KeptBlocks::KeptBlocks(Loop& loop, std::vector<Node*> nodes, CandidateStore store, TaskThread& disk,
                       Out out, std::chrono::milliseconds again_soon)
    : loop_(loop),
      nodes_(std::move(nodes)),
      store_(std::move(store)),
      disk_(disk),
      out_(std::move(out)),
      again_soon_(again_soon)
{
}

void KeptBlocks::take_up(BlocksTaken& taken)
{
    auto kept = store_.kept();
    if (!kept) return log::error("found_blocks_not_read", {{"reason", kept.error().detail}});
    earlier_ = *std::move(kept);
    take_up_next(taken);
}

// One at a time: they are megabytes, and a block that is found meanwhile waits for the same thread.
void KeptBlocks::take_up_next(BlocksTaken& taken)
{
    if (earlier_.empty()) return;
    const BlockHash hash = earlier_.back();
    earlier_.pop_back();
    static_cast<void>(disk_.post([this, &taken, hash] {
        auto read = store_.read_kept(hash);
        loop_.post([this, &taken, read = std::move(read)] {
            if (!read) log::error("found_block_not_read", {{"reason", read.error().detail}});
            if (read && taken.take_again(read->hash)) {
                remember(read->hash, read->height);
                out_.found(*read);
            }
            take_up_next(taken);
        });
    }));
}

void KeptBlocks::add(const BlockHash& hash, Height height)
{
    static_cast<void>(disk_.post([this, hash] { store_.keep(hash); }));
    remember(hash, height);
}

void KeptBlocks::remember(const BlockHash& hash, Height height)
{
    blocks_[hash] = {height, std::vector<SteadyTime>(nodes_.size()),
                     std::vector<std::string>(nodes_.size())};
    if (blocks_.size() <= kept_max) return;
    forget(std::min_element(blocks_.begin(), blocks_.end(), [](const auto& one, const auto& other) {
        return one.second.height < other.second.height;
    }));
}

void KeptBlocks::forget(std::map<BlockHash, Block>::iterator at)
{
    static_cast<void>(disk_.post([this, hash = at->first] { store_.remove(hash); }));
    blocks_.erase(at);
}

void KeptBlocks::tip_moved(Height tip)
{
    for (auto at = blocks_.begin(); at != blocks_.end();) {
        const auto next = std::next(at);
        if (tip.value >= at->second.height.value + kept_below) forget(at);
        at = next;
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
        loop_.post([this, hash, read = std::move(read)] {
            if (read && !read->block.empty()) return send(*read);
            if (!read) log::error("found_block_not_read", {{"reason", read.error().detail}});
            put_off(hash, again_every);
            send_next();
        });
    });
}

void KeptBlocks::put_off(const BlockHash& hash, SteadyTime::duration pause)
{
    const auto at = blocks_.find(hash);
    if (at != blocks_.end()) at->second.not_before[node_] = read_clock().steady + pause;
}

void KeptBlocks::send(const FoundFile& found)
{
    nodes_[node_]->submit(
        submit_text(found.block),
        [this, hash = found.hash](const SubmitAnswer& answer) { answered(hash, answer); });
}

void KeptBlocks::answered(const BlockHash& hash, const SubmitAnswer& answer)
{
    const bool none = answer.outcome == SubmitOutcome::unanswered;
    // A node that lacks the parent for as long as it syncs would be a row a minute in the books.
    const auto at = blocks_.find(hash);
    const bool told = at != blocks_.end() && none &&
                      std::exchange(at->second.no_answer[node_], answer.reason) == answer.reason;
    if (!told) tell(hash, answer);
    put_off(hash, none ? SteadyTime::duration{again_soon_} : again_every);
    if (none) wanted_.clear();  // away, or without the parent: what is higher would fare no better
    send_next();
}

void KeptBlocks::tell(const BlockHash& hash, const SubmitAnswer& answer)
{
    const std::string& node = nodes_[node_]->name();
    log::warn("block_sent_again", {{"hash", to_display_hex(hash)},
                                   {"node", node},
                                   {"answer", to_string(answer.outcome)},
                                   {"reason", answer.reason}});
    out_.answer({hash, node, read_clock().wall, answer});
}

}  // namespace pool
