#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "pool/app/candidates.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"
#include "pool/share/share.h"

namespace pool {

/// What one node said to one of our blocks, and after how long.
struct NodeAnswer {
    BlockHash hash;
    std::string node;
    UnixMillis at;
    SubmitAnswer answer;
    bool last_of_refusals = false;  ///< with it, every node has refused the block by name
};

/// Takes found blocks to disk, to every node at once and to the books; asks again until each node
/// has answered. Lives on the core loop, but for found().
///
/// What the answers mean: accepted, duplicate: the node holds the block as valid. inconclusive: it
/// has it beside another tip; the chain will tell. rejected: it says why, and that is logged as an
/// error. unanswered (also a time-out): it may or may not have it, so it is sent again.
/// Where another block of the height is a node's tip after 400 ms, the node is told to prefer ours.
///
/// A block without a body (see FoundFile) is sent to nobody: it goes to the books, and is watched
/// for in the chain like any other.
///
/// A file is removed once each node has judged the block and the books have it (`booked`): until
/// then a restart begins again, and both sides take a block twice without harm.
class Submitter {
public:
    struct Out {
        /// Once for each block of this life, also for those found before a restart; it must get
        /// the block into the books and then call booked().
        std::function<void(const FoundFile&)> found;
        std::function<void(NodeAnswer)> answer;
    };
    Submitter(Loop& loop, std::vector<Node*> nodes, CandidateStore store, Out out);

    /// Takes up what an earlier life left on disk.
    Result<void> resume();
    /// A block, from the Stratum loop that judged it: any thread. When this returns the block is on
    /// disk (it survives kill -9) and on its way. The same hash a second time is ignored. Locks and
    /// writes for blocks only; a full one costs the calling loop some milliseconds.
    void found(const BlockCandidate& candidate);
    /// The books have it.
    void booked(const BlockHash& hash);
    std::uint64_t sent() const { return sent_; }

private:
    enum class State : std::uint8_t { in_flight, waiting, refused, answered };
    struct Pending {
        FoundFile found;
        SubmitText text;  ///< what the nodes are sent
        SteadyTime since;
        bool booked = false;
        std::vector<State> states;  // by node
        unsigned tries = 0;
        Watch retry;
    };
    struct Kept {
        FoundFile found;
        Result<CandidateStore::Unsynced> written;
    };
    void take(Kept kept);
    bool seen_before(const BlockHash& hash);
    void sync(const CandidateStore::Unsynced& written);
    void send(Pending& pending, std::size_t node);
    void answered(const BlockHash& hash, std::size_t node, const SubmitAnswer& answer);
    void retry_later(Pending& pending);
    static void prefer_on(Node& node, const BlockHash& hash, Height height);
    void prefer_ours(const BlockHash& hash, Height height);
    void finish_if_done(const BlockHash& hash);

    Loop& loop_;
    std::vector<Node*> nodes_;
    CandidateStore store_;
    Out out_;
    std::map<BlockHash, Pending> pending_;
    // Bounded: a replayed block share costs the nodes nothing. All loops': under recent_mutex_.
    std::mutex recent_mutex_;
    std::set<BlockHash> recent_;
    std::deque<BlockHash> recent_order_;
    // Outlive the block's own entry, which goes as soon as all is said and done.
    std::deque<Watch> preferring_;
    std::uint64_t sent_ = 0;
};

}  // namespace pool
