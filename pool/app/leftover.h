#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"
#include "pool/share/journal.h"
#include "pool/share/redis_share_log.h"

namespace pool {

/// The journal of a loop that an earlier life had and this one has not (the number of loops was
/// lowered): nobody writes to it any more, what it holds still goes to Redis. On the core loop.
class Leftover {
public:
    /// All journals below `directory` but those of `in_use`. start() them before the loop runs.
    static Result<std::vector<std::unique_ptr<Leftover>>> find(
        Loop& loop, const std::filesystem::path& directory, const RedisOptions& redis,
        const std::vector<std::string>& in_use);

    /// booked: MySQL knows records up to here.
    void start(std::uint64_t booked)
    {
        shipper_.set_mark(booked);
        shipper_.start();
    }
    const std::string& producer() const { return producer_; }
    /// Its last record. Any thread: it grows no more.
    std::uint64_t newest() const { return journal_.last_seq(); }
    /// See RedisShareLog::shipped. Any thread.
    std::uint64_t shipped() const { return shipper_.shipped(); }
    /// Of its journal: see RedisShareLog::lacks_from. Any thread.
    std::uint64_t lacks_from() const { return shipper_.lacks_from(); }
    /// See RedisShareLog::unbooked_since. Any thread.
    UnixMillis unbooked_since() const { return shipper_.unbooked_since(); }
    /// On the core loop: see StratumLoop::set_mark.
    void set_mark(std::uint64_t seq, bool resend);

private:
    Leftover(Loop& loop, std::string producer, const RedisOptions& redis, Journal journal);
    std::string producer_;
    Journal journal_;
    RedisShareLog shipper_;
};

}  // namespace pool
