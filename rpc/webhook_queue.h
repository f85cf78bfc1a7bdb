#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "pool/base/time.h"

namespace rpc {

/// What one receiver is to be told, in order: one delivery at a time, tried again after ever
/// longer pauses, given up after so many tries. Bounded: when it is full the oldest one of a worker
/// that is not on its way makes room, for a farm that goes has thousands of them, and where there
/// is none the oldest. Pure; one thread.
class WebhookQueue {
public:
    struct Limits {
        std::size_t waiting_max = 1000;
        unsigned attempts_max = 16;  ///< with these pauses: more than an hour
        std::chrono::milliseconds pause_first{1'000};
        std::chrono::milliseconds pause_longest{600'000};
    };
    struct Delivery {
        std::string id;
        std::string event;
        std::string body;
        bool lasting = false;   ///< is told again by whoever has not seen it delivered
        unsigned attempts = 0;  ///< made so far
    };
    struct Counts {
        std::uint64_t delivered = 0;
        std::uint64_t failed = 0;    ///< attempts
        std::uint64_t given_up = 0;  ///< after attempts_max
        std::uint64_t dropped = 0;   ///< to make room
    };

    explicit WebhookQueue(Limits limits) : limits_(limits) {}

    /// Returns false when another one had to make room.
    bool push(Delivery delivery);
    /// The oldest, when its time has come and nothing is on its way; it then is. Valid until
    /// answered().
    const Delivery* begin(pool::SteadyTime now);
    /// What came of the one that was on its way.
    void answered(bool taken, pool::SteadyTime now);
    /// When begin() will have something; nothing while it has none or waits for an answer.
    std::optional<pool::SteadyTime> next() const;

    std::size_t size() const { return waiting_.size(); }
    /// Whether a lasting one waits or is on its way.
    bool holds_lasting() const;
    const Counts& counts() const { return counts_; }

private:
    Limits limits_;
    std::deque<Delivery> waiting_;  // the first may be on its way
    bool on_its_way_ = false;
    pool::SteadyTime not_before_{};
    Counts counts_;
};

}  // namespace rpc
