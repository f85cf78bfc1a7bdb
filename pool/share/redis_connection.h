#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pool/runtime/loop.h"
#include "pool/share/redis_options.h"
#include "pool/share/redis_reply.h"

namespace pool {

/// hiredis' asynchronous connection, driven by our Loop: one attempt at a time, with time limits
/// (3 s to connect, 5 s for an answer) that hiredis 0.14 does not have. Belongs to the loop's
/// thread. A host name is looked up once, in the constructor, which may wait for it.
class RedisConnection {
public:
    struct Handlers {
        std::function<void()> connected;  ///< and logged in, where options say how
        /// After a connection or an attempt; pending commands get no answer. Not called by
        /// close(). Don't connect from inside it: set a timer.
        std::function<void(const std::string& why)> lost;
    };

    RedisConnection(Loop& loop, RedisOptions options, Handlers handlers);
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    /// Begins an attempt, unless one is going on or it is connected.
    void connect();
    void close();
    bool connected() const;

    /// Sends a command; answers come in order. connected() must hold (checked).
    void command(std::span<const std::string_view> words,
                 std::function<void(const RedisReply&)> done);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
