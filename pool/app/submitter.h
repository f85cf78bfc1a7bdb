#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "pool/app/candidates.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
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
/// Where another block of the height is a node's tip after 400 ms, the node is told to prefer ours;
/// of several of ours at one height, the first.
///
/// A block without a body (see FoundFile) is sent to nobody: it goes to the books, and is watched
/// for in the chain like any other.
///
/// Files are written and removed by a thread of their own, and a disk that hangs holds no block:
/// after 20 ms (`patience`) it goes to the nodes all the same. Of one height 64 are taken, refused
/// ones not counted: one at most gets into the chain, and where difficulty is as low as a share's
/// (testnet4 after twenty minutes) the others would fill memory and the nodes' queues. A node that
/// has not judged a block by the time that the tip is 100 above it is not asked any more: such a
/// block is in the chain, or never will be.
///
/// A file is removed once each node has judged the block and the books have it and every answer
/// (`booked`, `answer_booked`): until then a restart begins again, and both sides take a block
/// twice without harm.
class Submitter {
public:
    struct Out {
        /// Once for each block of this life, also for those found before a restart; it must get
        /// the block into the books and then call booked().
        std::function<void(const FoundFile&)> found;
        /// It must get the answer into the books and then, later, call answer_booked().
        std::function<void(NodeAnswer)> answer;
    };
    static constexpr std::chrono::milliseconds patience{20};
    static constexpr std::size_t of_height_max = 64;
    Submitter(Loop& loop, std::vector<Node*> nodes, CandidateStore store, Out out,
              std::chrono::milliseconds disk_patience = patience);

    /// Takes up what an earlier life left on disk.
    Result<void> resume();
    /// A block, from the Stratum loop that judged it: any thread. When this returns the block is on
    /// disk (it survives kill -9) and on its way. Only a disk that takes longer than 20 ms lets it
    /// go before. The same hash a second time is ignored. Locks and writes for blocks only; a full
    /// one costs the calling loop some milliseconds.
    void found(const BlockCandidate& candidate);
    /// The books have it.
    void booked(const BlockHash& hash);
    /// The books have one of the answers to it.
    void answer_booked(const BlockHash& hash);
    void tip_moved(Height tip);
    /// Sends anew at once what would wait for its next turn. False: nodes have answered for all.
    bool ask_again();

private:
    using Block = std::shared_ptr<const FoundFile>;
    /// To one node.
    struct Delivery {
        enum class State : std::uint8_t { in_flight, waiting, refused, answered };
        State state = State::waiting;
        std::string no_answer;  // why there is none, as it was last told
        unsigned tries = 0;
        Watch retry;
    };
    struct Pending {
        Block found;
        SubmitText text;  ///< what the nodes are sent
        bool on_its_way = false;
        bool written = false;  // or the disk has refused it
        bool booked = false;
        std::size_t unbooked_answers = 0;
        bool first_of_height = false;
        bool looked_at = false;            // at all nodes, for a rival that is the tip
        std::vector<Delivery> deliveries;  // by node
        Watch disk_patience;
    };
    void expect(const Block& found);
    std::future<void> keep(const Block& found);
    void written(const Block& found, const Result<CandidateStore::Unsynced>& file);
    void set_out(Pending& pending);
    bool seen_before(const BlockHash& hash);
    bool one_too_many(Height height);
    void sync(const CandidateStore::Unsynced& file);
    void send(Pending& pending, std::size_t node);
    void send_waiting(Pending& pending);
    void answered(const BlockHash& hash, std::size_t node, const SubmitAnswer& answer);
    void tell(Pending& pending, std::size_t node, const SubmitAnswer& answer);
    void retry_later(Pending& pending, std::size_t node);
    static void prefer_on(Node& node, const BlockHash& hash, Height height);
    void prefer_ours(const BlockHash& hash, Height height);
    void finish_if_done(const BlockHash& hash);

    Loop& loop_;
    std::vector<Node*> nodes_;
    CandidateStore store_;
    Out out_;
    std::chrono::milliseconds disk_patience_;
    std::map<BlockHash, Pending> pending_;
    // Bounded: a replayed block share costs the nodes nothing. All loops': under recent_mutex_.
    std::mutex recent_mutex_;
    std::set<BlockHash> recent_;
    std::deque<BlockHash> recent_order_;
    std::map<Height, std::size_t> of_height_;  // taken and not refused
    Height left_out_of_{};
    // Outlive the block's own entry, which goes as soon as all is said and done.
    std::deque<Watch> preferring_;
    std::map<Height, BlockHash> first_of_height_;  // of ours
    TaskThread disk_;                              // last: it ends before what it uses
};

}  // namespace pool
