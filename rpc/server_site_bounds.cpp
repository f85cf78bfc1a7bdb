// Which peers of a Site have to go: those who leave too much unread, and those who are silent.
#include <algorithm>
#include <utility>
#include <vector>

#include "rpc/server_site.h"
#include "rpc/server_site_connection.h"

namespace rpc {

std::size_t Site::unread_bytes() const
{
    std::size_t sum = 0;
    for (const auto& connection : connections_) sum += connection->socket->write_queue_bytes();
    return sum;
}

// What peers read meanwhile is only seen by asking each connection. So writes add up what they
// leave unread, and all are asked when that much could be too much.
void Site::bound_unread()
{
    unread_at_most_ = unread_bytes();
    if (options_.unread_all_max == 0 || unread_at_most_ <= options_.unread_all_max) return;
    std::vector<std::pair<std::size_t, std::shared_ptr<Connection>>> holders;
    for (const auto& connection : connections_) {
        const std::size_t bytes = connection->socket->write_queue_bytes();
        if (bytes > 0) holders.emplace_back(bytes, connection);
    }
    // Of two that hold as much, who was answered earlier had more time to read it.
    std::sort(holders.begin(), holders.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second->since < b.second->since;
    });
    for (const auto& [bytes, connection] : holders) {
        if (unread_at_most_ <= options_.unread_all_max) break;
        unread_at_most_ -= bytes;
        ++counts_.unread_dropped;
        drop(*connection);
    }
}

void Site::sweep()
{
    bound_unread();
    const pool::SteadyTime now = pool::read_clock().steady;
    for (auto at = connections_.begin(); at != connections_.end();) {
        const std::shared_ptr<Connection> connection = *at++;
        if (connection->busy && !options_.answers_are_bounded) continue;
        if (now - connection->since > options_.idle_max) drop(*connection);
    }
}

}  // namespace rpc
