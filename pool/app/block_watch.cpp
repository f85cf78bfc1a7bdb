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

BlockWatch::BlockWatch(Loop& loop, const std::vector<Node*>& nodes, std::size_t needed, Out out)
    : loop_(loop), agreement_(nodes.size(), needed), out_(std::move(out))
{
    for (Node* const node : nodes) {
        Round round;
        round.node = node;
        rounds_.push_back(std::move(round));
    }
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
    for (std::size_t index = 0; index < rounds_.size(); ++index) begin(index);
}

void BlockWatch::begin(std::size_t index)
{
    Round& round = rounds_[index];
    round.again = round.running;
    if (round.running || watched_.empty()) return;
    round.running = true;
    round.left = watched_;
    next(index);
}

// One question at a time: a long list must not crowd the node's work queue.
void BlockWatch::next(std::size_t index)
{
    Round& round = rounds_[index];
    if (round.left.empty()) {
        round.running = false;
        if (!round.found.empty()) out_.seen(std::exchange(round.found, {}));
        if (!round.unknown.empty()) out_.missing(index, std::exchange(round.unknown, {}));
        if (round.again) begin(index);
        return;
    }
    const Watched watched = round.left.back();
    round.left.pop_back();
    round.node->sight(
        watched.hash, watched.height, [this, index, watched](const Result<Sighting>& sighting) {
            Round& own = rounds_[index];
            if (!sighting) {
                // No answer says nothing about any block.
                if (!std::exchange(own.failing, true)) {
                    log::warn("block_watch_failed",
                              {{"node", own.node->name()}, {"reason", sighting.error().detail}});
                }
                own.left.clear();
                return next(index);
            }
            own.failing = false;
            if (sighting->place == Sighting::Place::unknown) own.unknown.push_back(watched.hash);
            const Sighting all =
                agreement_.add(index, watched.hash, *sighting, read_clock().steady);
            tell(watched, all);
            own.found.push_back({watched.hash, all});
            next(index);
        });
}

}  // namespace pool
