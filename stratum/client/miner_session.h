#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "stratum/client/mining_job.h"
#include "stratum/v1/framing.h"

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

struct MinerCounts {
    std::uint64_t submitted = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    std::string last_refusal;  ///< the pool's text; "" if it never refused
};

/// The miner's end of a Stratum v1 connection: bytes in, bytes and jobs out. No I/O, no clock.
/// One for each connection.
class MinerSession {
public:
    /// Begins at once: the first output is configure, subscribe and authorize.
    explicit MinerSession(const MinerLogin& login);

    /// Errors: invalid, with a sentence, when the pool speaks no Stratum v1, refuses the
    /// subscription or sends a senseless job: hang up and try again later.
    pool::Result<void> on_bytes(std::span<const std::uint8_t> bytes);
    /// Sends the share; its answer is counted when it comes.
    void submit(const FoundShare& share);
    std::string take_output();

    /// The newest job with the difficulty announced for it, or null before the first.
    const std::shared_ptr<const MiningJob>& job() const { return job_; }
    bool authorised() const { return authorised_; }
    /// The pool's words, once it has refused the user.
    const std::optional<std::string>& refusal() const { return refusal_; }
    const MinerCounts& counts() const { return counts_; }
    std::size_t unanswered() const { return unanswered_.size(); }

private:
    pool::Result<void> on_line(std::string_view line);
    pool::Result<void> on_notice(std::string_view method, pool::JsonValue message);
    pool::Result<void> on_reply(std::uint64_t id, pool::JsonValue message);
    pool::Result<void> on_subscribed(pool::JsonValue result);
    void on_answered(pool::JsonValue message);

    MinerLogin login_;
    pool::JsonDocument document_;
    v1::LineReader reader_;
    std::string out_;
    bool authorised_ = false;
    std::optional<std::string> refusal_;
    bool version_rolling_ = false;
    pool::Bytes extranonce1_;
    std::size_t extranonce2_bytes_ = 0;
    std::optional<pool::Uint256> target_;  // for jobs from now on
    std::shared_ptr<const MiningJob> job_;
    std::uint64_t next_id_ = 0;
    std::unordered_set<std::uint64_t> unanswered_;
    MinerCounts counts_;
};

}  // namespace stratum::client
