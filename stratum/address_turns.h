#pragma once

#include <deque>
#include <list>
#include <optional>
#include <queue>
#include <unordered_map>

#include "pool/base/types.h"
#include "stratum/ip_address.h"

namespace stratum {

/// Who waits for a part of the loop's time: for a round of its handshake, TLS's or Noise's, since a
/// signature costs as much as hundreds of shares; or for its records to be opened. Addresses (of
/// IPv6: a /64) take turns, each with its oldest: somebody who asks on thousands of connections has
/// those of his own address wait, and nobody else. Of an address those go first whose handshake has
/// begun: for them the signature is made, and would be in vain if they left. Used on one loop.
class AddressTurns {
public:
    /// begun: it has had a round before.
    void enter(const IpAddress& address, pool::SessionId id, bool begun = false)
    {
        Lines& lines = waiting_[address.prefix()];
        if (lines.empty()) turns_.push_back(address.prefix());
        (begun ? lines.begun : lines.fresh).push(id);
    }
    bool empty() const { return turns_.empty(); }
    /// Whose turn it is; it waits no more. Nobody when empty.
    std::optional<pool::SessionId> next()
    {
        if (turns_.empty()) return std::nullopt;
        const IpAddress address = turns_.front();
        turns_.pop_front();
        const auto lines = waiting_.find(address);
        Line& line = lines->second.begun.empty() ? lines->second.fresh : lines->second.begun;
        const pool::SessionId id = line.front();
        line.pop();
        if (lines->second.empty()) {
            waiting_.erase(lines);
        } else {
            turns_.push_back(address);
        }
        return id;
    }

private:
    // Nearly always of one connection each.
    using Line = std::queue<pool::SessionId, std::list<pool::SessionId>>;
    struct Lines {
        Line begun;
        Line fresh;
        bool empty() const { return begun.empty() && fresh.empty(); }
    };
    std::unordered_map<IpAddress, Lines, IpHash> waiting_;
    std::deque<IpAddress> turns_;  // each address that waits, once
};

}  // namespace stratum
