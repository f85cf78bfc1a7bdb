#pragma once

#include <cstdint>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/uint256.h"
#include "pool/share/record.h"

/// The Merkle-sum tree of a sealed slot and the chain of slots (docs/money.md, "What the pool
/// commits to"). Pure. These formats never change: heads of the chain stand in blocks.
///
/// Numbers are hashed big-endian, by tagged hashes as in BIP 340.
namespace payouts {

/// A node: what it commits to, and the score below it.
struct SumNode {
    pool::Digest hash{};
    pool::U128 sum = 0;  ///< units of 10^-18
    friend bool operator==(const SumNode&, const SumNode&) = default;
};

/// Of one record (share, block or stale) as it stood in the journal. score: 0 for a stale one.
SumNode share_leaf(const pool::RecordBytes& record, pool::U128 score);

/// Both sums are hashed, so that neither side can be hidden.
SumNode sum_parent(const SumNode& left, const SumNode& right);

/// An account in its slot: `salt` is known to its owner only, so that the others stay hidden.
/// shares: the root of its own records' tree; records: how many they are.
SumNode member_leaf(const pool::Digest& salt, std::uint32_t records, const SumNode& shares);

/// The root over leaves that come one by one; an odd node is carried up unchanged. Memory grows
/// with the logarithm of their number.
class SumTree {
public:
    void add(const SumNode& leaf);
    std::uint32_t leaves() const { return leaves_; }
    /// Of no leaves: zeros.
    SumNode root() const;

private:
    std::vector<SumNode> peaks_;  // of perfect trees, each smaller than the one before
    std::uint32_t leaves_ = 0;
};

/// One link of the chain: commits to the slot and to all before it.
struct SlotLink {
    pool::Digest previous{};  ///< zeros for the first
    std::uint64_t slot = 0;
    std::uint32_t records = 0;
    SumNode root;
};
pool::Digest chain_hash(const SlotLink& link);

}  // namespace payouts
