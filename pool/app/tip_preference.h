#pragma once

#include <map>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

/// The race of two blocks of one height: a node keeps the one that it saw first, unless it is told
/// (RPC preciousblock). Where another block is a node's tip 400 ms after ours was sent, the node is
/// told to prefer ours; of several of ours at one height, the first: a late share may make a
/// second, which must not push the first aside. (Servers of one pool do not know of each other's:
/// there the later may win on the nodes of who found it. Both pay the pool.) Lives on the core
/// loop.
class TipPreference {
public:
    TipPreference(Loop& loop, std::vector<Node*> nodes) : loop_(loop), nodes_(std::move(nodes)) {}

    /// Ours is on its way to all nodes.
    void sent(const BlockHash& hash, Height height);
    /// The node has just said that it holds ours as inconclusive. If that took it longer than the
    /// look at all nodes could wait for, it is looked at alone.
    void inconclusive(Node& node, const BlockHash& hash, Height height);
    /// No node takes it: the height is the next one's.
    void refused(const BlockHash& hash, Height height);

private:
    struct First {
        BlockHash hash;
        Watch look;
        bool looked = false;
    };
    static void look_at(Node& node, const BlockHash& hash, Height height);

    Loop& loop_;
    std::vector<Node*> nodes_;
    std::map<Height, First> first_;  // of ours; bounded
};

}  // namespace pool
