#include "pool/app/block_watch.h"

#include <array>
#include <chrono>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::chrono::seconds look_period{5};
constexpr std::array<std::uint32_t, 3> milestones{1, 6, 100};

}  // namespace

BlockWatch::BlockWatch(Loop& loop, std::vector<Node*> nodes,
                       std::function<void(std::vector<Seen>)> seen)
    : loop_(loop), nodes_(std::move(nodes)), seen_(std::move(seen))
{
    check(!nodes_.empty(), "somebody is to be asked");
    ticker_ = loop_.every(look_period, [this] { look(); });
}

void BlockWatch::set_watched(std::vector<Watched> watched)
{
    watched_ = std::move(watched);
    std::map<BlockHash, std::uint32_t> kept;
    for (const Watched& block : watched_) {
        const auto at = told_.find(block.hash);
        if (at != told_.end()) kept.insert(*at);
    }
    told_ = std::move(kept);
}

void BlockWatch::tell(const Watched& watched, const Sighting& sighting)
{
    if (sighting.place == Sighting::Place::unknown) return;
    std::uint32_t reached = 0;
    if (sighting.place == Sighting::Place::in_chain) {
        for (const std::uint32_t milestone : milestones) {
            if (sighting.confirmations >= milestone) reached = milestone;
        }
    }
    const auto [at, fresh] = told_.try_emplace(watched.hash, reached);
    if (!fresh && at->second == reached) return;
    at->second = reached;
    log::write(reached == 0 ? log::Level::warn : log::Level::info,
               reached == 0 ? "block_beside_the_chain" : "block_in_the_chain",
               {{"hash", to_display_hex(watched.hash)},
                {"height", watched.height.value},
                {"confirmations", sighting.confirmations},
                {"rival_confirmations", sighting.rival_confirmations}});
}

void BlockWatch::look()
{
    if (running_) {
        again_ = true;
        return;
    }
    if (watched_.empty()) return;
    running_ = true;
    again_ = false;
    round_ = watched_;
    found_.clear();
    next();
}

// One question at a time: a long list must not crowd the node's work queue.
void BlockWatch::next()
{
    if (round_.empty()) {
        running_ = false;
        if (!found_.empty()) seen_(std::exchange(found_, {}));
        if (again_) look();
        return;
    }
    const Watched watched = round_.back();
    round_.pop_back();
    Node& node = *nodes_[asked_];
    node.sight(watched.hash, watched.height, [this, watched](const Result<Sighting>& sighting) {
        if (!sighting) {
            // No answer says nothing about any block: the next round asks the next node.
            asked_ = (asked_ + 1) % nodes_.size();
            log::warn("block_watch_failed", {{"reason", sighting.error().detail}});
            round_.clear();
            return next();
        }
        tell(watched, *sighting);
        found_.push_back({watched.hash, *sighting});
        next();
    });
}

}  // namespace pool
