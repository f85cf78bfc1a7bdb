#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include "stratum/shard.h"

/// The shard's own: how its sources reach a session of either protocol, and take note of what it
/// left behind.
namespace stratum {

// Whoever misbehaves may not come back at once under that worker's name. From where it came: names
// are no secret, and others may mine under the same one.
template <typename AnySession>
void Shard::settle(AnySession& session, pool::Now now)
{
    const auto reason = session.ended();
    if (!reason || std::exchange(session.settled, true)) return;
    if (!is_misbehaviour(*reason) && reason != EndReason::too_many_easy_shares) return;
    const auto blamed = session.blamed();
    if (options_.gate == nullptr || !blamed) return;
    const Worker& miner = session.worker(*blamed);
    const std::string& account = session.account(miner.account).key.name;
    options_.gate->delay_worker(session.peer(), account + '.' + miner.name, now.steady);
}

// Calls `act` with this session; false: there is none.
template <typename Act>
bool Shard::with(pool::SessionId id, Act act)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return false;
    std::visit(act, found->second);
    return true;
}

// Calls `act` with a session and the world of its protocol.
template <typename Act>
void Shard::visit(Session& any, Worlds& around, Act act)
{
    if (auto* one = std::get_if<v1::Session>(&any)) {
        act(*one, around.v1);
    } else {
        act(std::get<v2::Session>(any), around.v2);
    }
}

template <typename Act>
void Shard::with(pool::SessionId id, Worlds& around, Act act)
{
    const auto found = sessions_.find(id.value);
    if (found != sessions_.end()) visit(found->second, around, std::move(act));
}

// That its address mines, if that is news.
template <typename AnySession>
void Shard::tell_gate(AnySession& session, pool::Now now)
{
    if (session.told_accepted == session.accepted()) return;
    session.told_accepted = session.accepted();
    const auto& address = session.address();
    if (options_.gate != nullptr && address) options_.gate->mined(*address, now.steady);
}

// A burst is charged after the fact, for a read is 64 KiB at most; of those that come while nothing
// is left, only who has not had its part is read. Of TLS the records are paid for already.
template <typename AnySession, typename Read>
void Shard::read_within_budget(AnySession& session, std::span<const std::uint8_t> bytes,
                               std::size_t records, pool::Now now, Read read)
{
    if (session.ended()) return;  // what it goes on sending is nobody's to pay for
    const auto lines = [this] { return metrics_.lines.value() + metrics_.frames.value(); };
    const std::uint64_t before = lines();
    if (bytes.size() > BurstBudget::few_bytes) {
        // Short requests cost more than their bytes say. Of v2 the bytes alone are readable.
        const bool text = std::is_same_v<AnySession, v1::Session>;
        const auto ends = text ? std::count(bytes.begin(), bytes.end(), std::uint8_t{'\n'}) : 0;
        const double cost = BurstBudget::cost(static_cast<std::size_t>(ends), bytes.size()) -
                            static_cast<double>(records);
        if (cost > 0 && !may_burst(session.address(), session.id(), cost, now)) {
            return crowd_out(session.id());
        }
    }
    read();
    const std::size_t read_lines = lines() - before;
    const double cost = BurstBudget::cost(read_lines, bytes.size()) - static_cast<double>(records);
    if (cost > 0) charge_burst(session.address(), session.id(), cost, now);
}

// Whether it wishes for other work; it gets it at a tick then, if not before.
template <typename AnySession>
bool Shard::note_wish(AnySession& session)
{
    if (!session.wants_job_now()) return false;
    if (!std::exchange(session.wishes, true)) wishing_.push_back(session.id());
    return true;
}

// With the next tick, for something has happened to it.
template <typename AnySession>
void Shard::look_soon(AnySession& session)
{
    if (!std::exchange(session.stirred, true)) calls_.put_soon(session.id());
}

template <typename AnySession>
void Shard::touch(AnySession& session)
{
    if (session.authorised() && !session.told_authorised) {
        session.told_authorised = true;
        variant_wanted_ = note_wish(session) || variant_wanted_;
        authorised_.push_back(session.id());
    }
    if (session.to_leave) session.to_leave = !session.ask_to_reconnect();
    if (session.listed || (!session.has_output() && !session.ended())) return;
    session.listed = true;
    dirty_.push_back(session.id());
}

}  // namespace stratum
