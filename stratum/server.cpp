#include "stratum/server.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "pool/base/time.h"
#include "stratum/first_bytes.h"

namespace stratum {
namespace {

constexpr std::chrono::seconds tick{1};

std::string_view as_text(std::span<const std::uint8_t> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

EndReason reason_of(pool::CloseReason reason)
{
    return reason == pool::CloseReason::write_overflow ? EndReason::write_stalled
                                                       : EndReason::peer_left;
}

}  // namespace

struct Server::Impl {
    struct Conn {
        std::unique_ptr<pool::TcpConn> tcp;
        bool known = false;       // as a Stratum client
        std::string first_bytes;  // until it is known; fewer than first_bytes_max
        std::optional<pool::SteadyTime> unsent_since;
    };

    Impl(pool::Loop& on_loop, ServerOptions wanted, pool::ShareLog& log,
         std::shared_ptr<const AccountDirectory> directory, Shard::OnCandidate on_candidate)
        : loop(on_loop),
          options(std::move(wanted)),
          shard(options.shard, log, std::move(directory), std::move(on_candidate))
    {
    }

    pool::Result<std::uint16_t> start();
    void accept(std::unique_ptr<pool::TcpConn> tcp);
    void on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes);
    bool is_stratum(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes);
    void end_turn();
    void on_tick();
    void drop_stalled(pool::Now now);
    void stop();

    pool::Loop& loop;
    ServerOptions options;
    Shard shard;
    std::unordered_map<std::uint64_t, Conn> conns;
    Effects effects;
    std::unique_ptr<pool::TcpListener> listener;
    pool::Watch ticking;
    pool::Watch turn_end;
};

pool::Result<std::uint16_t> Server::Impl::start()
{
    auto opened = pool::TcpListener::listen(
        loop,
        {.address = options.listen, .reuse_port = options.reuse_port, .backlog = options.backlog},
        [this](std::unique_ptr<pool::TcpConn> tcp) { accept(std::move(tcp)); });
    if (!opened) return pool::fail(opened.error());
    listener = std::move(*opened);
    ticking = loop.every(tick, [this] { on_tick(); });
    turn_end = loop.at_turn_end([this] { end_turn(); });
    return listener->port();
}

void Server::Impl::accept(std::unique_ptr<pool::TcpConn> tcp)
{
    const pool::SessionId id = shard.open(pool::to_string(tcp->peer()), pool::read_clock());
    tcp->set_write_queue_max(options.write_queue_max);
    Conn& conn = conns[id.value];
    conn.tcp = std::move(tcp);
    conn.tcp->start({
        .on_bytes = [this, id](std::span<const std::uint8_t> bytes) { on_bytes(id, bytes); },
        .on_close =
            [this, id](pool::CloseReason reason) {
                shard.closed(id, reason_of(reason), pool::read_clock());
                conns.erase(id.value);
            },
    });
}

void Server::Impl::on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes)
{
    const auto found = conns.find(id.value);
    if (found == conns.end()) return;
    std::string held = std::exchange(found->second.first_bytes, {});
    if (!held.empty()) {
        held.append(as_text(bytes));
        bytes = pool::as_bytes(held);
    }
    if (!found->second.known && !is_stratum(id, found->second, bytes)) return;
    shard.on_bytes(id, bytes, pool::read_clock());
}

// Sends away who is no miner. May drop the connection: `conn` is not to be used after a false.
bool Server::Impl::is_stratum(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes)
{
    Caller caller = caller_of(as_text(bytes));
    if (caller == Caller::stratum_v2 && !shard.v2_open()) caller = Caller::nobody;
    switch (caller) {
        case Caller::more:
            conn.first_bytes = as_text(bytes);
            return false;
        case Caller::stratum_v1:
            conn.known = true;
            return true;
        case Caller::stratum_v2:
            conn.known = true;
            shard.use_v2(id, pool::read_clock());
            return true;
        case Caller::http:
            conn.tcp->write(http_refusal);
            conn.tcp->close_after_write();
            break;
        case Caller::tls:
        case Caller::proxy:
        case Caller::nobody:
            conns.erase(id.value);
            break;
    }
    shard.closed(id, EndReason::not_stratum, pool::read_clock());
    return false;
}

// The end of a turn: everything that came in is judged together, everything that goes out is one
// write a connection.
void Server::Impl::end_turn()
{
    const pool::Now now = pool::read_clock();
    shard.flush(now);
    shard.take_effects(effects, now);
    for (Effects::Write& write : effects.writes) {
        const auto found = conns.find(write.session.value);
        if (found != conns.end()) found->second.tcp->write(write.bytes);
        effects.reuse(write.bytes);
    }
    for (const Effects::Close& close : effects.closes) {
        const auto found = conns.find(close.session.value);
        if (found != conns.end()) found->second.tcp->close_after_write();
    }
}

void Server::Impl::on_tick()
{
    const pool::Now now = pool::read_clock();
    shard.on_tick(now);
    drop_stalled(now);
}

void Server::Impl::drop_stalled(pool::Now now)
{
    for (auto at = conns.begin(); at != conns.end();) {
        auto& [id, conn] = *at;
        if (conn.tcp->write_queue_bytes() == 0) {
            conn.unsent_since.reset();
        } else if (!conn.unsent_since) {
            conn.unsent_since = now.steady;
        } else if (now.steady - *conn.unsent_since >= options.write_stall_max) {
            shard.closed(pool::SessionId{id}, EndReason::write_stalled, now);
            at = conns.erase(at);
            continue;
        }
        ++at;
    }
}

void Server::Impl::stop()
{
    listener.reset();
    end_turn();
    for (auto& [id, conn] : conns) {
        shard.closed(pool::SessionId{id}, EndReason::server_stops, pool::read_clock());
        conn.tcp->close_after_write();
    }
}

Server::Server(pool::Loop& loop, ServerOptions options, pool::ShareLog& log,
               std::shared_ptr<const AccountDirectory> directory, Shard::OnCandidate on_candidate)
    : impl_(std::make_unique<Impl>(loop, std::move(options), log, std::move(directory),
                                   std::move(on_candidate)))
{
}

Server::~Server() = default;

pool::Result<std::uint16_t> Server::start() { return impl_->start(); }

void Server::publish(std::shared_ptr<const pool::Job> job)
{
    impl_->shard.on_job(std::move(job), pool::read_clock());
    impl_->end_turn();
}

void Server::prepare(std::shared_ptr<const pool::Job> job) { impl_->shard.prepare(std::move(job)); }

void Server::set_directory(std::shared_ptr<const AccountDirectory> directory)
{
    impl_->shard.set_directory(std::move(directory));
}

void Server::set_identity(std::shared_ptr<const v2::Identity> identity)
{
    impl_->shard.set_identity(std::move(identity));
}

void Server::stop() { impl_->stop(); }

void Server::announce(std::string_view text)
{
    impl_->shard.announce(text);
    impl_->end_turn();
}

bool Server::kick(pool::SessionId id) { return impl_->shard.kick(id); }

bool Server::fix_difficulty(pool::SessionId id, pool::Difficulty difficulty)
{
    return impl_->shard.fix_difficulty(id, difficulty);
}

std::vector<SessionSnapshot> Server::snapshot() const
{
    return impl_->shard.snapshot(pool::read_clock());
}

const ShardMetrics& Server::metrics() const { return impl_->shard.metrics(); }

}  // namespace stratum
