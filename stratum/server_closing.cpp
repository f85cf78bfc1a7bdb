// How connections end: lost, parted from, refused, overdue, or in the way of others.
#include <string>
#include <utility>

#include "stratum/server_impl.h"

namespace stratum {

// At once, with nothing more to say. What it has sent is judged before: who breaks off behind a
// flood is known for that.
void Server::Impl::lose(pool::SessionId id, EndReason reason)
{
    end_turn(0);
    const auto at = conns.find(id.value);
    if (at == conns.end()) return;
    misbehaved(at->second, shard.closed(id, reason, pool::read_clock()));
    forget(at);
}

// The peer sends no more: what it has sent is answered all the same.
void Server::Impl::on_end(pool::SessionId id)
{
    const auto found = conns.find(id.value);
    if (found == conns.end()) return;
    if (found->second.intake != nullptr) {
        shard.count_end(EndReason::peer_left);
        return forget(found);
    }
    end_turn(0);  // or each of a crowd that leaves would have others closed in the same turn
    shard.acknowledge(id, pool::read_clock());
    end_turn(0);
    const auto still = conns.find(id.value);
    if (still == conns.end()) return;
    misbehaved(still->second, shard.closed(id, EndReason::peer_left, pool::read_clock()));
    part(id, still->second);
}

// Once its last bytes are out. Of TLS the farewell is among them: without it a client can't tell
// the end from an answer that was cut off.
void Server::Impl::part(pool::SessionId id, Conn& conn)
{
    if (conn.tls != nullptr) {
        std::string wire;
        conn.tls->finish(wire);
        write(id, conn, wire);
    }
    conn.tcp->close_after_write();
}

// Closes what never became a session.
void Server::Impl::refuse(pool::SessionId id, EndReason reason)
{
    shard.count_end(reason);
    const auto at = conns.find(id.value);
    if (at == conns.end()) return;
    misbehaved(at->second, reason);
    forget(at);
}

void Server::Impl::forget(Conns::iterator at)
{
    if (at->second.admitted) gate->release(at->second.address);
    if (at->second.counted != nullptr) at->second.counted->add(-1);
    room.leave({at->first});
    let_go(at->second);
    conns.erase(at);
}

void Server::Impl::misbehaved(const Conn& conn, EndReason reason)
{
    if (is_misbehaviour(reason)) gate->misbehaved(conn.address, pool::read_clock().steady);
}

// How long it may take until it is known what it speaks, or to say its first act.
std::chrono::nanoseconds Server::Impl::front_within(const Conn& conn) const
{
    return conn.intake->greets()
               ? std::chrono::nanoseconds{options.shard.v2.handshake_within}
               : std::chrono::nanoseconds{options.shard.session.first_line_within};
}

// Those that mine, and read, are not looked at: there may be very many of them.
void Server::Impl::note_overdue(pool::Now now)
{
    const auto note = [this](pool::SessionId id, Conn& conn) {
        if (!std::exchange(conn.overdue, true)) overdue.push_back(id);
    };
    std::erase_if(unheard, [&](pool::SessionId id) {
        const auto at = conns.find(id.value);
        if (at == conns.end() || at->second.intake == nullptr) return true;
        Conn& conn = at->second;
        // Who waits for us is not late.
        const bool silent =
            !conn.shakes_since && now.steady - conn.opened.steady >= front_within(conn);
        if (silent) note(id, conn);
        return false;
    });
    std::erase_if(unread, [&](pool::SessionId id) {
        const auto at = conns.find(id.value);
        if (at == conns.end()) return true;
        Conn& conn = at->second;
        if (conn.unsent_since && now.steady - *conn.unsent_since >= options.write_stall_max)
            note(id, conn);
        conn.unread = conn.unsent_since.has_value();
        return !conn.unread;
    });
    if (!closing.active()) close_overdue();
}

// As the shard does with its sessions: thousands that came together, and are due together, would
// keep the shares of all others waiting.
void Server::Impl::close_overdue()
{
    for (std::size_t closed = 0; closed < Shard::closes_a_turn && !overdue.empty(); ++closed) {
        const pool::SessionId id = overdue.back();
        const auto at = conns.find(id.value);
        overdue.pop_back();
        if (at == conns.end()) continue;
        Conn& conn = at->second;
        conn.overdue = false;
        if (conn.intake != nullptr) {
            const auto late =
                conn.intake->begun() ? EndReason::slow_first_line : EndReason::no_first_line;
            refuse(id, conn.intake->greets() ? EndReason::no_handshake : late);
        } else if (conn.unsent_since && conn.tcp->write_queue_bytes() > 0) {
            lose(id, EndReason::write_stalled);
        }
        // Whoever has spoken, or read, meanwhile stays.
    }
    if (overdue.empty()) {
        closing.stop();
    } else if (!closing.active()) {
        closing = loop.every(pace_every, [this] { close_overdue(); });
    }
}

// Room for newcomers: those who dawdle over their handshake go first, oldest first; while there are
// none of these, the others wait in the kernel's queue, in order.
void Server::Impl::shed()
{
    while (const auto id = room.next_to_go()) {
        const auto at = conns.find(id->value);
        // It may have authorised in this very turn.
        if (at == conns.end() || shard.authorised(*id)) {
            room.leave(*id);
            continue;
        }
        if (at->second.intake != nullptr) shard.count_end(EndReason::shed);
        // It may wait for its close already, for what it did.
        misbehaved(at->second, shard.closed(*id, EndReason::shed, pool::read_clock()));
        forget(at);
    }
    if (accepting != room.full()) return;
    accepting = !accepting;
    if (!accepting) shard.metrics().accept_pauses.add();
    for (const auto& listener : listeners) listener->set_paused(!accepting);
}

}  // namespace stratum
