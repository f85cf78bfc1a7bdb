#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "pool/app/block_agreement.h"
#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

/// Asks all nodes where our blocks stand, whenever the tip moves and every few seconds, and tells
/// what as many as needed of them agree on. Lives on the core loop. Decides nothing: what a
/// sighting means is payouts/blocks. Says in the log when a block has 1, 6 and 100 confirmations,
/// or has lost its place.
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

    struct Out {
        /// Gets what a node's round has shown, all together.
        std::function<void(std::vector<Seen>)> seen;
        /// A node, by its place in `nodes`, has said in a round that it does not know these blocks.
        std::function<void(std::size_t, std::vector<BlockHash>)> missing;
    };
    /// needed: so many nodes must agree; 1 ..= nodes (checked).
    BlockWatch(Loop& loop, const std::vector<Node*>& nodes, std::size_t needed, Out out);

    /// Which blocks to look for from now on; replaces the former list.
    void set_watched(std::vector<Watched> watched);
    /// Starts a round of each node that is in none; the others begin anew when theirs is over.
    void look();

private:
    // Each node has a round of its own: one that is frozen holds up nobody else's.
    struct Round {
        Node* node = nullptr;
        std::vector<Watched> left;
        std::vector<Seen> found;
        std::vector<BlockHash> unknown;
        bool running = false;
        bool again = false;
        bool failing = false;  // and the log says so
    };
    void begin(std::size_t index);
    void next(std::size_t index);
    void tell(const Watched& watched, const Sighting& sighting);
    Loop& loop_;
    std::vector<Round> rounds_;
    BlockAgreement agreement_;
    Out out_;
    std::vector<Watched> watched_;
    std::map<BlockHash, std::uint32_t> told_;  // the last milestone; 0: beside the chain
    Watch ticker_;
};

}  // namespace pool
