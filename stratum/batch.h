#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/target.h"
#include "pool/share/share.h"

namespace stratum {

/// A turn's submissions, as ShareChecker takes them, and whose they are. Sessions of both protocols
/// fill it; the shard judges it at the end of the turn.
struct Batch {
    struct Origin {
        pool::SessionId session;
        std::optional<std::size_t> worker;  ///< of the session; nothing when it may not mine
        pool::Difficulty difficulty;
        /// Another reading of the submission before it (a v1 submit with bits outside the mask):
        /// only asked whether it is a block. Never answered.
        bool shadow = false;
        /// Good, but of an account that may not begin now: it does not count.
        bool too_new = false;
    };
    std::vector<pool::Submission> submissions;
    std::vector<Origin> origins;
};

/// What became of a submission, for the session that handed it in.
struct Outcome {
    pool::Judgement judgement = pool::Judgement::unspecified;
    pool::U128 work = 0;  ///< promised
    pool::JobId job{};
    /// False: the share log failed, or the account may not begin now, so the share does not count.
    bool logged = true;
    bool too_new = false;  ///< then: which of the two
    bool proven = false;   ///< as of pool::Verdict
    pool::Digest hash{};
};

}  // namespace stratum
