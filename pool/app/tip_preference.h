#pragma once

#include <map>
#include <utility>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

/// The race of two blocks of one height: a node keeps the one that it saw first, unless it is told
/// (RPC preciousblock). Where another block is a node's tip 400 ms after ours was sent, the node is
/// told to prefer ours. One that was sent none (it only gives templates) may not have it yet, or
/// its header alone, where the word has no effect: it is looked at again, for six seconds. Of
/// several of ours at one height, the first: a late share may make a second, which must not push
/// the first aside. (Servers of one pool do not know of each other's: there the later may win on
/// the nodes of who found it. Both pay the pool.) Lives on the core loop.
class TipPreference {
public:
    /// nodes: also those that only give templates, for our miners follow their tips.
    TipPreference(Loop& loop, std::vector<Node*> nodes) : loop_(loop), nodes_(std::move(nodes)) {}

    /// The node says that it holds ours. The first block of a height of which any node says so is
    /// the one to be preferred (one that no node takes must not stand in the way of a good one). A
    /// node that says it only after all were looked at is looked at alone.
    /// sent: when the block went to all nodes.
    void held(Node& node, const BlockHash& hash, Height height, SteadyTime sent);

    /// An earlier life's: what is found at its height from now on comes after it.
    void earlier(const BlockHash& hash, Height height);

private:
    struct First {
        BlockHash hash;
        Watch look;
        bool looked = false;
        std::map<Node*, Watch> again;
    };
    void look_at(Node& node, const BlockHash& hash, Height height, unsigned looks_left);
    void prefer(Node& node, const BlockHash& hash, Height height, unsigned looks_left);
    void look_later(Node& node, const BlockHash& hash, Height height, unsigned looks_left);

    Loop& loop_;
    std::vector<Node*> nodes_;
    std::map<Height, First> first_;  // of ours; bounded
};

}  // namespace pool
