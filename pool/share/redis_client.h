#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "pool/base/result.h"
#include "pool/share/redis_options.h"
#include "pool/share/redis_reply.h"

namespace pool {

/// A blocking connection to Redis: for start-up and for the ledger thread. Connects at the first
/// command, and again at the next one after it was lost. One thread, on which SIGPIPE is blocked.
class RedisClient {
public:
    explicit RedisClient(RedisOptions options);
    RedisClient(RedisClient&&) noexcept;
    RedisClient& operator=(RedisClient&&) noexcept;
    ~RedisClient();

    const RedisOptions& options() const { return options_; }

    /// Sends one command and waits, five seconds at most. An answer of type error is an answer.
    /// Errors: unavailable, when there is no connection or it broke.
    Result<RedisReply> command(std::initializer_list<std::string_view> words);

private:
    struct Context;
    Result<void> connect();
    Result<void> log_in();
    Result<RedisReply> send(std::span<const std::string_view> words);
    RedisOptions options_;
    std::unique_ptr<Context> context_;
};

/// The highest sequence number that `producer` ever had in Redis; 0 for none.
/// Errors: unavailable, with a sentence for an operator.
Result<std::uint64_t> last_stream_seq(RedisClient& redis, std::string_view producer);

/// Waits while Redis reads its data from disk (it was restarted beside us), `patience` at most.
/// Errors: unavailable, when it is not there or is not through by then.
Result<void> wait_until_loaded(RedisClient& redis, std::chrono::milliseconds patience);

/// Will Redis keep what it has taken? Asks for appendonly yes and maxmemory-policy noeviction;
/// warns where it does not tell, and when it has no maxmemory. Errors: refused, with a sentence
/// that says what to set; unavailable.
Result<void> check_redis_persistence(RedisClient& redis);

}  // namespace pool
