#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/runtime/loop.h"

namespace pool {

/// One message of a node's -zmqpubhashblock.
struct ZmqTip {
    BlockHash hash;
    std::uint32_t sequence = 0;  ///< counts up by one; a hole means that messages were lost
};

/// Subscribed to a node's hashblock messages: the node has connected that block. Reconnects by
/// itself, silently: a node that is gone is noticed by other means. Lives on its loop's thread.
class ZmqFeed {
public:
    static constexpr std::chrono::milliseconds heartbeat_default{5000};

    /// endpoint: "tcp://127.0.0.1:28332". heartbeat: a path that has gone dead without a word is
    /// found out within two of them. Errors: invalid, an endpoint that ZMQ does not take.
    static Result<std::unique_ptr<ZmqFeed>> open(
        Loop& loop, const std::string& endpoint, std::function<void(ZmqTip)> on_tip,
        std::chrono::milliseconds heartbeat = heartbeat_default);
    ~ZmqFeed();
    ZmqFeed(const ZmqFeed&) = delete;
    ZmqFeed& operator=(const ZmqFeed&) = delete;

private:
    struct Impl;
    explicit ZmqFeed(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
