// What waits for a part of the loop's time: handshakes, and records of TLS.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "pool/base/bytes.h"
#include "stratum/server_impl.h"

namespace stratum {
namespace {

constexpr std::chrono::milliseconds soon{1};  // a timer's least
constexpr std::chrono::milliseconds open_rest_within{50};

}  // namespace

void Server::Impl::line_up(pool::SessionId id, Conn& conn)
{
    if (conn.shakes_since) return;
    conn.shakes_since = pool::read_clock().steady;
    room.keep_waiting(id);
    handshakes.enter(conn.address, id, conn.intake->shaken());
}

// A few a turn, once all that came in it is answered, and one after the other of those addresses
// that wait. In between the loop looks what others have sent, and sleeps if that is nothing.
void Server::Impl::shake_hands()
{
    if (handshakes.empty()) return;
    const pool::SteadyTime began = pool::read_clock().steady;
    if (handshake_pace.rest(began).count() == 0) {
        std::size_t shaken = 0;
        while (const auto id = handshakes.next()) {
            const auto at = conns.find(id->value);
            if (at == conns.end() || at->second.intake == nullptr) continue;  // gone: costs no turn
            shake_hand(*id, at->second);
            if (HandshakePace::enough(++shaken, began, pool::read_clock().steady)) break;
        }
        handshake_pace.worked(began, pool::read_clock().steady);
    }
    shaking = loop.after(soon, [] {});
}

// May drop the connection.
void Server::Impl::shake_hand(pool::SessionId id, Conn& conn)
{
    if (conn.intake->in_tls()) shard.metrics().tls_rounds.add();
    // The clock of its deadlines stood still meanwhile.
    if (conn.shakes_since) conn.opened.steady += pool::read_clock().steady - *conn.shakes_since;
    conn.shakes_since.reset();
    room.served(id);
    take_step(id, conn, conn.intake->shake_hands(shard.v2_open()));
}

// Their address has paid for them already, see take_cipher. Of who is over none is opened: all is
// done with then. May drop the connection.
RecordCounter::Counted Server::Impl::open_records(pool::SessionId id, Conn& conn,
                                                  std::span<const std::uint8_t> bytes,
                                                  std::size_t most)
{
    if (!shard.hears(id)) return {0, bytes.size()};
    const RecordCounter::Counted some = conn.tls->count_records(bytes, most);
    std::string plain;
    std::string wire;
    const auto state = conn.tls->receive(bytes.first(some.bytes), plain, wire);
    write(id, conn, wire);
    shard.on_bytes(id, pool::as_bytes(plain), pool::read_clock(), some.records);
    if (state == TlsSession::State::closed) on_end(id);
    if (state == TlsSession::State::failed) lose(id, EndReason::tls_failed);
    if (state == TlsSession::State::rekeying) lose(id, EndReason::too_many_new_keys);
    // Whom this was the end of, of his nothing waits.
    return {some.records, shard.hears(id) ? some.bytes : bytes.size()};
}

// To open a record costs what a line does, whatever is in it: they are paid for as they come,
// before any is opened, and of who has used up what he may send none is. Of the others a few at
// once, and of all reads of a turn so many: a read of 64 KiB may have 2,800 of them, five
// milliseconds in which nobody else is answered, and a thousand connections may have such a read in
// one turn. The rest waits, and what the peer sends meanwhile waits in the kernel. May drop the
// connection.
void Server::Impl::take_cipher(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes)
{
    const std::size_t records = conn.tls->records_in(bytes);
    if (!shard.take_records(id, records, bytes.size(), pool::read_clock())) return;
    const std::size_t most = std::min(records_at_once, records_a_turn - records_read);
    std::size_t opened = 0;
    if (most > 0) {
        const RecordCounter::Counted some = open_records(id, conn, bytes, most);
        // The end of a record that was begun before costs as much as one.
        records_read += std::clamp<std::size_t>(some.records, 1, most);
        opened = some.bytes;
    }
    const auto at = conns.find(id.value);
    if (at == conns.end() || opened == bytes.size()) return;
    bytes = bytes.subspan(opened);
    if (bytes.size() >= held_small && held_bytes + bytes.size() > held_max) {
        return shard.end(id, EndReason::tls_backlog);
    }
    hold(id, at->second, bytes);
    at->second.tcp->pause_reading();
}

void Server::Impl::hold(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes)
{
    conn.cipher.assign(bytes.begin(), bytes.end());
    held_bytes += conn.cipher.size();
    if (!conn.waits_since) conn.waits_since = turn_began.value_or(pool::read_clock().steady);
    ciphers.enter(conn.address, id);
}

std::string Server::Impl::let_go(Conn& conn)
{
    held_bytes -= conn.cipher.size();
    return std::exchange(conn.cipher, {});
}

// Once all that came in a turn is answered: those that wait have a number of records opened, all
// together, and one address after the other.
void Server::Impl::open_waiting()
{
    records_read = 0;
    if (ciphers.empty()) return;
    std::size_t left = records_a_turn;
    while (left > 0) {
        const auto id = ciphers.next();
        if (!id) break;
        const auto at = conns.find(id->value);
        if (at == conns.end()) continue;
        const std::string cipher = let_go(at->second);
        if (shard.hears(*id)) {  // who is over costs the others nothing
            const pool::SteadyTime since =
                at->second.waits_since.value_or(pool::read_clock().steady);
            const std::uint64_t submitted = shard.submitted();
            const auto opened = open_records(*id, at->second, pool::as_bytes(cipher),
                                             std::min(left, records_a_piece));
            // Its share has waited since it was read.
            if (shard.submitted() > submitted) {
                turn_began = std::min(turn_began.value_or(since), since);
            }
            left -= std::clamp<std::size_t>(opened.records, 1, left);
            const auto still = conns.find(id->value);
            if (still == conns.end()) continue;
            if (opened.bytes < cipher.size()) {
                hold(*id, still->second, pool::as_bytes(cipher).subspan(opened.bytes));
                continue;
            }
        }
        at->second.waits_since.reset();
        at->second.tcp->resume_reading();
    }
    opening = loop.after(soon, [] {});  // what they said is answered, and others go on
}

// Before the end: what was read is answered, as what came in plain text is. It may take so long,
// and no longer.
void Server::Impl::open_rest()
{
    const pool::SteadyTime until = pool::read_clock().steady + open_rest_within;
    while (!ciphers.empty() && pool::read_clock().steady < until) {
        open_waiting();
        end_turn();
    }
    opening.stop();
}

}  // namespace stratum
