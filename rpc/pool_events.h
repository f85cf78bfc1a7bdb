#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/base/time.h"
#include "rpc/events_told.h"
#include "rpc/pool_view.h"

namespace rpc {

/// Something that people want to be told of.
struct PoolEvent {
    std::string name;  ///< "block.found": one of pool_event_names()
    pool::UnixMillis at;
    std::string text;  ///< a sentence for people; may hold names of miners, so any text
    std::string data;  ///< a JSON object
    /// The same wherever and whenever it is told: what several servers of a pool see alike. "": it
    /// is this server's own.
    std::string id{};
};

/// All names there are: stable, for configurations and receivers.
const std::vector<std::string_view>& pool_event_names();

/// Tells what has happened from one look at the pool to the next. The first look at anything is
/// where it begins from, unless an earlier life has left what it had told: what was so before is no
/// news. Pure; one thread.
class EventWatch {
public:
    struct Options {
        /// A worker without a share for so long is gone.
        std::uint64_t offline_after_ms = 600'000;
        /// hashrate.drop: so much less over ten minutes than over an hour. Told again only after
        /// half of the loss has come back.
        double drop = 0.3;
        std::size_t workers_max = 100'000;  ///< beyond, the rest is not watched
        std::size_t listed = 100;  ///< payouts are asked for: of fewer none is out of sight
    };

    explicit EventWatch(Options options, EventsTold told = {})
        : options_(options), told_(std::move(told))
    {
    }

    /// Newest first, as PoolView gives them. block.found, block.matured, block.orphaned,
    /// block.rejected.
    std::vector<PoolEvent> blocks(const std::vector<BlockInfo>& newest, pool::UnixMillis now);
    /// Newest first, as PoolView::payouts_to_follow gives them. payout.sent, payout.confirmed, and
    /// payout.failed for one that was on its way and is called off for good: not while its payment
    /// may be mined yet.
    std::vector<PoolEvent> payouts(const std::vector<PayoutInfo>& newest, pool::UnixMillis now);
    /// payouts.held, payouts.released. reason: a sentence; "" while nothing holds them.
    std::vector<PoolEvent> payouts_held(const std::string& reason, pool::UnixMillis now);
    /// node.down, node.up. One that is switched off is neither.
    std::vector<PoolEvent> nodes(const std::vector<BitcoindInfo>& nodes, pool::UnixMillis now);
    /// worker.offline, worker.online: also for one that has never been seen. Of workers that the
    /// books alone know, those that mined when the earlier life ended are waited for, by the first
    /// look, unless they turn out to mine at another server.
    std::vector<PoolEvent> workers(const std::vector<WorkerLine>& workers, pool::UnixMillis now);
    std::vector<PoolEvent> hashrate(const Hashrates& rates, pool::UnixMillis now);

    /// As the last looks at blocks and payouts have seen them.
    const EventsTold& told() const { return told_; }

private:
    struct Worker {
        bool online = false;
        bool seen = false;  // in this look
        pool::UnixMillis last_share{};
    };
    bool was_online(const WorkerLine& line, const Worker* known, pool::UnixMillis ended) const;
    Options options_;
    EventsTold told_;
    std::optional<std::string> held_;
    std::optional<std::map<std::string, bool>> nodes_;
    std::unordered_map<std::string, Worker> workers_;
    bool workers_known_ = false;
    bool dropped_ = false;
};

}  // namespace rpc
