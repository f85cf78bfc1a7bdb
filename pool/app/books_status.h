#pragma once

#include <cstdint>
#include <string>

#include "payouts/ledger.h"
#include "pool/base/time.h"

namespace pool {

/// How the books are, for pages: what the ledger thread's steps came to. Plain values; pure.
struct BooksStatus {
    bool mysql_ok = false;
    std::string mysql_trouble;    ///< a sentence when not ok
    std::string streams_trouble;  ///< of Redis, a sentence; empty when the streams can be read
    std::string trouble;          ///< of single records or blocks; empty when all can be booked
    std::uint64_t backlog = 0;
    std::uint64_t blocks_unbooked = 0;  ///< found here, and not in MySQL yet
    std::uint64_t sealed_through = 0;
    std::uint64_t records = 0;  ///< booked in this life
    std::uint64_t lag_ms = 0;   ///< at the last good step: see lag_at
    SteadyTime good_at{};       ///< when both stores were last there, or the start

    /// A step that MySQL has taken, with or without Redis.
    void stepped(const payouts::StepReport& report, Now now);
    /// One that MySQL has not.
    void failed(std::string why);

    /// At most so old is the oldest record that MySQL does not have: while no step succeeds,
    /// whatever for, it grows from what the last good one knew.
    std::uint64_t lag_at(SteadyTime now) const;
    /// Both stores were there in the last step.
    bool good() const { return mysql_ok && streams_trouble.empty(); }
};

}  // namespace pool
