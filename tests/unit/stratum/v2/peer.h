#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratum/client/mining_job.h"
#include "stratum/v2/codec.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/noise.h"
#include "tests/unit/stratum/talk.h"

namespace tests {

/// A Talk whose pool speaks Stratum v2 as well.
stratum::ShardOptions v2_options();

/// The miner's end of a v2 connection in a Talk, message by message: whatever may be sent, sense
/// or nonsense.
class Peer {
public:
    explicit Peer(Talk& talk, const stratum::DifficultyLimits& difficulty =
                                  Talk::default_options().session.difficulty);

    /// Both acts. True when the pool answered as it should.
    bool shake_hands();
    stratum::v2::SetupConnection setup_message() const;
    void set_up(std::uint32_t flags = 0);

    template <typename Message>
    void say(const Message& message, std::string_view behind = "")
    {
        std::string frame;
        stratum::v2::append_frame(frame, message);
        frame.append(behind);
        const std::size_t length = frame.size() - stratum::v2::frame_header_bytes;
        for (std::size_t i = 0; i < 3; ++i) frame[3 + i] = static_cast<char>(length >> (8 * i));
        say_frame(frame);
    }
    /// In one piece: the pool reads them in one turn.
    template <typename... Messages>
    void say_together(const Messages&... messages)
    {
        std::string wire;
        (
            [&] {
                std::string frame;
                stratum::v2::append_frame(frame, messages);
                stratum::v2::seal_frame(ciphers.send, pool::as_bytes(frame), wire);
            }(),
            ...);
        say_bytes(wire);
    }
    void say_frame(std::string_view frame);  ///< seals it, sends it, hears the answer
    void say_bytes(std::string_view bytes);  ///< as they are
    void listen();                           ///< takes in what the pool has written meanwhile

    /// The oldest message of its type that was heard and not taken yet. What it points to lives as
    /// long as the peer.
    template <typename Message>
    std::optional<Message> take()
    {
        for (auto at = heard_.begin(); at != heard_.end(); ++at) {
            if (at->header.type != Message::id.type ||
                at->header.extension != Message::id.extension) {
                continue;
            }
            kept_.push_back(std::move(at->payload));
            heard_.erase(at);
            return stratum::v2::read_message<Message>(kept_.back());
        }
        return std::nullopt;
    }
    std::size_t heard() const { return heard_.size(); }
    /// That the last listen() found.
    std::size_t heard_bytes() const { return heard_bytes_; }
    std::vector<int> heard_types() const;

    struct Channel {
        std::uint32_t id = 0;
        std::uint32_t group = 0;
        pool::Uint256 target;
        pool::Bytes prefix;
        std::size_t rolled = 0;
    };
    Channel open_standard(std::string_view user = "user.rig", float hash_rate = 0);
    Channel open_extended(std::string_view user = "user.rig", float hash_rate = 0);
    /// The first job after opening and the message that makes it the present one.
    stratum::client::MiningJob standard_job(const Channel& channel);
    stratum::client::MiningJob extended_job(const Channel& channel);
    struct Mining {
        Channel channel;
        stratum::client::MiningJob job;
    };
    /// All of it: set up for standard jobs, one channel, and its first job.
    Mining begin_mining();

    stratum::v2::SubmitStandard share(const Channel& channel,
                                      const stratum::client::MiningJob& job);
    stratum::v2::SubmitExtended extended_share(const Channel& channel,
                                               const stratum::client::MiningJob& job);

    Talk& talk;
    pool::SessionId id;
    stratum::v2::Ciphers ciphers;

private:
    struct Heard {
        stratum::v2::FrameHeader header;
        pool::Bytes payload;
    };
    std::uint32_t find_nonce(const stratum::client::MiningJob& job, std::uint64_t extranonce2);

    stratum::v2::Curve curve_;
    stratum::v2::Initiator initiator_;
    stratum::v2::FrameReader reader_;
    std::deque<Heard> heard_;
    std::size_t heard_bytes_ = 0;
    std::deque<pool::Bytes> kept_;
    std::uint32_t sequence_ = 0;
    std::uint64_t next_extranonce2_ = 0;
};

}  // namespace tests
