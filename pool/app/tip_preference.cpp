#include "pool/app/tip_preference.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds look_after{400};
constexpr std::chrono::milliseconds look_again_after{1500};
constexpr unsigned looks_again = 4;  // miners are sent to a rival that stays for five seconds
constexpr std::size_t heights_max = 1024;

}  // namespace

void TipPreference::held(Node& node, const BlockHash& hash, Height height, SteadyTime sent)
{
    const auto [at, is_first] = first_.try_emplace(height);
    First& first = at->second;
    if (!is_first) {
        if (first.hash == hash && first.looked) look_at(node, hash, height, looks_again);
        return;
    }
    first.hash = hash;
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(read_clock().steady - sent);
    const auto left = std::max(look_after - passed, std::chrono::milliseconds{0});
    first.look = loop_.after(left, [this, hash, height] {
        const auto known = first_.find(height);
        if (known == first_.end()) return;
        known->second.looked = true;
        for (Node* const each : nodes_) look_at(*each, hash, height, looks_again);
    });
    if (first_.size() > heights_max) first_.erase(first_.begin());
}

void TipPreference::earlier(const BlockHash& hash, Height height)
{
    const auto [at, is_first] = first_.try_emplace(height);
    if (!is_first) return;
    at->second.hash = hash;
    at->second.looked = true;
    if (first_.size() > heights_max) first_.erase(first_.begin());
}

void TipPreference::look_at(Node& node, const BlockHash& hash, Height height, unsigned looks_left)
{
    node.sight(hash, height, [this, &node, hash, height, looks_left](const Result<Sighting>& seen) {
        using Place = Sighting::Place;
        if (seen && seen->place == Place::in_chain) return;
        const bool beside = seen && seen->place == Place::beside;
        if (beside && seen->rival_confirmations > 1) return;
        if (beside && seen->rival_confirmations == 1)
            prefer(node, hash, height, looks_left);
        else
            look_later(node, hash, height, looks_left);
    });
}

void TipPreference::prefer(Node& node, const BlockHash& hash, Height height, unsigned looks_left)
{
    node.prefer(hash, [this, &node, hash, height, looks_left](const Result<void>& done) {
        log::info("block_preferred", {{"hash", to_display_hex(hash)},
                                      {"node", node.name()},
                                      {"reason", done ? "" : done.error().detail}});
        // At once: later its tip may be another server's of this pool, which must not be fought.
        node.sight(hash, height, [=, this, &node](const Result<Sighting>& seen) {
            if (seen && seen->place == Sighting::Place::in_chain) return;
            look_later(node, hash, height, looks_left);
        });
    });
}

void TipPreference::look_later(Node& node, const BlockHash& hash, Height height,
                               unsigned looks_left)
{
    const auto known = first_.find(height);
    if (looks_left == 0 || known == first_.end()) return;
    known->second.again[&node] = loop_.after(
        look_again_after,
        [this, &node, hash, height, looks_left] { look_at(node, hash, height, looks_left - 1); });
}

}  // namespace pool
