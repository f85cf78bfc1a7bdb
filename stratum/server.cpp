#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/prefetch.h"
#include "stratum/server_impl.h"

namespace stratum {
namespace {

// Two dozen jobs: what is beyond waits here, bounded, rather than in the kernel, where it may be
// megabytes.
constexpr int kernel_send_buffer = 32 << 10;

std::string_view as_text(std::span<const std::uint8_t> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> as_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

pool::Result<std::vector<std::uint16_t>> Server::Impl::start()
{
    std::vector<std::uint16_t> ports;
    for (const PortOptions& port : options.ports) {
        auto opened = pool::TcpListener::listen(
            loop,
            {.address = port.listen, .reuse_port = options.reuse_port, .backlog = options.backlog},
            [this, &port](std::unique_ptr<pool::TcpConn> tcp) { accept(port, std::move(tcp)); });
        if (!opened) return pool::fail(opened.error());
        ports.push_back((*opened)->port());
        sessions_by_port.emplace_back().port = ports.back();
        listeners.push_back(std::move(*opened));
    }
    ticking = loop.every(options.tick, [this] { on_tick(); });
    turn_end = loop.at_turn_end([this] {
        end_turn();
        shake_hands();
        open_waiting();
    });
    return ports;
}

void Server::Impl::accept(const PortOptions& port, std::unique_ptr<pool::TcpConn> tcp)
{
    const pool::SessionId id = shard.reserve();
    const pool::Endpoint peer = tcp->peer();
    const IpAddress address = parse_ip(peer.host).value_or(IpAddress{});
    Conn conn;
    conn.tcp = std::move(tcp);
    conn.address = address;
    conn.opened = pool::read_clock();
    conn.port = &port;
    // Behind a proxy it is the client that counts, whom its header names.
    const bool by_proxy = std::any_of(port.proxies.begin(), port.proxies.end(),
                                      [&](const Network& proxy) { return proxy.holds(address); });
    if (!by_proxy && !admit(conn, address)) return;
    conn.intake = std::make_unique<Intake>(port, address, peer.port);
    conn.tcp->set_write_queue_max(options.write_queue_max);
    conn.tcp->set_kernel_send_buffer(kernel_send_buffer);
    const auto at = conns.emplace(id.value, std::move(conn)).first;
    room.enter(id);
    unheard.push_back(id);
    at->second.tcp->start({
        .on_bytes = [this, id](std::span<const std::uint8_t> bytes) { on_bytes(id, bytes); },
        .on_end = [this, id] { on_end(id); },
        .on_drained =
            [this, id] {
                const auto found = conns.find(id.value);
                if (found == conns.end()) return;
                found->second.unsent_since.reset();
                found->second.holding = false;
                shard.release_jobs(id, pool::read_clock());
            },
        .on_close =
            [this, id](pool::CloseReason reason) {
                const auto found = conns.find(id.value);
                if (found == conns.end()) return;
                if (found->second.intake != nullptr) return refuse(id, reason_of(reason));
                lose(id, reason_of(reason));
            },
    });
    if (room.full()) shed();
}

bool Server::Impl::admit(Conn& conn, const IpAddress& address)
{
    const Gate::Answer answer = gate->admit(address, pool::read_clock().steady);
    if (answer != Gate::Answer::welcome) {
        shard.count_end(reason_of(answer));
        return false;
    }
    conn.address = address;
    conn.admitted = true;
    return true;
}

void Server::Impl::on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes)
{
    const auto found = conns.find(id.value);
    if (found == conns.end()) return;
    const pool::Now now = pool::read_clock();
    if (!turn_began) turn_began = now.steady;
    if (found->second.intake != nullptr) return take_in(id, found->second, as_text(bytes));
    if (found->second.tls != nullptr) return take_cipher(id, found->second, bytes);
    shard.on_bytes(id, bytes, now);
}

// Until it is known what it speaks. May drop the connection.
void Server::Impl::take_in(pool::SessionId id, Conn& conn, std::string_view bytes)
{
    const Intake::Step step = conn.intake->receive(bytes, tls, shard.v2_open());
    take_step(id, conn, step);
}

void Server::Impl::take_step(pool::SessionId id, Conn& conn, const Intake::Step& step)
{
    write(id, conn, step.wire);
    if (step.tls_begun) shard.metrics().tls_connections.add();
    // First of all: what comes with the header in one read is the client's doing, not the proxy's.
    if (step.proxied) {
        shard.metrics().proxied_connections.add();
        if (!admit(conn, conn.intake->address())) return forget(conns.find(id.value));
    }
    if (step.refused) return refuse(id, *step.refused);
    if (step.shakes) line_up(id, conn);
    if (step.caller != Caller::more) greet(id, conn, step.caller);
}

void Server::Impl::greet(pool::SessionId id, Conn& conn, Caller caller)
{
    const std::unique_ptr<Intake> intake = std::move(conn.intake);
    conn.tls = intake->take_tls();
    if (caller == Caller::http) {
        shard.metrics().http_callers.add();
        send(id, conn, http_refusal);
        part(id, conn);
        return shard.count_end(EndReason::not_stratum);
    }
    // A proxy's own connection (LOCAL, UNKNOWN) counts for the proxy.
    if (!conn.admitted && !admit(conn, conn.address)) return forget(conns.find(id.value));
    const pool::Endpoint peer{to_string(intake->address()), intake->address_port()};
    PortSessions& sessions =
        sessions_by_port.at(static_cast<std::size_t>(conn.port - options.ports.data()));
    conn.counted = caller == Caller::stratum_v2 ? &sessions.v2 : &sessions.v1;
    conn.counted->add(1);
    if (caller == Caller::stratum_v2) {
        shard.open_v2(id, pool::to_string(peer), conn.port->difficulty, conn.opened);
    } else {
        shard.open(id, pool::to_string(peer), conn.port->difficulty, conn.opened,
                   conn.port->extranonce2_bytes);
    }
    const std::string front = intake->take_front();
    shard.on_bytes(id, as_bytes(front), pool::read_clock());
    const std::string cipher = intake->take_cipher();
    if (!cipher.empty()) take_cipher(id, conn, as_bytes(cipher));
}

void Server::Impl::write(pool::SessionId id, Conn& conn, std::string_view wire)
{
    if (wire.empty()) return;
    conn.tcp->write(wire);
    if (conn.unsent_since || conn.tcp->write_queue_bytes() == 0) return;
    conn.unsent_since = pool::read_clock().steady;
    if (!std::exchange(conn.unread, true)) unread.push_back(id);
}

void Server::Impl::send(pool::SessionId id, Conn& conn, std::string_view bytes)
{
    if (conn.tls != nullptr) {
        std::string wire;
        if (!conn.tls->send(bytes, wire)) return;
        write(id, conn, wire);
    } else {
        write(id, conn, bytes);
    }
    if (conn.holding || conn.tcp->write_queue_bytes() == 0) return;
    conn.holding = true;
    shard.hold_jobs(id);
}

// The end of a turn: everything that came in is judged together, everything that goes out is one
// write a connection.
void Server::Impl::end_turn(std::size_t closes_max)
{
    const pool::Now now = pool::read_clock();
    shard.flush(now);
    const std::uint64_t shares = shard.metrics().judged() - judged;
    if (shares > 0) times.judged.add(pool::read_clock().steady - now.steady, shares);
    shard.take_effects(effects, now, closes_max);
    for (const pool::SessionId id : effects.authorised) {
        room.leave(id);
    }
    if (!accepting) shed();
    write_out();
    for (const Effects::Close& close : effects.closes) {
        const auto found = conns.find(close.session.value);
        if (found == conns.end()) continue;
        misbehaved(found->second, close.reason);
        part(close.session, found->second);
    }
    const pool::SteadyTime began = std::exchange(turn_began, {}).value_or(now.steady);
    if (shares > 0) time_answers(began, shares);
    pace();
}

void Server::Impl::time_answers(pool::SteadyTime began, std::uint64_t shares)
{
    const auto took = pool::read_clock().steady - began;
    times.answered.add(took, shares);
    judged += shares;
    if (candidates == shard.metrics().block_candidates.value()) return;
    candidates = shard.metrics().block_candidates.value();
    if (took <= options.block_answer_max) return;
    shard.metrics().slow_block_answers.add();
    pool::log::warn("slow_block_answer",
                    {{"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}});
}

// To write is to call nobody: the connections stay while they are gone through.
void Server::Impl::write_out()
{
    receivers.clear();
    for (const Effects::Write& write : effects.writes) {
        const auto found = conns.find(write.session.value);
        receivers.push_back(found == conns.end() ? nullptr : &found->second);
        if (receivers.back() != nullptr) pool::prefetch(*receivers.back()->tcp);
    }
    for (const Conn* conn : receivers) {
        if (conn != nullptr) conn->tcp->prefetch();
    }
    for (std::size_t at = 0; at < receivers.size(); ++at) {
        Effects::Write& write = effects.writes[at];
        if (receivers[at] != nullptr) send(write.session, *receivers[at], write.bytes);
        effects.reuse(write.bytes);
    }
}

void Server::Impl::on_tick()
{
    const pool::Now now = pool::read_clock();
    shard.on_tick(now);
    note_overdue(now);
    room.round(now.steady);
    shed();
    shard.metrics().handshaking.set(static_cast<std::int64_t>(room.waiting()));
}

PortOptions* Server::Impl::port_at(std::uint16_t number)
{
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        if (listeners[i]->port() == number) return &options.ports[i];
    }
    return nullptr;
}

void Server::Impl::pace()
{
    if (pacing.active() || !shard.pacing()) return;
    pacing = loop.every(pace_every, [this] {
        if (!shard.pace(pool::read_clock())) pacing.stop();
        end_turn();
    });
}

void Server::Impl::stop()
{
    listeners.clear();
    pacing.stop();
    closing.stop();
    open_rest();
    end_turn();
    for (const auto& [id, conn] : conns) shard.acknowledge(pool::SessionId{id}, pool::read_clock());
    end_turn();
    for (auto& [id, conn] : conns) {
        shard.closed(pool::SessionId{id}, EndReason::server_stops, pool::read_clock());
        part(pool::SessionId{id}, conn);
    }
}

}  // namespace stratum
