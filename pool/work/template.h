#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

namespace pool {

/// What a node proposes as the next block (BIP 22, 23, 145), parsed and checked by pool/node/gbt.
/// Plain data, immutable once published; several jobs may share one.
struct BlockTemplate {
    Height height;
    BlockHash previous;
    std::uint32_t version = 0;
    std::uint32_t version_required = 0;  ///< vbrequired: bits that must stay set
    CompactBits bits;
    Uint256 network_target;
    UnixTime time_min;                ///< median time past + 1
    UnixTime time_now;                ///< the node's curtime
    Sats reward;                      ///< subsidy and fees: all that the coinbase may pay
    Sats fees;                        ///< of all transactions
    std::uint64_t weight = 0;         ///< of all transactions
    std::uint64_t weight_limit = 0;   ///< of a block; 0 when the node does not say
    std::uint64_t sigops = 0;         ///< of all transactions, as BIP 141 counts
    std::uint64_t sigop_limit = 0;    ///< of a block; 0 when the node does not say
    std::vector<TxId> txids;          ///< without coinbase, block order
    std::vector<Bytes> transactions;  ///< raw, one for each txid
    Bytes witness_commitment;         ///< default_witness_commitment script; empty if none
    SteadyTime arrived{};             ///< its last byte, here
    std::string rules;  ///< those in force, and those that miners may signal: names, sorted
};

}  // namespace pool
