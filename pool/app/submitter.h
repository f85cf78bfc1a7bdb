#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pool/app/blocks_taken.h"
#include "pool/app/candidates.h"
#include "pool/app/kept_blocks.h"
#include "pool/app/node_answer.h"
#include "pool/app/tip_preference.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "pool/share/share.h"

namespace pool {

/// Takes found blocks to disk, to every node at once and to the books; asks again until each node
/// has answered. Lives on the core loop, but for found().
///
/// What the answers mean: accepted, duplicate: the node holds the block as valid. inconclusive: it
/// has it beside another tip; the chain will tell. rejected: it says why, and that is logged as an
/// error. unanswered (also a time-out): it may or may not have it, so it is sent again; to one that
/// lacks the parent (it begins anew) not before it knows that one.
/// A rival that is a node's tip: see TipPreference.
///
/// A block without a body (see FoundFile) is sent to nobody: it goes to the books, and is watched
/// for in the chain like any other.
///
/// Files are written and removed by a thread of their own, and a disk that hangs holds no block:
/// after 20 ms (`patience`) it goes to the nodes all the same. How many are taken: see BlocksTaken.
/// A node that has not judged a block by the time that the tip is 100 above it is not asked any
/// more: such a block is in the chain, or never will be.
///
/// Once each node has judged a block and the books have it and every answer (`booked`,
/// `answer_booked`), a restart does not begin again; unless every node has refused it, it becomes
/// one of the KeptBlocks. Both sides take a block twice without harm.
class Submitter {
public:
    struct Out {
        /// Once for each block of this life, and for those found before a restart, also for those
        /// that were kept; it must get the block into the books and then call booked().
        std::function<void(const FoundFile&)> found;
        /// It must get the answer into the books and then, later, call answer_booked().
        std::function<void(NodeAnswer)> answer;
    };
    static constexpr std::chrono::milliseconds patience{20};
    /// nodes: all. Those that only give templates are sent no block, but see TipPreference.
    Submitter(Loop& loop, const std::vector<Node*>& nodes, CandidateStore store, Out out,
              std::chrono::milliseconds disk_patience = patience);

    /// Takes up what an earlier life left on disk. heard: what nodes have said to these blocks in
    /// this life already; it goes to the books, and who said it is not asked again.
    Result<void> resume(const std::vector<NodeAnswer>& heard = {});
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
    /// A node, by its place among those that take blocks, does not know these blocks of ours. See
    /// KeptBlocks.
    void missing(std::size_t node, const std::vector<BlockHash>& hashes)
    {
        kept_.missing(node, hashes);
    }
    /// Sends anew at once what would wait for its next turn. False: nodes have answered for all.
    bool ask_again();

private:
    using Block = std::shared_ptr<const FoundFile>;
    /// To one node.
    struct Delivery {
        enum class State : std::uint8_t { in_flight, waiting, refused, answered };
        State state = State::waiting;
        std::string no_answer;  // why there is none, as it was last told
        bool lacks_parent = false;
        unsigned tries = 0;
        Watch retry;
    };
    struct Pending {
        Block found;
        SubmitText text;  ///< what the nodes are sent
        bool on_its_way = false;
        SteadyTime sent;
        bool written = false;  // or the disk has refused it
        bool booked = false;
        std::size_t unbooked_answers = 0;
        std::vector<Delivery> deliveries;  // by node
        Watch disk_patience;
    };
    Pending& expect(const Block& found);
    void take_up(const Block& found, const std::vector<NodeAnswer>& heard);
    using ToDisk = Result<CandidateStore::Unsynced> (CandidateStore::*)(const FoundFile&) const;
    std::future<void> keep(const Block& found, ToDisk how);
    void written(const Block& found, const Result<CandidateStore::Unsynced>& file);
    void set_out(Pending& pending);
    void sync(const CandidateStore::Unsynced& file);
    void send(Pending& pending, std::size_t node);
    void send_if_it_has_the_parent(const Pending& pending, std::size_t node);
    void give(const Pending& pending, std::size_t node);
    void send_waiting(Pending& pending);
    void answered(std::size_t node, const NodeAnswer& said);
    void tell(Pending& pending, const NodeAnswer& said);
    static bool refused_by_all(const Pending& pending);
    void retry_later(Pending& pending, std::size_t node);
    void finish_if_done(const BlockHash& hash);

    Loop& loop_;
    std::vector<Node*> nodes_;
    CandidateStore store_;
    Out out_;
    std::chrono::milliseconds disk_patience_;
    std::map<BlockHash, Pending> pending_;
    BlocksTaken taken_;
    TipPreference preference_;
    KeptBlocks kept_;
    TaskThread disk_;  // last: it ends before what it uses
};

}  // namespace pool
