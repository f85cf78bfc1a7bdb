#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "rpc/operator_info.h"

namespace rpc {

/// A miner's connection.
struct ConnectionInfo {
    std::string id;    ///< "2-17": of this life of the server
    std::string peer;  ///< address and port
    std::string user_agent;
    pool::UnixMillis connected;
    double difficulty = 0;
    std::size_t workers = 0;
    std::string worker;          ///< the first one, "account.name"; "" before it has authorised
    std::uint64_t accepted = 0;  ///< of all its workers, as the next
    std::uint64_t rejected = 0;  ///< stale ones included
};

/// What admins may do to those who are connected. pool/app implements it. Called on the rpc loop;
/// nothing here waits, `done` comes later on the same loop.
class MinerControl {
public:
    virtual ~MinerControl() = default;

    /// Accepts no connections any more and asks all miners to connect again elsewhere or later, one
    /// after the other within this time (nothing: as configured); those that stay are served until
    /// the stop.
    virtual void drain(std::optional<std::chrono::seconds> over) = 0;
    virtual std::vector<BanInfo> bans() = 0;
    /// Errors: invalid, when `network` is none; limit, when too many are banned; io, when it holds
    /// and will not outlive the process.
    virtual pool::Result<void> ban(const std::string& network, std::chrono::seconds time) = 0;
    /// Errors: invalid; not_found, when nothing of it was banned.
    virtual pool::Result<void> unban(const std::string& network) = 0;
    /// Fixes the difficulty of an account's connections (of one worker's, unless it is empty),
    /// rounded down to a power of two, as far as their port allows. Gives how many there were.
    virtual void fix_difficulty(const std::string& account, const std::string& worker,
                                double difficulty,
                                std::function<void(pool::Result<std::size_t>)> done) = 0;
    /// What a port lets difficulties vary between, from now on until the restart, rounded to powers
    /// of two; the start moves with it. Gives the number of its connections. Errors: invalid, for
    /// bounds that are none; not_found, for a port that is not ours.
    virtual void set_bounds(std::uint16_t port, double least, double most,
                            std::function<void(pool::Result<std::size_t>)> done) = 0;
    /// Begins the counts and the best share of a worker anew. Errors: not_found.
    virtual void reset_worker(const std::string& account, const std::string& worker,
                              std::function<void(pool::Result<std::size_t>)> done) = 0;
    /// Oldest first. account: only connections that mine for it; all when empty.
    virtual void connections(
        std::size_t limit, const std::string& account,
        std::function<void(pool::Result<std::vector<ConnectionInfo>>)> done) = 0;
    /// who: an id, an address, a network, an account, or account.worker. Gives how many there
    /// were.
    virtual void disconnect(const std::string& who,
                            std::function<void(pool::Result<std::size_t>)> done) = 0;
};

}  // namespace rpc
