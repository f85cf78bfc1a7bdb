#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/time.h"
#include "stratum/client/mining_job.h"
#include "stratum/shard.h"
#include "tests/sim/fakes.h"

namespace tests {

/// Lines that a shard wrote, oldest first.
using Lines = std::vector<std::string>;

/// A shard with a fake share log and a clock that moves when it is told to: conversations with it
/// read as lists of lines. A turn of the loop ends behind every call.
///
/// Accounts `user` and `user2` exist. Difficulties run from 2^-30 to 2^40, start is 2^-22 (a
/// thousand hashes a share). Jobs are on regtest's chain but with mainnet's difficulty 1.
class Talk {
public:
    explicit Talk(stratum::ShardOptions options = default_options());
    static stratum::ShardOptions default_options();

    pool::SessionId open();
    /// Sends lines (a '\n' behind each) in one piece; returns what the turn wrote to `id`.
    Lines say(pool::SessionId id, std::string_view lines);
    /// Sends bytes as they are.
    Lines send(pool::SessionId id, std::string_view bytes);
    /// The same, for protocols without lines.
    std::string send_bytes(pool::SessionId id, std::string_view bytes);
    std::string hear_bytes(pool::SessionId id);
    void closed(pool::SessionId id);
    Lines hear(pool::SessionId id);  ///< what was written and not returned by say() or send()

    /// A job on the tip `tip`, and what it is made of. Its id counts up.
    std::shared_ptr<pool::Job> make_job(std::uint8_t tip);
    void publish(std::shared_ptr<const pool::Job> job);
    void publish(std::uint8_t tip) { publish(make_job(tip)); }
    /// Moves the clock second by second, ticking.
    void pass(std::chrono::seconds time);
    /// Moves the clock by hundredths of a second, sending of a routine job what is due.
    void pace(std::chrono::milliseconds time);

    /// The reason why the shard closed it, if it did.
    std::optional<stratum::EndReason> end_of(pool::SessionId id) const;

    pool::Now now{pool::SteadyTime{} + std::chrono::hours{1}, {1'746'025'200'000}};
    FakeShareLog log;
    std::vector<pool::BlockCandidate> candidates;
    std::vector<std::string> order;  ///< "candidate" and "append" as they happened
    stratum::Shard shard;

    /// What the server does after it has handled what came.
    void end_turn();

private:
    void take();

    std::uint64_t jobs_made_ = 0;
    std::map<std::uint64_t, std::string> written_;
    std::map<std::uint64_t, stratum::EndReason> ends_;
};

/// One miner's view of a connection: reads what it is told, finds shares, builds submits.
class TalkingMiner {
public:
    /// configure, subscribe, authorize as `user`; takes in everything that comes back.
    TalkingMiner(Talk& talk, std::string user, bool configure = true);
    /// On a connection whose words are somebody else's.
    TalkingMiner(Talk& talk, pool::SessionId id);

    void take_in(const Lines& lines);
    Lines say(std::string_view lines);  ///< and takes in the answer

    struct Share {
        std::string job;
        std::string extranonce2;
        std::string time;
        std::string nonce;
        std::string bits;  ///< empty: five parameters
    };
    struct Wish {
        std::uint32_t bits = 0;
        bool six = true;
        std::uint32_t nonce_below = 0xffffffff;
        std::int64_t time_offset = 0;
        std::optional<pool::Uint256> target = std::nullopt;      ///< in place of the job's
        std::optional<pool::Uint256> not_target = std::nullopt;  ///< the hash must miss this one
        std::optional<std::uint32_t> version = std::nullopt;  ///< as hashed, in place of job | bits
    };
    /// A new share of `job` (every call gives another one).
    Share find(const stratum::client::MiningJob& job, const Wish& wish);
    Share find(const Wish& wish) { return find(*jobs.back(), wish); }
    Share find() { return find(Wish{}); }
    std::string submit_line(const Share& share, std::string_view id = "9",
                            std::string_view worker = "") const;
    /// Submits and returns the whole answer.
    Lines submit(const Share& share, std::string_view id = "9", std::string_view worker = "");

    Talk& talk;
    std::string user;
    pool::SessionId id;
    std::string extranonce1;
    std::size_t extranonce2_bytes = 0;
    std::vector<std::shared_ptr<stratum::client::MiningJob>> jobs;
    std::vector<double> difficulties;  ///< as announced
    std::optional<pool::Uint256> target;

private:
    std::uint64_t next_extranonce2_ = 0;
};

bool contains(const Lines& lines, std::string_view part);

}  // namespace tests
