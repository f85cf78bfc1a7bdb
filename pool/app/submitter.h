#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pool/app/candidates.h"
#include "pool/node/node.h"
#include "pool/runtime/loop.h"
#include "pool/share/share.h"

namespace pool {

/// Takes found blocks to every node at once, then to disk, then to the books; asks again until
/// each node has answered. Lives on the core loop.
///
/// A file is removed once a node has judged the block and the books have it (`booked`): until
/// then a restart begins again, and both sides take a block twice without harm.
class Submitter {
public:
    /// `to_books` is called once for each block of this life, also for those found before a
    /// restart; it must get the block into the books and then call booked().
    Submitter(Loop& loop, std::vector<Node*> nodes, CandidateStore store,
              std::function<void(const FoundFile&)> to_books);

    /// Takes up what an earlier life left on disk.
    Result<void> resume();
    /// A block from a Stratum loop. The same hash a second time is ignored.
    void found(const BlockCandidate& candidate);
    /// The books have it.
    void booked(const BlockHash& hash);
    std::uint64_t sent() const { return sent_; }

private:
    struct Pending {
        FoundFile found;
        bool booked = false;
        std::vector<bool> answered;  // by node
        unsigned tries = 0;
        Watch retry;
    };
    void take(FoundFile found);
    void sync(const CandidateStore::Unsynced& written);
    void send(const BlockHash& hash, std::size_t node);
    void answered(const BlockHash& hash, std::size_t node, const SubmitAnswer& answer);
    void retry_later(Pending& pending);
    void finish_if_done(const BlockHash& hash);

    Loop& loop_;
    std::vector<Node*> nodes_;
    CandidateStore store_;
    std::function<void(const FoundFile&)> to_books_;
    std::map<BlockHash, Pending> pending_;
    std::vector<BlockHash> recent_;  // bounded: a replayed block share costs the nodes nothing
    std::uint64_t sent_ = 0;
};

}  // namespace pool
