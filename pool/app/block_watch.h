#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

/// Asks a node where our blocks stand, whenever the tip moves and every few seconds; the next node
/// when one does not answer. Lives on the core loop. Decides nothing: what a sighting means is
/// payouts/blocks. Says in the log when a block has 1, 6 and 100 confirmations, or has lost its
/// place.
class BlockWatch {
public:
    struct Watched {
        BlockHash hash;
        Height height;
    };
    struct Seen {
        BlockHash hash;
        Sighting sighting;
    };

    /// nodes: at least one. seen: gets all answers of a round together.
    BlockWatch(Loop& loop, std::vector<Node*> nodes, std::function<void(std::vector<Seen>)> seen);

    /// Which blocks to look for from now on; replaces the former list.
    void set_watched(std::vector<Watched> watched);
    /// Starts a round soon (rounds never overlap).
    void look();

private:
    void next();
    void tell(const Watched& watched, const Sighting& sighting);
    Loop& loop_;
    std::vector<Node*> nodes_;
    std::size_t asked_ = 0;  // which of them
    std::function<void(std::vector<Seen>)> seen_;
    std::vector<Watched> watched_;
    std::vector<Watched> round_;
    std::vector<Seen> found_;
    std::map<BlockHash, std::uint32_t> told_;  // the last milestone; 0: beside the chain
    bool running_ = false;
    bool again_ = false;
    Watch ticker_;
};

}  // namespace pool
