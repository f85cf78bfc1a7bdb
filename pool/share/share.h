#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/block.h"
#include "pool/bitcoin/transaction.h"
#include "pool/work/job.h"

namespace pool {

inline constexpr std::size_t extranonce_bytes_max = 24;        ///< charter, decision 16
inline constexpr std::uint32_t time_ahead_max_seconds = 7200;  ///< decision 15

/// Prefix (ours) and rolled part (the miner's), side by side.
struct Extranonce {
    std::array<std::uint8_t, extranonce_bytes_max> bytes{};
    std::uint8_t prefix_length = 0;
    std::uint8_t length = 0;  ///< prefix and rolled part together
};

/// Who is to be credited. By address: the payout script is the account, and its row in MySQL is
/// made when its first accepted share arrives there. By name: a row that exists already.
struct AccountKey {
    Script script;         ///< payout script; empty for an account by name
    AccountId registered;  ///< row of an account by name; 0 for an account by address
    std::string name;      ///< canonical address or account name, for logs and pages
    friend bool operator==(const AccountKey&, const AccountKey&) = default;
};

/// What a connection was promised for a job: frozen when the job was sent (decision 14).
struct Promise {
    Uint256 target;
    U128 work = 0;  ///< work_of(target), made once
};

/// What a miner claims: enough to rebuild the header. Made by a session from a well-formed
/// submit for a job that the table knows.
struct Submission {
    JobId job;
    Extranonce extranonce;
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
    std::uint32_t version = 0;     ///< as hashed
    bool version_allowed = false;  ///< rolled inside the mask that was agreed on
    bool authorised = false;       ///< the worker may mine on this connection
    Promise promise;
};

/// How a submission was judged. Zero means "rejected, and nobody said why": no bug accepts.
enum class Judgement : std::uint8_t {
    unspecified,
    accepted,
    unknown_job,
    stale,
    duplicate,
    low_difficulty,
    time_too_old,
    time_too_new,
    version_not_allowed,
    unauthorised,
};

/// The answer to one submission. A block may come with any judgement but `unknown_job`.
struct Verdict {
    Judgement judgement = Judgement::unspecified;
    bool block = false;   ///< the hash meets the network's target
    bool proven = false;  ///< accepted, or stale with the work that was promised, seen first now:
                          ///< such shares are recorded (a stale one with score 0)
    Digest hash{};
    HeaderBytes header{};  ///< of a block; zeros for any other share
};

/// A header that meets the network's target, on its way to the nodes.
struct BlockCandidate {
    std::shared_ptr<const Job> job;
    HeaderBytes header{};
    BlockHash hash;
    Bytes coinbase;  ///< stripped
    UnixMillis found_at;
    std::string account;  ///< canonical name of the finder, "" if it was not authorised
    std::string worker;
    Judgement judgement = Judgement::unspecified;  ///< of the share itself
};

}  // namespace pool
