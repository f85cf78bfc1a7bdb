#include <algorithm>
#include <utility>

#include "stratum/server_impl.h"

namespace stratum {

Server::Server(pool::Loop& loop, ServerOptions options, pool::ShareLog& log,
               std::shared_ptr<const AccountDirectory> directory, Shard::OnCandidate on_candidate)
    : impl_(std::make_unique<Impl>(loop, std::move(options), log, std::move(directory),
                                   std::move(on_candidate)))
{
}

Server::~Server() = default;

pool::Result<std::vector<std::uint16_t>> Server::start() { return impl_->start(); }

void Server::publish(std::shared_ptr<const pool::Job> job)
{
    const pool::SteadyTime began = pool::read_clock().steady;
    const bool urgent = !job->routine;
    impl_->shard.on_job(std::move(job), pool::read_clock(), [this] { impl_->end_turn(0); });
    impl_->end_turn();
    if (urgent) impl_->times.published.add(pool::read_clock().steady - began);
    impl_->pace();
}

void Server::prepare(std::shared_ptr<const pool::Job> job)
{
    impl_->shard.prepare(std::move(job), pool::read_clock());
    impl_->pace();
}

void Server::set_directory(std::shared_ptr<const AccountDirectory> directory)
{
    impl_->shard.set_directory(std::move(directory));
}

void Server::set_tls(std::shared_ptr<const TlsContext> context) { impl_->tls = std::move(context); }

void Server::set_identity(std::shared_ptr<const v2::Identity> identity)
{
    impl_->shard.set_identity(std::move(identity));
}

void Server::stop() { impl_->stop(); }

void Server::drain(std::chrono::milliseconds over)
{
    impl_->listeners.clear();
    impl_->shard.ask_to_reconnect(over, pool::read_clock());
    impl_->end_turn();
    impl_->pace();
}

void Server::announce(std::string_view text)
{
    impl_->shard.announce(text, pool::read_clock());
    impl_->end_turn();
}

bool Server::kick(pool::SessionId id) { return impl_->shard.kick(id); }

bool Server::fix_difficulty(pool::SessionId id, pool::Difficulty difficulty)
{
    return impl_->shard.fix_difficulty(id, difficulty);
}

std::optional<std::size_t> Server::set_bounds(std::uint16_t port, pool::Difficulty least,
                                              pool::Difficulty most)
{
    PortOptions* const meant = impl_->port_at(port);
    if (meant == nullptr) return std::nullopt;
    DifficultyLimits& limits = meant->difficulty;
    limits.min = least;
    limits.max = most;
    limits.start = std::clamp(limits.start, least, most);
    std::size_t count = 0;
    for (const auto& [id, conn] : impl_->conns) {
        if (conn.port != meant || conn.intake != nullptr) continue;
        impl_->shard.set_bounds(pool::SessionId{id}, least, most);
        ++count;
    }
    return count;
}

std::size_t Server::reset_worker(const std::string& account, const std::string& name)
{
    return impl_->shard.reset_worker(account, name);
}

std::vector<SessionSnapshot> Server::snapshot() const
{
    return impl_->shard.snapshot(pool::read_clock());
}

std::size_t Server::connections() const { return impl_->conns.size(); }

bool Server::count_some(Census& census) const
{
    return impl_->shard.count_some(census, pool::read_clock());
}

const ServerTimes& Server::times() const { return impl_->times; }

const std::deque<PortSessions>& Server::sessions_by_port() const { return impl_->sessions_by_port; }

const ShardMetrics& Server::metrics() const { return impl_->shard.metrics(); }

}  // namespace stratum
