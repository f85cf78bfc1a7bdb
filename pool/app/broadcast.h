#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "pool/runtime/loop.h"
#include "pool/work/job.h"

namespace pool {

/// Sends jobs to all Stratum loops, those for a new tip first of all: while a loop still writes a
/// clean job, a job of other kind waits, so that nobody gets a second, better one at the cost of
/// those who still hash on a dead tip. A clean job waits for nothing. On the core loop's thread.
class Broadcast {
public:
    /// Hands the job to every loop; each calls `written` once, on the core loop, when all its
    /// connections have been written to. Returns how many will.
    using Send =
        std::function<std::size_t(const std::shared_ptr<const Job>&, std::function<void()>)>;

    /// A loop that does not answer (its disk hangs, it has not been started) costs the others this.
    static constexpr std::chrono::milliseconds patience_default{250};

    /// loop: outlives this, and runs nothing that was posted to it once this is gone.
    Broadcast(Loop& loop, Send send, std::chrono::milliseconds patience = patience_default);

    /// Of jobs that wait only the newest goes, as urgent as the most urgent of them.
    void publish(std::shared_ptr<const Job> job);

private:
    void send(const std::shared_ptr<const Job>& job);
    void written(std::uint64_t round);
    void let_go();

    Loop& loop_;
    Send send_;
    std::chrono::milliseconds patience_;
    std::uint64_t round_ = 0;    // of the last clean job
    std::size_t unwritten_ = 0;  // loops that still write it
    std::shared_ptr<const Job> waiting_;
    Watch impatient_;
};

}  // namespace pool
