#include "rpc/pool_events.h"

#include <algorithm>
#include <utility>

#include "pool/base/json.h"
#include "rpc/views.h"

namespace rpc {
namespace {

using pool::JsonWriter;
using pool::UnixMillis;

std::string_view block_event(std::string_view state)
{
    if (state == "mature") return "block.matured";
    if (state == "orphaned") return "block.orphaned";
    if (state == "rejected") return "block.rejected";
    return "";
}

PoolEvent of_block(std::string_view name, const BlockInfo& block, UnixMillis now)
{
    PoolEvent event{std::string{name}, now, {}, {}};
    event.id = event.name + ":" + block.hash;
    // One that came back may leave the chain again.
    if (name == "block.orphaned") event.id += ":" + std::to_string(block.epoch);
    event.text = "Block " + std::to_string(block.height.value) + " (" + block.hash + "): ";
    event.text += name.substr(name.find('.') + 1);
    JsonWriter json{event.data};
    json.begin_object().key("height").unsigned_integer(block.height.value);
    json.key("hash").string(block.hash).key("state").string(block.state);
    json.key("reward_sat").integer(block.reward.value);
    json.key("account").string(block.finder).key("worker").string(block.worker);
    json.key("found_at").unsigned_integer(block.found_at.value / 1000).end_object();
    return event;
}

PoolEvent of_payout(std::string_view name, std::uint64_t id, const PayoutInfo* payout,
                    UnixMillis now)
{
    PoolEvent event{std::string{name}, now, {}, {}};
    event.id = event.name + ":" + std::to_string(id);
    event.text =
        "Payout " + std::to_string(id) + ": " + event.name.substr(event.name.find('.') + 1);
    JsonWriter json{event.data};
    json.begin_object().key("payout").unsigned_integer(id);
    if (payout != nullptr) {
        json.key("state").string(payout->state).key("txid").string(payout->txid);
        json.key("total_sat").integer(payout->total.value);
        json.key("recipients").unsigned_integer(payout->recipients);
    }
    json.end_object();
    return event;
}

PoolEvent of_node(bool up, const BitcoindInfo& node, UnixMillis now)
{
    PoolEvent event{up ? "node.up" : "node.down", now, {}, {}};
    event.text = "Node " + node.name + (up ? " answers again" : " does not answer");
    JsonWriter json{event.data};
    json.begin_object().key("node").string(node.name);
    json.key("height").unsigned_integer(node.height.value).end_object();
    return event;
}

PoolEvent of_worker(bool online, const std::string& account, const std::string& name,
                    UnixMillis now)
{
    PoolEvent event{online ? "worker.online" : "worker.offline", now, {}, {}};
    event.text = "Worker " + account + "." + name + (online ? " is online" : " is offline");
    JsonWriter json{event.data};
    json.begin_object().key("account").string(account).key("worker").string(name).end_object();
    return event;
}

}  // namespace

const std::vector<std::string_view>& pool_event_names()
{
    static const std::vector<std::string_view> names{
        "block.found",   "block.matured",    "block.orphaned", "block.rejected",   "payout.sent",
        "payout.failed", "payout.confirmed", "payouts.held",   "payouts.released", "node.down",
        "node.up",       "worker.offline",   "worker.online",  "hashrate.drop"};
    return names;
}

// What is older than the list cannot change any more, or only by an admin's hand.
std::vector<PoolEvent> EventWatch::blocks(const std::vector<BlockInfo>& newest, UnixMillis now)
{
    std::vector<PoolEvent> events;
    std::map<std::string, std::string> states;
    for (auto at = newest.rbegin(); at != newest.rend(); ++at) {
        states[at->hash] = at->state;
        const auto& known = told_.blocks;
        if (!known) continue;
        const auto before = known->find(at->hash);
        if (before == known->end()) events.push_back(of_block("block.found", *at, now));
        const bool same = before != known->end() && before->second == at->state;
        const std::string_view name = block_event(at->state);
        if (!same && !name.empty()) events.push_back(of_block(name, *at, now));
    }
    told_.blocks = std::move(states);
    return events;
}

std::vector<PoolEvent> EventWatch::payouts(const std::vector<PayoutInfo>& newest, UnixMillis now)
{
    std::vector<PoolEvent> events;
    std::map<std::uint64_t, std::string> states;
    for (auto at = newest.rbegin(); at != newest.rend(); ++at) {
        std::string& state = states[at->id] = at->state;
        const auto& known = told_.payouts;
        if (!known) continue;
        const auto before = known->find(at->id);
        const bool came_into_sight = before == known->end() && known->size() >= options_.listed &&
                                     at->id < known->begin()->first;
        if (came_into_sight) continue;
        const std::string was = before == known->end() ? "" : before->second;
        // Back or paid after all, it is news; until then it stays as it was told of.
        if (at->state == "cancelling" && !was.empty()) state = was;
        if (was == state) continue;
        const bool sent = was == "broadcast" || was == "confirmed";
        if (at->state == "broadcast" || (at->state == "confirmed" && !sent)) {
            events.push_back(of_payout("payout.sent", at->id, &*at, now));
        }
        if (at->state == "confirmed") {
            events.push_back(of_payout("payout.confirmed", at->id, &*at, now));
        }
    }
    if (const auto& known = told_.payouts) {
        // Below a full list they are only out of sight.
        const std::uint64_t lowest = newest.size() < options_.listed ? 0 : newest.back().id;
        for (const auto& [id, state] : *known) {
            if (id < lowest || states.contains(id)) continue;
            events.push_back(of_payout("payout.failed", id, nullptr, now));
        }
    }
    told_.payouts = std::move(states);
    return events;
}

// Held for another reason than before is news as well.
std::vector<PoolEvent> EventWatch::payouts_held(const std::string& reason, UnixMillis now)
{
    const auto before = std::exchange(held_, reason);
    if (!before || *before == reason) return {};
    PoolEvent event{reason.empty() ? "payouts.released" : "payouts.held", now, {}, {}};
    event.text = reason.empty() ? "Payouts go on" : "Payouts are held: " + reason;
    JsonWriter{event.data}.begin_object().key("reason").string(reason).end_object();
    return {std::move(event)};
}

std::vector<PoolEvent> EventWatch::nodes(const std::vector<BitcoindInfo>& nodes, UnixMillis now)
{
    std::vector<PoolEvent> events;
    std::map<std::string, bool> up;
    for (const BitcoindInfo& node : nodes) {
        if (!node.enabled) continue;
        up[node.name] = node.up;
        const auto& known = nodes_;
        if (!known) continue;
        const auto before = known->find(node.name);
        if (before == known->end() || before->second == node.up) continue;
        events.push_back(of_node(node.up, node, now));
    }
    nodes_ = std::move(up);
    return events;
}

/// ended: when the earlier life did, as far as its workers tell.
bool EventWatch::was_online(const WorkerLine& line, const Worker* known, UnixMillis ended) const
{
    if (known != nullptr) return known->online;
    const auto& last = line.worker.last_share;
    return line.worker.earlier && last && last->value + options_.offline_after_ms > ended.value;
}

std::vector<PoolEvent> EventWatch::workers(const std::vector<WorkerLine>& workers, UnixMillis now)
{
    std::vector<PoolEvent> events;
    UnixMillis ended;
    for (const WorkerLine& line : workers) {
        if (line.worker.earlier) ended = std::max(ended, line.worker.last_share.value_or(ended));
    }
    for (auto& [name, worker] : workers_) worker.seen = false;
    for (const WorkerLine& line : workers) {
        const auto& last = line.worker.last_share;
        const bool online = last && last->value + options_.offline_after_ms > now.value;
        // An account's name holds no space.
        const std::string key = line.account + " " + line.worker.name;
        const auto found = workers_.find(key);
        const Worker* const known = found == workers_.end() ? nullptr : &found->second;
        if (known == nullptr && workers_.size() >= options_.workers_max) continue;
        if (line.worker.earlier && workers_known_) {
            const bool elsewhere = known == nullptr || last > known->last_share;
            if (elsewhere) continue;
        }
        const bool was = was_online(line, known, ended);
        workers_[key] = {online, true, last.value_or(UnixMillis{})};
        const bool begins = !workers_known_ && !line.worker.earlier;
        if (begins || was == online) continue;
        events.push_back(of_worker(online, line.account, line.worker.name, now));
    }
    std::erase_if(workers_, [](const auto& each) { return !each.second.seen; });
    workers_known_ = true;
    return events;
}

std::vector<PoolEvent> EventWatch::hashrate(const Hashrates& rates, UnixMillis now)
{
    const double missing = rates.h1 > 0 ? 1 - rates.m10 / rates.h1 : 0;
    if (dropped_ && missing < options_.drop / 2) dropped_ = false;
    if (dropped_ || missing < options_.drop) return {};
    dropped_ = true;
    PoolEvent event{
        "hashrate.drop", now, "The hashrate of ten minutes is far below the hour's", {}};
    JsonWriter json{event.data};
    json.begin_object().key("hashrate_10m").raw(number_json(rates.m10));
    json.key("hashrate_1h").raw(number_json(rates.h1)).end_object();
    return {std::move(event)};
}

}  // namespace rpc
