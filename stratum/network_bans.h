#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "stratum/ip_address.h"

namespace stratum {

/// Networks that an admin keeps from connecting. Finding out whether an address is in one costs a
/// look for each length of prefix in use, however many networks there are. Pure; one thread.
class NetworkBans {
public:
    struct Entry {
        Network network;
        pool::SteadyTime until;
    };

    explicit NetworkBans(std::size_t most) : most_(most) {}

    bool hold(const IpAddress& address, pool::SteadyTime now) const;
    /// A network that is banned already is banned until then instead. Errors: limit, when there
    /// are `most` others.
    pool::Result<void> put(const Network& network, pool::SteadyTime until, pool::SteadyTime now);
    /// False when exactly that network was not banned.
    bool lift(const Network& network);
    std::vector<Entry> active(pool::SteadyTime now) const;  ///< in no order
    std::size_t count(pool::SteadyTime now) const;

private:
    void forget_ended(pool::SteadyTime now);

    std::size_t most_;
    std::size_t size_ = 0;
    // By length, then by the first address. No length without a network.
    std::map<std::uint8_t, std::unordered_map<IpAddress, pool::SteadyTime, IpHash>> by_bits_;
};

}  // namespace stratum
