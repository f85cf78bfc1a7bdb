#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stratum/shard.h"
#include "tests/sim/fakes.h"

namespace tests::fuzz {

/// One Stratum loop without its sockets, the same in every run: account "user", any hash is a
/// share, one job before the first byte.
class OneLoop {
public:
    explicit OneLoop(std::shared_ptr<const stratum::v2::Identity> identity = nullptr);
    /// With other options; what bytes alone must reach is in those of default_options().
    explicit OneLoop(stratum::ShardOptions options);
    static stratum::ShardOptions default_options();

    void say(pool::SessionId id, std::string_view bytes);
    void second_passes();
    void new_job(bool new_tip);

    pool::Now now{pool::SteadyTime{} + std::chrono::hours{1}, {1'746'025'200'000}};
    FakeShareLog log;
    stratum::Shard shard;
    std::string written;                      ///< to whomever
    std::optional<stratum::EndReason> ended;  ///< of whomever
    struct Heard {
        std::string written;
        std::size_t most_in_a_turn = 0;
        std::optional<stratum::EndReason> ended;
    };
    std::map<std::uint64_t, Heard> heard;  ///< by session

    /// Accepted shares: work was proven and not stale.
    std::size_t logged() const;
    /// Of those, whose extranonce begins so.
    std::size_t logged_under(std::string_view prefix_hex) const;
    /// Shares that were answered so, by what the shard counted.
    std::size_t answered_as_accepted() const;

private:
    void end_turn();
    std::uint8_t tip_ = 0;
    std::uint64_t jobs_made_ = 0;
};

}  // namespace tests::fuzz
