#pragma once

#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "pool/base/hash.h"
#include "pool/share/share.h"

namespace pool {

/// Which found blocks have been taken in: each hash once, and 64 of one kind, refused ones not
/// counted. A kind is a parent, a judgement of the share, whether its time is before its job's
/// (testnet4's least difficulty is good from twenty minutes after the parent: no node takes an
/// earlier one, and anybody can make thousands), and who has the body: at most one block of a
/// parent gets into the chain, and where difficulty is as low as a share's (testnet4 after twenty
/// minutes) the others would fill memory and the nodes' queues. Blocks that can't be good, or that
/// only their finder can send, have places of their own, so that nobody can use up those of good
/// ones. Bounded: the last 4,096 hashes are known, and the last 1,024 kinds. Any thread.
class BlocksTaken {
public:
    static constexpr std::size_t of_kind_max = 64;

    /// False: taken already (a replayed block share costs the nodes nothing), or one of its kind
    /// too many, which the log says once.
    bool take(const BlockCandidate& candidate);
    /// One that an earlier life had taken. False: taken already.
    bool take_again(const BlockHash& hash);
    /// It is none, by the word of every node: another may have its place, as often as there are
    /// places.
    void refused(const BlockHash& hash);

private:
    struct Kind {
        BlockHash parent;
        Judgement judgement = Judgement::unspecified;
        bool before_its_job = false;
        bool declared = false;
        auto operator<=>(const Kind&) const = default;
    };
    struct Count {
        std::size_t taken = 0;  // and not refused
        std::size_t refused = 0;
        bool said = false;  // that there are too many
    };
    bool remember(const BlockHash& hash, const std::optional<Kind>& kind);
    Count& count_of(const Kind& kind);

    std::mutex mutex_;
    std::map<BlockHash, std::optional<Kind>> recent_;
    std::deque<BlockHash> order_;
    std::map<Kind, Count> of_kind_;
    std::deque<Kind> kinds_;
};

}  // namespace pool
