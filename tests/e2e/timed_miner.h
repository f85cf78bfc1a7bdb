#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "pool/base/hash.h"
#include "stratum/client/miner_session.h"

namespace tests {

/// A miner on regtest, where every second hash is a block: it notes by the wall clock when it sent
/// each block, and when the first job on each tip came. One thread, blocking; errors fail the test.
class TimedMiner {
public:
    using Clock = std::chrono::system_clock;

    TimedMiner(std::uint16_t port, const std::string& user);
    ~TimedMiner();
    TimedMiner(const TimedMiner&) = delete;
    TimedMiner& operator=(const TimedMiner&) = delete;

    /// Sends a block `every` so long, none for a tip that has one already.
    void mine_for(std::chrono::milliseconds span, std::chrono::milliseconds every);

    const std::map<std::string, Clock::time_point>& sent() const { return sent_; }
    const std::map<std::string, Clock::time_point>& jobs() const { return jobs_; }
    /// Those that the pool has acknowledged, as they are displayed.
    std::set<std::string> acknowledged() const;

private:
    void hear(std::chrono::milliseconds patience);
    void send_block();
    void write_out();

    int fd_ = -1;
    stratum::client::MinerSession session_;
    std::optional<pool::BlockHash> mined_on_;
    std::uint64_t extranonce2_ = 0;
    std::map<std::string, Clock::time_point> sent_;  // by block
    std::map<std::string, Clock::time_point> jobs_;  // by the block that they build on
};

}  // namespace tests
