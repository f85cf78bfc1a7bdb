#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pool/app/blocks_taken.h"
#include "pool/app/candidates.h"
#include "pool/app/node_answer.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"

namespace pool {

/// Found blocks that the nodes have judged and the books have, kept on disk until the tip is 1,008
/// above them (a week); the highest 1,024 of them, where each share is a block. A node writes its
/// index to disk only now and then, and after a crash may not know a block that it took: it gets it
/// again. Books that are restored from a backup lack what came after it: they are told at the next
/// start. Both take a block twice without harm. Lives on the core loop; files are read and renamed
/// on `disk`.
class KeptBlocks {
public:
    /// found: an earlier life's, without its body. answer: of a node that got a block again.
    struct Out {
        std::function<void(const FoundFile&)> found;
        std::function<void(NodeAnswer)> answer;
    };
    KeptBlocks(Loop& loop, std::vector<Node*> nodes, CandidateStore store, TaskThread& disk,
               Out out, std::chrono::milliseconds again_soon = std::chrono::minutes{1});

    /// Tells of what an earlier life kept, one after the other as the disk has read it; of what
    /// `taken` knows already it does not.
    void take_up(BlocksTaken& taken);
    /// Settled in this life.
    void add(const BlockHash& hash, Height height);
    bool has(const BlockHash& hash) const { return blocks_.contains(hash); }
    void tip_moved(Height tip);
    /// A node, by its place in `nodes`, does not know these blocks of ours: it gets again those
    /// that are kept, parents first and one at a time; each at most every ten minutes, or every
    /// minute while the node does not answer for it, which is told once for each reason.
    void missing(std::size_t node, const std::vector<BlockHash>& hashes);

private:
    struct Block {
        Height height;
        std::vector<SteadyTime> not_before;  // by node
        std::vector<std::string> no_answer;  // by node: why there is none, as it was last told
    };
    void take_up_next(BlocksTaken& taken);
    void remember(const BlockHash& hash, Height height);
    void forget(std::map<BlockHash, Block>::iterator at);
    void put_off(const BlockHash& hash, SteadyTime::duration pause);
    void send_next();
    void send(const FoundFile& found);
    void tell(const BlockHash& hash, const SubmitAnswer& answer);
    void answered(const BlockHash& hash, const SubmitAnswer& answer);

    Loop& loop_;
    std::vector<Node*> nodes_;
    CandidateStore store_;
    TaskThread& disk_;
    Out out_;
    std::chrono::milliseconds again_soon_;
    std::map<BlockHash, Block> blocks_;
    std::vector<BlockHash> earlier_;  // not read yet
    // To this node, the lowest first; `sending_`: one of them is on its way.
    std::deque<BlockHash> wanted_;
    std::size_t node_ = 0;
    bool sending_ = false;
};

}  // namespace pool
