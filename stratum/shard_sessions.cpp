// The sessions of a shard: how they begin and end, and what admins do with them.
#include <algorithm>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/crypto/sha256.h"
#include "stratum/shard_visit.h"

namespace stratum {
namespace {

// A part of a census: two hundred workers are a fifth of a millisecond or so.
constexpr std::size_t counted_at_once = 200;
constexpr std::chrono::minutes told_every{1};

// The number a client sees as its session id. Whoever knows another's takes its extranonce with
// stratum.resume: so many of them tell nothing about the next.
std::uint64_t shown_id(pool::SessionId id, const SessionKey& key)
{
    pool::ByteWriter out;
    out.raw(key);
    out.u64(id.value);
    const pool::Digest hash = pool::sha256(out.bytes());
    return pool::ByteReader{hash}.u64();
}

}  // namespace

pool::SessionId Shard::reserve()
{
    metrics_.connections.add();
    // The loop's number on top: an id means one connection on all loops of a server.
    return {(std::uint64_t{options_.loop} << 48) | ++opened_};
}

pool::SessionId Shard::open(const std::string& peer, pool::Now now)
{
    const pool::SessionId id = reserve();
    open(id, peer, options_.session.difficulty, now);
    return id;
}

void Shard::open(pool::SessionId id, const std::string& peer, const DifficultyLimits& difficulty,
                 pool::Now now, std::uint8_t extranonce2_bytes)
{
    const std::uint8_t most = options_.session.extranonce2_bytes;
    const std::uint8_t rolled = extranonce2_bytes == 0 ? most : std::min(extranonce2_bytes, most);
    const std::uint64_t subscription = shown_id(id, options_.session_key);
    sessions_.try_emplace(id.value, std::in_place_type<v1::Session>, id, peer, subscription,
                          difficulty, rolled, now);
    line_up(id);
}

void Shard::open_v2(pool::SessionId id, const std::string& peer, const DifficultyLimits& difficulty,
                    pool::Now now)
{
    pool::check(v2_open(), "the server asks before it sends anybody here");
    v2::SessionOptions options = options_.v2;
    options.difficulty = difficulty;
    sessions_.try_emplace(id.value, std::in_place_type<v2::Session>, id, peer, options, now);
    line_up(id);
}

void Shard::acknowledge(pool::SessionId id, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    auto* const two = std::get_if<v2::Session>(&found->second);
    if (two == nullptr) return;
    two->acknowledge_all(now.steady);
    touch(*two);
}

EndReason Shard::closed(pool::SessionId id, EndReason reason, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return reason;
    const bool unanswered = std::visit(
        [&reason](auto& session) {
            session.end(reason);
            reason = session.ended().value_or(reason);
            return session.has_unanswered();
        },
        found->second);
    if (unanswered) {
        gone_.push_back(id);
    } else {
        forget(id, now);
    }
    return reason;
}

void Shard::forget(pool::SessionId id, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    const auto reason =
        std::visit([](const auto& session) { return session.ended(); }, found->second);
    metrics_.of(reason.value_or(EndReason::peer_left)).add();
    std::visit(
        [this, now](auto& session) {
            tell_gate(session, now);
            settle(session, now);
        },
        found->second);
    if (auto* one = std::get_if<v1::Session>(&found->second)) {
        if (const auto& prefix = one->prefix()) prefixes_.release(*prefix, now.steady);
        one->give_back(options_.gate);
        if (options_.known != nullptr) one->leave_word(*options_.known, now.steady);
        if (options_.session.resume) {
            if (auto parted = one->part(now.steady)) {
                parted_.keep(one->subscription(), *std::move(parted));
            }
        }
    } else {
        const std::size_t channels = std::get<v2::Session>(found->second)
                                         .release(prefixes_, declared_, options_.gate, now.steady);
        declared_.await_no_more(id);
        metrics_.channels.add(-static_cast<std::int64_t>(channels));
    }
    past_workers_.add(
        std::visit(
            [now](const auto& session) { return session.snapshot(now, Shown::judged).workers; },
            found->second),
        now);
    sessions_.erase(found);
    metrics_.sessions.set(static_cast<std::int64_t>(sessions_.size()));
}

// A list of its own: to walk thousands of sessions for their ids, each out of cold memory, takes
// half a millisecond, and a new tip has none to lose. Those who have gone stay in it until they are
// half of it.
void Shard::line_up(pool::SessionId id)
{
    constexpr std::size_t few = 64;
    if (order_.size() > 2 * sessions_.size() + few) static_cast<void>(all_sessions());
    order_.push_back(id);
    with(id, [this](auto& session) {
        look_soon(session);
        // Whoever was still on his way in when the others were asked to go.
        session.to_leave = leaving_begun_;
    });
    metrics_.sessions.set(static_cast<std::int64_t>(sessions_.size()));
}

const std::vector<pool::SessionId>& Shard::all_sessions()
{
    std::erase_if(order_, [this](pool::SessionId id) { return !sessions_.contains(id.value); });
    return order_;
}

void Shard::ask_to_reconnect(std::chrono::milliseconds over, pool::Now now)
{
    leaving_begun_ = true;
    leaving_.begin(all_sessions(), over, now.steady, 1);
    send_away(now.steady);
}

void Shard::send_away(pool::SteadyTime now)
{
    for (const pool::SessionId id : leaving_.due(now)) {
        with(id, [this](auto& session) {
            session.to_leave = true;
            touch(session);
        });
    }
}

void Shard::announce(std::string_view text, pool::Now now)
{
    to_tell_ = text;
    tell_next(now.steady);
}

void Shard::tell_next(pool::SteadyTime now)
{
    if (!to_tell_ || telling_.active() || (told_at_ && now - *told_at_ < told_every)) return;
    told_ = std::move(*to_tell_);
    to_tell_.reset();
    told_at_ = now;
    telling_.begin(all_sessions(), options_.routine_over, now);
    tell(now);
}

void Shard::tell(pool::SteadyTime now)
{
    for (const pool::SessionId id : telling_.due(now)) {
        with(id, [this](auto& session) {
            session.announce(told_);
            touch(session);
        });
    }
}

bool Shard::take_records(pool::SessionId id, std::size_t records, std::size_t bytes, pool::Now now)
{
    with(id, [&](auto& session) {
        if (session.ended()) return;
        const double cost = BurstBudget::cost(records, bytes);
        if (bytes > BurstBudget::few_bytes && !may_burst(session.address(), id, cost, now)) {
            return crowd_out(id);
        }
        // What they cost beyond that, as lines or bytes, is charged once they are read.
        charge_burst(session.address(), id, static_cast<double>(records), now);
    });
    return hears(id);
}

bool Shard::hears(pool::SessionId id) const
{
    const auto found = sessions_.find(id.value);
    return found != sessions_.end() &&
           std::visit([](const auto& session) { return !session.ended(); }, found->second);
}

void Shard::end(pool::SessionId id, EndReason reason)
{
    with(id, [this, reason](auto& session) {
        session.end(reason);
        touch(session);
    });
}

bool Shard::may_burst(const std::optional<IpAddress>& address, pool::SessionId id, double cost,
                      pool::Now now)
{
    if (options_.gate == nullptr || !address) return true;
    return bursts_.may_read(*address, id, cost, options_.gate->lines_per_second(*address),
                            now.steady);
}

void Shard::charge_burst(const std::optional<IpAddress>& address, pool::SessionId id, double cost,
                         pool::Now now)
{
    if (options_.gate == nullptr || !address) return;
    const double per_second = options_.gate->lines_per_second(*address);
    if (!bursts_.take(*address, id, cost, per_second, now.steady)) crowd_out(id);
}

void Shard::crowd_out(pool::SessionId id)
{
    with(id, [this](auto& session) {
        if (session.ended()) return;
        metrics_.crowded_bursts.add();
        session.end(EndReason::crowded_address);
        touch(session);
    });
}

bool Shard::authorised(pool::SessionId id) const
{
    const auto found = sessions_.find(id.value);
    return found != sessions_.end() &&
           std::visit([](const auto& session) { return session.authorised(); }, found->second);
}

bool Shard::kick(pool::SessionId id)
{
    return with(id, [this](auto& session) {
        session.end(EndReason::kicked);
        touch(session);
    });
}

bool Shard::fix_difficulty(pool::SessionId id, pool::Difficulty difficulty)
{
    return with(id, [this, difficulty](auto& session) {
        session.fix_difficulty(difficulty);
        look_soon(session);
    });
}

void Shard::set_bounds(pool::SessionId id, pool::Difficulty least, pool::Difficulty most)
{
    with(id, [&](auto& session) {
        session.set_bounds(least, most);
        look_soon(session);
    });
}

std::size_t Shard::reset_worker(const std::string& account, const std::string& name)
{
    std::size_t count = past_workers_.forget(account, name) ? 1 : 0;
    for (auto& [id, any] : sessions_) {
        if (std::visit([&](auto& session) { return session.reset_worker(account, name); }, any)) {
            ++count;
        }
    }
    return count;
}

std::vector<SessionSnapshot> Shard::snapshot(pool::Now now) const
{
    std::vector<SessionSnapshot> shots;
    shots.reserve(sessions_.size());
    for (const auto& [id, any] : sessions_) {
        shots.push_back(std::visit(
            [now](const auto& session) { return session.snapshot(now, Shown::all); }, any));
    }
    return shots;
}

bool Shard::count_some(Census& census, pool::Now now) const
{
    if (!census.past_counted) {
        census.past_counted = census.sessions_only ||
                              !past_workers_.snapshot_some(now, counted_at_once, census.past_up_to,
                                                           census.past_workers);
        if (census.past_counted) census.left = order_;
        return true;
    }
    const Shown shown = census.sessions_only ? Shown::all : Shown::judged;
    std::size_t counted = 0;
    while (counted < counted_at_once && !census.left.empty()) {
        const auto found = sessions_.find(census.left.back().value);
        census.left.pop_back();
        ++counted;
        if (found == sessions_.end()) continue;
        census.sessions.push_back(
            std::visit([now, shown](const auto& session) { return session.snapshot(now, shown); },
                       found->second));
        counted += census.sessions.back().names;
    }
    return !census.left.empty();
}

}  // namespace stratum
