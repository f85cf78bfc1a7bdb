#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

/// Asks the nodes where our blocks stand, whenever the tip moves and every few seconds. Lives on
/// the core loop. Decides nothing: what a sighting means is payouts/blocks.
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

    /// node: the one that is asked (the first; a later issue asks several and wants them to agree).
    /// seen: gets all answers of a round together.
    BlockWatch(Loop& loop, Node& node, std::function<void(std::vector<Seen>)> seen);

    /// Which blocks to look for from now on; replaces the former list.
    void set_watched(std::vector<Watched> watched);
    /// Starts a round soon (rounds never overlap).
    void look();

private:
    void next();
    Loop& loop_;
    Node& node_;
    std::function<void(std::vector<Seen>)> seen_;
    std::vector<Watched> watched_;
    std::vector<Watched> round_;
    std::vector<Seen> found_;
    bool running_ = false;
    bool again_ = false;
    Watch ticker_;
};

}  // namespace pool
