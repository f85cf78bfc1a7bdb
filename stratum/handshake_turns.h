#pragma once

#include <deque>
#include <list>
#include <optional>
#include <queue>
#include <unordered_map>

#include "pool/base/types.h"
#include "stratum/ip_address.h"

namespace stratum {

/// Who waits for a round of its handshake, TLS's or Noise's: a signature costs as much as hundreds
/// of shares. Addresses (of IPv6: a /64) take turns, each with its oldest: somebody who asks for
/// rounds on thousands of connections has those of his own address wait, and nobody else. Used on
/// one loop.
class HandshakeTurns {
public:
    void enter(const IpAddress& address, pool::SessionId id)
    {
        auto& line = waiting_[address.prefix()];
        if (line.empty()) turns_.push_back(address.prefix());
        line.push(id);
    }
    bool empty() const { return turns_.empty(); }
    /// Whose turn it is; it waits no more. Nobody when empty.
    std::optional<pool::SessionId> next()
    {
        if (turns_.empty()) return std::nullopt;
        const IpAddress address = turns_.front();
        turns_.pop_front();
        const auto line = waiting_.find(address);
        const pool::SessionId id = line->second.front();
        line->second.pop();
        if (line->second.empty()) {
            waiting_.erase(line);
        } else {
            turns_.push_back(address);
        }
        return id;
    }

private:
    // Nearly always of one connection each.
    using Line = std::queue<pool::SessionId, std::list<pool::SessionId>>;
    std::unordered_map<IpAddress, Line, IpHash> waiting_;
    std::deque<IpAddress> turns_;  // each address that waits, once
};

}  // namespace stratum
