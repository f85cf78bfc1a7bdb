#include "pool/app/tip_preference.h"

#include <chrono>
#include <cstddef>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds look_after{400};
constexpr std::size_t heights_max = 1024;

}  // namespace

void TipPreference::sent(const BlockHash& hash, Height height)
{
    const auto [at, is_first] = first_.try_emplace(height);
    if (!is_first) return;
    at->second.hash = hash;
    at->second.look = loop_.after(look_after, [this, hash, height] {
        const auto first = first_.find(height);
        if (first == first_.end()) return;
        first->second.looked = true;
        for (Node* const node : nodes_) look_at(*node, hash, height);
    });
    if (first_.size() > heights_max) first_.erase(first_.begin());
}

void TipPreference::inconclusive(Node& node, const BlockHash& hash, Height height)
{
    const auto at = first_.find(height);
    if (at == first_.end() || at->second.hash != hash || !at->second.looked) return;
    look_at(node, hash, height);
}

void TipPreference::refused(const BlockHash& hash, Height height)
{
    const auto at = first_.find(height);
    if (at != first_.end() && at->second.hash == hash) first_.erase(at);
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
