#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "stratum/client/mining_job.h"
#include "stratum/client/pool_session.h"
#include "stratum/v1/framing.h"

namespace stratum::client {

/// The miner's end of a Stratum v1 connection: bytes in, bytes and jobs out. No I/O, no clock.
/// One for each connection.
class MinerSession final : public PoolSession {
public:
    /// Begins at once: the first output is configure, subscribe and authorize.
    explicit MinerSession(const MinerLogin& login);

    pool::Result<void> on_bytes(std::span<const std::uint8_t> bytes) override;
    void submit(const FoundShare& share) override;
    std::string take_output() override;

    const std::shared_ptr<const MiningJob>& job() const override { return job_; }
    bool authorised() const override { return authorised_; }
    const std::optional<std::string>& refusal() const override { return refusal_; }
    const MinerCounts& counts() const override { return counts_; }
    std::size_t unanswered() const override { return unanswered_.size(); }
    std::vector<AcceptedShare> take_accepted() override { return std::exchange(accepted_, {}); }

private:
    pool::Result<void> on_line(std::string_view line);
    pool::Result<void> on_notice(std::string_view method, pool::JsonValue message);
    pool::Result<void> on_reply(std::uint64_t id, pool::JsonValue message);
    pool::Result<void> on_subscribed(pool::JsonValue result);
    struct Sent {
        AcceptedShare share;                   // once it is
        std::optional<pool::BlockHash> block;  // when it is one
    };
    void on_answered(pool::JsonValue message, Sent sent);

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
    std::unordered_map<std::uint64_t, Sent> unanswered_;  // by id
    std::vector<AcceptedShare> accepted_;                 // not taken yet
    MinerCounts counts_;
};

}  // namespace stratum::client
