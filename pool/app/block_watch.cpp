#include "pool/app/block_watch.h"

#include <chrono>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::chrono::seconds look_period{5};

}  // namespace

BlockWatch::BlockWatch(Loop& loop, Node& node, std::function<void(std::vector<Seen>)> seen)
    : loop_(loop), node_(node), seen_(std::move(seen))
{
    ticker_ = loop_.every(look_period, [this] { look(); });
}

void BlockWatch::set_watched(std::vector<Watched> watched) { watched_ = std::move(watched); }

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
    node_.sight(watched.hash, watched.height, [this, watched](Result<Sighting> sighting) {
        if (!sighting) {
            // No answer says nothing about any block: the next round asks again.
            log::warn("block_watch_failed", {{"reason", sighting.error().detail}});
            round_.clear();
            return next();
        }
        found_.push_back({watched.hash, *sighting});
        next();
    });
}

}  // namespace pool
