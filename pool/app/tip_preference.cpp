#include "pool/app/tip_preference.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds look_after{400};
constexpr std::size_t heights_max = 1024;

}  // namespace

void TipPreference::held(Node& node, const BlockHash& hash, Height height, SteadyTime sent)
{
    const auto [at, is_first] = first_.try_emplace(height);
    First& first = at->second;
    if (!is_first) {
        if (first.hash == hash && first.looked) look_at(node, hash, height);
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
        for (Node* const each : nodes_) look_at(*each, hash, height);
    });
    if (first_.size() > heights_max) first_.erase(first_.begin());
}

void TipPreference::look_at(Node& node, const BlockHash& hash, Height height)
{
    node.sight(hash, height, [&node, hash](const Result<Sighting>& seen) {
        const bool rival_is_tip =
            seen && seen->place == Sighting::Place::beside && seen->rival_confirmations == 1;
        if (!rival_is_tip) return;
        node.prefer(hash, [&node, hash](const Result<void>& done) {
            log::info("block_preferred", {{"hash", to_display_hex(hash)},
                                          {"node", node.name()},
                                          {"reason", done ? "" : done.error().detail}});
        });
    });
}

}  // namespace pool
