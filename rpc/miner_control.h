#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pool/base/result.h"

namespace rpc {

struct BanInfo {
    std::string network;
    std::chrono::seconds left{0};
};

/// What admins may do to those who are connected. pool/app implements it. Called on the rpc loop;
/// nothing here waits, `done` comes later on the same loop.
class MinerControl {
public:
    virtual ~MinerControl() = default;

    /// Accepts no connections any more and asks all miners to connect again elsewhere or later;
    /// those that stay are served until the stop.
    virtual void drain() = 0;
    virtual std::vector<BanInfo> bans() = 0;
    /// Errors: invalid, when `network` is none.
    virtual pool::Result<void> ban(const std::string& network, std::chrono::seconds time) = 0;
    /// Errors: invalid; not_found, when nothing of it was banned.
    virtual pool::Result<void> unban(const std::string& network) = 0;
    /// Fixes the difficulty of an account's connections (of one worker's, unless it is empty),
    /// rounded down to a power of two, as far as their port allows. Gives how many there were.
    virtual void fix_difficulty(const std::string& account, const std::string& worker,
                                double difficulty,
                                std::function<void(pool::Result<std::size_t>)> done) = 0;
};

}  // namespace rpc
