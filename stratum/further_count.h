#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "stratum/gate.h"
#include "stratum/ip_address.h"

namespace stratum {

/// What of a connection is counted for its address at the gate (Gate::open_channel): its channels
/// or its names, whichever are more, all but the first. A channel costs a job at every tip, and a
/// name stays until the connection ends, though the channel that brought it was closed long ago.
class FurtherCount {
public:
    /// Before a connection gets one channel or name more: of each as many as there would be. False:
    /// its address has no room, and nothing has changed. Without a gate or an address all have.
    bool raise(Gate* gate, const std::optional<IpAddress>& address, std::size_t channels,
               std::size_t names)
    {
        if (gate == nullptr || !address || further(channels, names) <= counted_) return true;
        if (!gate->open_channel(*address)) return false;
        ++counted_;
        return true;
    }
    /// Gives back what is more than these.
    void lower(Gate* gate, const std::optional<IpAddress>& address, std::size_t channels,
               std::size_t names)
    {
        const std::size_t left = std::min(further(channels, names), counted_);
        if (gate == nullptr || !address || left == counted_) return;
        gate->close_channels(*address, counted_ - left);
        counted_ = left;
    }

private:
    static std::size_t further(std::size_t channels, std::size_t names)
    {
        const std::size_t most = std::max(channels, names);
        return most - std::min<std::size_t>(most, 1);
    }

    std::size_t counted_ = 0;
};

}  // namespace stratum
