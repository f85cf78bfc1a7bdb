#include "pool/app/unpublished_watch.h"

#include <utility>

#include "pool/base/log.h"

namespace pool {

void UnpublishedWatch::look(const std::vector<payouts::UnpublishedBlock>& rows)
{
    std::set<BlockHash> now;
    for (const payouts::UnpublishedBlock& block : rows) {
        now.insert(block.hash);
        if (known_.contains(block.hash)) continue;
        log::error("block_not_published", {{"hash", to_display_hex(block.hash)},
                                           {"height", block.height.value},
                                           {"account", block.finder},
                                           {"worker", block.worker}});
    }
    known_ = std::move(now);
}

}  // namespace pool
