#include "pool/app/miners.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "pool/app/ban_file.h"
#include "pool/base/log.h"
#include "pool/bitcoin/target.h"

namespace pool {
namespace {

Result<stratum::Network> network_of(const std::string& text)
{
    const auto network = stratum::parse_network(text);
    if (!network) return fail(Error::Code::invalid, "no address and no network like 10.0.0.0/8");
    return *network;
}

/// Adds up what each loop has counted; tells on the rpc loop once all have.
class Sum {
public:
    Sum(Loop& rpc_loop, std::size_t loops, std::function<void(Result<std::size_t>)> done)
        : rpc_loop_(rpc_loop), round_(std::make_shared<Round>(Round{loops, 0, std::move(done)}))
    {
    }
    std::function<void(std::size_t)> part() const
    {
        return [&loop = rpc_loop_, round = round_](std::size_t count) {
            loop.post([round, count] {
                round->count += count;
                if (--round->open == 0) round->done(round->count);
            });
        };
    }

private:
    struct Round {
        std::size_t open = 0;
        std::size_t count = 0;
        std::function<void(Result<std::size_t>)> done;
    };
    Loop& rpc_loop_;
    std::shared_ptr<Round> round_;
};

bool mines_for(const stratum::SessionSnapshot& session, const std::string& account)
{
    return std::any_of(session.workers.begin(), session.workers.end(),
                       [&](const auto& worker) { return worker.account == account; });
}

rpc::ConnectionInfo connection_info(std::size_t loop, const stratum::SessionSnapshot& session)
{
    rpc::ConnectionInfo info;
    info.id = std::to_string(loop) + "-" + std::to_string(session.id.value);
    info.peer = session.peer;
    info.user_agent = session.user_agent;
    info.connected = session.connected;
    info.difficulty = session.difficulty;
    info.workers = session.names;
    for (const stratum::WorkerSnapshot& worker : session.workers) {
        if (info.worker.empty()) info.worker = worker.account + "." + worker.worker;
        info.accepted += worker.counts.accepted;
        info.rejected += worker.counts.stale + worker.counts.rejected();
    }
    return info;
}

/// Is it the connection, or one of those, that an admin has named?
bool is_meant(const stratum::SessionSnapshot& session, const std::string& who,
              const std::optional<stratum::Network>& network)
{
    if (network) {
        const auto peer = parse_endpoint(session.peer);
        const auto address = peer ? stratum::parse_ip(peer->host) : std::nullopt;
        return address && network->holds(*address);
    }
    return std::any_of(session.workers.begin(), session.workers.end(), [&](const auto& worker) {
        return who == worker.account || who == worker.account + "." + worker.worker;
    });
}

}  // namespace

Miners::Miners(Loop& rpc_loop, stratum::Gate& gate, std::vector<StratumLoop*> loops,
               std::filesystem::path bans_file)
    : rpc_loop_(rpc_loop), gate_(gate), loops_(std::move(loops)), bans_file_(std::move(bans_file))
{
}

void Miners::drain(std::optional<std::chrono::seconds> over)
{
    for (StratumLoop* loop : loops_) loop->drain(over);
}

std::vector<rpc::BanInfo> Miners::bans()
{
    std::vector<rpc::BanInfo> list;
    for (auto& ban : gate_.bans(read_clock().steady)) {
        list.push_back({std::move(ban.network), ban.left});
    }
    return list;
}

Result<void> Miners::ban(const std::string& network, std::chrono::seconds time)
{
    const auto wanted = network_of(network);
    if (!wanted) return fail(wanted.error());
    const SteadyTime now = read_clock().steady;
    if (auto put = gate_.ban(*wanted, now + time, now); !put) return put;
    log::info("banned", {{"network", to_string(*wanted)}, {"seconds", time.count()}});
    return keep_bans();
}

// An admin's word is rare, and he waits for it: so may the rpc loop, for the disk.
Result<void> Miners::keep_bans()
{
    const Now now = read_clock();
    auto kept = write_bans(bans_file_, gate_.admins_bans(now.steady), now);
    if (kept) return kept;
    return fail(Error::Code::io, "it holds until the next start only: " + kept.error().detail);
}

Result<void> Miners::unban(const std::string& network)
{
    const auto wanted = network_of(network);
    if (!wanted) return fail(wanted.error());
    if (!gate_.unban(*wanted)) return fail(Error::Code::not_found, "nothing of it was banned");
    log::info("ban_lifted", {{"network", to_string(*wanted)}});
    return keep_bans();
}

void Miners::fix_difficulty(const std::string& account, const std::string& worker,
                            double difficulty, std::function<void(Result<std::size_t>)> done)
{
    const auto wanted = difficulty_at_most(difficulty);
    if (!wanted) return done(fail(Error::Code::invalid, "no positive number"));
    const Sum sum{rpc_loop_, loops_.size(), std::move(done)};
    for (StratumLoop* loop : loops_) loop->fix_difficulty(account, worker, *wanted, sum.part());
}

void Miners::set_bounds(std::uint16_t port, double least, double most,
                        std::function<void(Result<std::size_t>)> done)
{
    const auto low = difficulty_at_most(least);
    const auto high = difficulty_at_most(most);
    if (!low || !high || *high < *low) {
        return done(fail(Error::Code::invalid, "these are no bounds of a difficulty"));
    }
    // All loops share the ports: one that knows it is enough to tell that it is ours.
    const auto known = std::make_shared<std::atomic<bool>>(false);
    const Sum sum{rpc_loop_, loops_.size(),
                  [known, done = std::move(done)](const Result<std::size_t>& count) {
                      if (!*known) {
                          return done(fail(Error::Code::not_found, "no port for miners of ours"));
                      }
                      done(count);
                  }};
    for (StratumLoop* loop : loops_) {
        loop->set_bounds(port, *low, *high,
                         [known, part = sum.part()](const std::optional<std::size_t>& count) {
                             if (count) *known = true;
                             part(count.value_or(0));
                         });
    }
}

void Miners::reset_worker(const std::string& account, const std::string& worker,
                          std::function<void(Result<std::size_t>)> done)
{
    const Sum sum{rpc_loop_, loops_.size(),
                  [done = std::move(done)](const Result<std::size_t>& count) {
                      if (count && *count == 0) {
                          return done(fail(Error::Code::not_found, "no such worker in a week"));
                      }
                      done(count);
                  }};
    for (StratumLoop* loop : loops_) loop->reset_worker(account, worker, sum.part());
}

void Miners::connections(std::size_t limit, const std::string& account,
                         std::function<void(Result<std::vector<rpc::ConnectionInfo>>)> done)
{
    struct Round {
        std::size_t open = 0;
        std::vector<rpc::ConnectionInfo> found;
        std::function<void(Result<std::vector<rpc::ConnectionInfo>>)> done;
    };
    const auto round = std::make_shared<Round>();
    round->open = loops_.size();
    round->done = std::move(done);
    const auto finish = [limit](Round& of) {
        std::sort(of.found.begin(), of.found.end(), [](const auto& a, const auto& b) {
            return std::tie(a.connected, a.id) < std::tie(b.connected, b.id);
        });
        if (of.found.size() > limit) of.found.resize(limit);
        of.done(std::move(of.found));
    };
    for (std::size_t at = 0; at < loops_.size(); ++at) {
        loops_[at]->snapshot([this, round, finish, account, at](const LoopSnapshot& snapshot) {
            std::vector<rpc::ConnectionInfo> part;
            for (const stratum::SessionSnapshot& session : snapshot.sessions) {
                if (!account.empty() && !mines_for(session, account)) continue;
                part.push_back(connection_info(at, session));
            }
            rpc_loop_.post([round, finish, part = std::move(part)] {
                round->found.insert(round->found.end(), part.begin(), part.end());
                if (--round->open == 0) finish(*round);
            });
        });
    }
}

void Miners::disconnect(const std::string& who, std::function<void(Result<std::size_t>)> done)
{
    const auto network = stratum::parse_network(who);
    const Sum sum{rpc_loop_, loops_.size(), std::move(done)};
    for (std::size_t at = 0; at < loops_.size(); ++at) {
        const std::string prefix = std::to_string(at) + "-";
        loops_[at]->disconnect(
            [who, network, prefix](const stratum::SessionSnapshot& session) {
                return who == prefix + std::to_string(session.id.value) ||
                       is_meant(session, who, network);
            },
            sum.part());
    }
}

}  // namespace pool
