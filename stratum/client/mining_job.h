#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/block.h"

namespace stratum::client {

/// A job as a miner holds it, by whichever protocol it came: the work, the extranonce, the target.
struct MiningJob {
    std::string id;  ///< as the pool spelt it
    std::uint32_t version = 0;
    pool::BlockHash previous;
    std::vector<pool::MerkleNode> branch;
    pool::CompactBits bits;
    pool::UnixTime time;
    pool::Bytes coinbase_prefix;  ///< up to the extranonce
    pool::Bytes extranonce1;
    std::size_t extranonce2_bytes = 0;
    pool::Bytes coinbase_suffix;
    pool::Uint256 target;
    bool clean = false;
    std::uint32_t number = 0;                 ///< v2: the job's id
    std::optional<pool::Digest> merkle_root;  ///< v2's standard channels: fixed by the pool
};

/// Reads the parameters of mining.notify. Extranonce and target are the caller's.
/// Errors: invalid, for anything a strict miner would refuse.
pool::Result<MiningJob> parse_notify(pool::JsonValue params);

/// `extranonce2` as bytes, least significant first, cut or padded to the job's size.
pool::Bytes extranonce2_of(const MiningJob& job, std::uint64_t extranonce2);

/// The version to hash with one extranonce2. Where there is no room in the coinbase (v2's standard
/// channels) it counts in the version's 24 free bits (BIP 323).
std::uint32_t version_of(const MiningJob& job, std::uint64_t extranonce2);

/// The header with nonce 0 for one extranonce2.
pool::HeaderBytes header_of(const MiningJob& job, std::uint64_t extranonce2);

/// The share's hash, if it meets the network's target: then it is a block.
std::optional<pool::BlockHash> block_of(const MiningJob& job, std::uint64_t extranonce2,
                                        std::uint32_t nonce);

/// The target of an advertised difficulty: exact for powers of two, else that of the next higher
/// one, because a share must not be too easy. Nothing for zero, negative, NaN.
std::optional<pool::Uint256> target_of_advertised(double difficulty);

}  // namespace stratum::client
