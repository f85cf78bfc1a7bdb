#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/block.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/work/template.h"

namespace pool {

/// Header bits that miners may roll: BIP 320's sixteen for Stratum v1 (charter, decision 17).
inline constexpr std::uint32_t rolling_mask_v1 = 0x1fffe000;

/// One piece of work: a block but for the extranonce, the time, the nonce and the rolled version
/// bits. Immutable; made once on the core loop and shared by all Stratum loops as
/// `std::shared_ptr<const Job>`.
struct Job {
    JobId id;
    Height height;
    BlockHash previous;
    std::uint32_t version = 0;       ///< no bit of `rolling_mask` is set
    std::uint32_t rolling_mask = 0;  ///< rolling_mask_v1 less the bits the chain requires
    CompactBits bits;
    Uint256 network_target;
    UnixTime time_min;
    UnixTime time_start;
    Bytes coinbase_prefix;  ///< prefix || extranonce || suffix is the coinbase, without witness
    Bytes coinbase_suffix;
    std::uint8_t extranonce_bytes = 0;
    std::vector<MerkleNode> branch;
    Sats reward;           ///< what the coinbase pays to the pool's script
    bool clean = false;    ///< the previous block changed: older jobs are stale
    bool routine = false;  ///< no miner loses by getting it a moment later: may be paced
    /// A miner's own block: only its declarator has the transactions, so there is no `source`.
    bool declared = false;
    /// The job without a previous block that this one was made of ahead of time, if it was.
    std::shared_ptr<const Job> prepared;
    std::shared_ptr<const BlockTemplate> source;  ///< the other transactions of a found block
};

/// Builds the job of a template.
///
/// The version follows decision 17: bits inside the rolling mask are cleared, but for those the
/// chain requires, which leave the mask instead. The id is in the coinbase: no header fits two
/// jobs. time: for the header; the node's own time when not given.
/// Errors: limit, when the coinbase does not fit (see make_coinbase), or the block with it would
/// pass the chain's weight or signature checks.
Result<std::shared_ptr<const Job>> make_job(JobId id, std::shared_ptr<const BlockTemplate> source,
                                            const CoinbasePlan& plan, bool clean,
                                            std::optional<UnixTime> time = std::nullopt);

/// Whether a job can be made of the template: all of make_job's errors, at the cost of a coinbase.
Result<void> check_fits(const BlockTemplate& source, const CoinbasePlan& plan);

/// The same block without its transactions: what is left of the reward, and the commitment to
/// nothing.
BlockTemplate without_transactions(const BlockTemplate& source);

/// The empty job of a new tip: `prepared` with what only the tip tells (previous block, times).
/// source: an empty template of the tip.
std::shared_ptr<const Job> job_on_tip(std::shared_ptr<const Job> prepared,
                                      std::shared_ptr<const BlockTemplate> source, UnixTime time);

/// The whole block that a header solves: what submitblock takes.
/// coinbase: stripped, as hashed by the miner; the witness is put in if the block commits to one.
Bytes block_of(const Job& job, const HeaderBytes& header, ByteSpan coinbase);

}  // namespace pool
