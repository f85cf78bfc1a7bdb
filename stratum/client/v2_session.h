#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "stratum/client/pool_session.h"
#include "stratum/v2/channel.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_mining.h"

namespace stratum::client {

struct V2Wish {
    v2::ChannelKind channel = v2::ChannelKind::extended;
    std::optional<v2::XOnlyKey> authority;  ///< whom to trust; nothing: anybody
    float hash_rate = 0;                    ///< told to the pool; 0: its usual start
    pool::UnixTime now;                     ///< for the certificate
};

/// The miner's end of a Stratum v2 connection with one channel. One for each connection.
class V2MinerSession final : public PoolSession {
public:
    /// Begins at once: the first output is the first act of the handshake.
    V2MinerSession(const MinerLogin& login, const V2Wish& wish);

    pool::Result<void> on_bytes(std::span<const std::uint8_t> bytes) override;
    void submit(const FoundShare& share) override;
    std::string take_output() override;

    const std::shared_ptr<const MiningJob>& job() const override { return job_; }
    bool authorised() const override { return channel_.has_value(); }
    const std::optional<std::string>& refusal() const override { return refusal_; }
    const MinerCounts& counts() const override { return counts_; }
    std::size_t unanswered() const override
    {
        return counts_.submitted - counts_.accepted - counts_.rejected;
    }

private:
    pool::Result<void> finish_handshake();
    pool::Result<void> on_frame(const v2::FrameReader::Frame& frame);
    template <typename Message>
    pool::Result<void> take(const v2::FrameReader::Frame& frame);
    pool::Result<void> on(const v2::SetupSuccess& call);
    pool::Result<void> on(const v2::SetupError& call);
    pool::Result<void> on(const v2::OpenStandardSuccess& call);
    pool::Result<void> on(const v2::OpenExtendedSuccess& call);
    pool::Result<void> on(const v2::OpenError& call);
    pool::Result<void> on(const v2::NewJob& call);
    pool::Result<void> on(const v2::NewExtendedJob& call);
    pool::Result<void> on(const v2::SetNewPrevHash& call);
    pool::Result<void> on(const v2::SetTarget& call);
    pool::Result<void> on(const v2::SetPrefix& call);
    pool::Result<void> on(const v2::SetGroup& call);
    pool::Result<void> on(const v2::SubmitSuccess& call);
    pool::Result<void> on(const v2::SubmitError& call);
    pool::Result<void> on(const v2::Reconnect& call);
    pool::Result<void> on(const v2::CloseChannel& call);

    bool ours(std::uint32_t channel) const;
    void opened(std::uint32_t channel, std::uint32_t group, const pool::Uint256& target,
                pool::ByteSpan prefix, std::size_t rolled);
    void take_job(MiningJob job, v2::Option32 min_time);
    void begin(MiningJob job);
    template <typename Message>
    void send(const Message& message);

    MinerLogin login_;
    V2Wish wish_;
    v2::Curve curve_;
    v2::Initiator initiator_;
    pool::Bytes act2_;
    bool encrypted_ = false;
    v2::Ciphers ciphers_;
    v2::FrameReader reader_;
    std::string out_;

    std::optional<std::uint32_t> channel_;
    std::uint32_t group_ = 0;
    pool::Bytes prefix_;
    std::size_t rolled_bytes_ = 0;
    pool::Uint256 target_;
    std::map<std::uint32_t, MiningJob> future_;  // sent for later
    MiningJob tip_;                              // previous and bits of the last SetNewPrevHash
    std::shared_ptr<const MiningJob> job_;
    std::optional<std::string> refusal_;
    std::uint32_t next_sequence_ = 0;
    MinerCounts counts_;
};

}  // namespace stratum::client
