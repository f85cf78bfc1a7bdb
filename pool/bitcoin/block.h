#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

namespace pool {

struct Header {
    std::uint32_t version = 0;
    BlockHash previous;
    MerkleNode merkle_root;
    UnixTime time;
    CompactBits bits;
    std::uint32_t nonce = 0;
};

using HeaderBytes = std::array<std::uint8_t, 80>;
HeaderBytes serialise(const Header& header);
Header parse_header(const HeaderBytes& bytes);
BlockHash hash_of(const Header& header);

/// The siblings along the left edge, bottom up, for a block whose transactions after the coinbase
/// are `txids`: what a miner folds its coinbase with. Empty for no transactions.
std::vector<MerkleNode> merkle_branch(std::span<const TxId> txids);
/// Folds a coinbase txid up the branch to the root.
MerkleNode merkle_root(const TxId& coinbase, std::span<const MerkleNode> branch);
/// A branch as it is stored: its nodes one after the other.
Bytes joined(std::span<const MerkleNode> branch);
/// Nothing, when the length is none of a branch.
std::optional<std::vector<MerkleNode>> branch_from(ByteSpan joined);

/// A whole block: header, count, coinbase (with its witness), then the others as they are.
/// transactions: raw bytes, block order, without the coinbase.
Bytes assemble_block(const HeaderBytes& header, ByteSpan coinbase,
                     std::span<const Bytes> transactions);

}  // namespace pool
