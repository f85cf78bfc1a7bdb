#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "stratum/client/mining_job.h"

namespace stratum::client {

struct MinerLogin {
    std::string user;
    std::string password = "x";
    std::string agent = "zubr-miner/0.1";
};

/// A hash that meets its job's target.
struct FoundShare {
    std::shared_ptr<const MiningJob> job;
    std::uint64_t extranonce2 = 0;
    std::uint32_t nonce = 0;
};

/// What makes a share that the pool has accepted this one and no other.
struct AcceptedShare {
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
    std::uint32_t version = 0;
    pool::Bytes extranonce;  ///< the pool's part and ours
};

struct MinerCounts {
    std::uint64_t submitted = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    std::string last_refusal;  ///< the pool's text; "" if it never refused
    /// Accepted shares that meet the network's target, too, as far as the protocol answers each
    /// share (v1).
    std::vector<pool::BlockHash> blocks;
};

/// The miner's end of a connection, whatever protocol it speaks: bytes in, bytes and jobs out.
/// No I/O, no clock.
class PoolSession {
public:
    PoolSession() = default;
    virtual ~PoolSession() = default;
    PoolSession(const PoolSession&) = delete;
    PoolSession& operator=(const PoolSession&) = delete;

    /// Errors: with a sentence, when the other side does not speak the protocol, refuses us or
    /// sends a senseless job: hang up and try again later.
    virtual pool::Result<void> on_bytes(std::span<const std::uint8_t> bytes) = 0;
    /// Sends the share; its answer is counted when it comes.
    virtual void submit(const FoundShare& share) = 0;
    virtual std::string take_output() = 0;

    /// The newest job with the target announced for it, or null before the first.
    virtual const std::shared_ptr<const MiningJob>& job() const = 0;
    virtual bool authorised() const = 0;
    /// The pool's words, once it has refused the user.
    virtual const std::optional<std::string>& refusal() const = 0;
    virtual const MinerCounts& counts() const = 0;
    virtual std::size_t unanswered() const = 0;
    /// Those accepted since the last call, where the protocol answers each share (v1).
    virtual std::vector<AcceptedShare> take_accepted() { return {}; }
};

}  // namespace stratum::client
