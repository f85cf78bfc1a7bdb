#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "stratum/client/miner_session.h"

namespace stratum::client {

struct CpuMinerOptions {
    unsigned threads = 1;              ///< 1 ..= 1024
    double hashes_per_second_max = 0;  ///< all threads together; 0: as fast as they can
    double shares_per_second_max = 0;  ///< likewise; 0: no limit
    std::size_t in_flight_max = 8;     ///< found and not done: then the threads wait
};

/// Threads that look for shares of the newest job. Each has extranonces of its own.
class CpuMiner {
public:
    /// on_found: called from a mining thread, one after another or at once; must not block for
    /// long. Every call is to be followed by one share_done().
    CpuMiner(const CpuMinerOptions& options, std::function<void(FoundShare)> on_found);
    ~CpuMiner();  ///< stops and joins the threads
    CpuMiner(const CpuMiner&) = delete;
    CpuMiner& operator=(const CpuMiner&) = delete;

    /// The job to work on from now on; null rests. Any thread.
    void work_on(std::shared_ptr<const MiningJob> job);
    /// A share that was handed to on_found is answered, or lost. Any thread.
    void share_done();
    /// Hashes tried so far. Any thread.
    std::uint64_t hashes() const { return hashes_.load(std::memory_order_relaxed); }

private:
    using Clock = std::chrono::steady_clock;
    struct Task {
        std::shared_ptr<const MiningJob> job;
        std::uint64_t generation = 0;
    };

    void run(unsigned thread);
    void mine(const Task& task, unsigned thread, Clock::time_point& next_chunk);
    void hand_out(FoundShare share);
    bool stopped_or_new(std::uint64_t generation) const;
    bool wait_for_turn(std::uint64_t generation);
    bool wait_until(Clock::time_point at, std::uint64_t generation);

    CpuMinerOptions options_;
    std::function<void(FoundShare)> on_found_;
    std::atomic<std::uint64_t> hashes_{0};
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<bool> stopping_{false};

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const MiningJob> job_;  // under mutex_, like the next two
    std::size_t in_flight_ = 0;
    Clock::time_point next_share_{};
    std::vector<std::thread> threads_;
};

}  // namespace stratum::client
