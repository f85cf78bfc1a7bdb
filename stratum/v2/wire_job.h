#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pool/bitcoin/target.h"
#include "pool/share/share.h"
#include "pool/work/job.h"
#include "stratum/extranonce.h"
#include "stratum/v2/messages_mining.h"

namespace stratum::v2 {

/// Header bits that v2's miners may roll (BIP 323; charter, decision 17).
inline constexpr std::uint32_t rolling_mask_v2 = 0x1fffffe0;

/// The job that a loop sends now, as v2 words it: frames written once, with channel 0 where each
/// channel's number goes. Empty before the first job.
struct WireJob {
    std::shared_ptr<const pool::Job> job;
    std::uint32_t id = 0;       ///< the job's number on the wire: its JobId, which fits
    std::uint32_t version = 0;  ///< no bit of `mask` is set
    std::uint32_t mask = 0;     ///< rolling_mask_v2 less the bits the chain requires
    pool::Difficulty hardest;   ///< no share need be better than a block
    std::uint64_t tip = 0;      ///< counts changes of the previous block
    std::uint32_t time = 0;     ///< where miners begin; never goes back on a tip
    /// Made of a job that was worded ahead: who has that one needs new_prev_hash only.
    bool sent_ahead = false;
    std::string extended_future;
    std::string extended_active;
    std::string new_prev_hash;
};

/// rolling_mask_v2 less the bits that the chain requires.
std::uint32_t rolling_mask_of(const pool::Job& job);

/// tip: see WireJob. time_least: the reference client drops a job that begins earlier than its
/// tip's first did. Pure.
WireJob word_job(std::shared_ptr<const pool::Job> job, std::uint64_t tip, std::uint32_t time_least);

/// The job of a standard channel: its merkle root is fixed by the channel's prefix.
NewJob standard_job(const WireJob& wire, std::uint32_t channel, const pool::Extranonce& extranonce,
                    bool future);

/// A standard channel's whole extranonce: its prefix, and zeros to the job's length.
pool::Extranonce padded(const ExtranoncePrefix& prefix, std::uint8_t length);

}  // namespace stratum::v2
