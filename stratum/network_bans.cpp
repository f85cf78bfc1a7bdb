#include "stratum/network_bans.h"

#include <string>

namespace stratum {

bool NetworkBans::hold(const IpAddress& address, pool::SteadyTime now) const
{
    for (const auto& [bits, networks] : by_bits_) {
        const auto at = networks.find(first_bits(address, bits));
        if (at != networks.end() && at->second > now) return true;
    }
    return false;
}

pool::Result<void> NetworkBans::put(const Network& network, pool::SteadyTime until,
                                    pool::SteadyTime now)
{
    const IpAddress first = first_bits(network.first, network.bits);
    const auto known = by_bits_.find(network.bits);
    const bool there = known != by_bits_.end() && known->second.contains(first);
    if (!there && size_ >= most_) forget_ended(now);
    if (!there && size_ >= most_) {
        return pool::fail(pool::Error::Code::limit,
                          std::to_string(most_) +
                              " networks are banned already: lift some, or "
                              "ban the network that holds them");
    }
    by_bits_[network.bits][first] = until;
    if (!there) ++size_;
    return {};
}

bool NetworkBans::lift(const Network& network)
{
    const auto at = by_bits_.find(network.bits);
    if (at == by_bits_.end()) return false;
    const bool lifted = at->second.erase(first_bits(network.first, network.bits)) > 0;
    if (lifted) --size_;
    if (at->second.empty()) by_bits_.erase(at);
    return lifted;
}

std::vector<NetworkBans::Entry> NetworkBans::active(pool::SteadyTime now) const
{
    std::vector<Entry> all;
    for (const auto& [bits, networks] : by_bits_) {
        for (const auto& [first, until] : networks) {
            if (until > now) all.push_back({{first, bits}, until});
        }
    }
    return all;
}

std::size_t NetworkBans::count(pool::SteadyTime now) const
{
    std::size_t count = 0;
    for (const auto& [bits, networks] : by_bits_) {
        for (const auto& [first, until] : networks) count += until > now ? 1 : 0;
    }
    return count;
}

void NetworkBans::forget_ended(pool::SteadyTime now)
{
    size_ = 0;
    for (auto& [bits, networks] : by_bits_) {
        std::erase_if(networks, [now](const auto& each) { return each.second <= now; });
        size_ += networks.size();
    }
    std::erase_if(by_bits_, [](const auto& each) { return each.second.empty(); });
}

}  // namespace stratum
