#include "pool/app/miners.h"

#include <memory>
#include <utility>

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

}  // namespace

Miners::Miners(Loop& rpc_loop, stratum::Gate& gate, std::vector<StratumLoop*> loops)
    : rpc_loop_(rpc_loop), gate_(gate), loops_(std::move(loops))
{
}

void Miners::drain()
{
    for (StratumLoop* loop : loops_) loop->drain();
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
    gate_.ban(*wanted, time, read_clock().steady);
    log::info("banned", {{"network", to_string(*wanted)}, {"seconds", time.count()}});
    return {};
}

Result<void> Miners::unban(const std::string& network)
{
    const auto wanted = network_of(network);
    if (!wanted) return fail(wanted.error());
    if (!gate_.unban(*wanted)) return fail(Error::Code::not_found, "nothing of it was banned");
    log::info("ban_lifted", {{"network", to_string(*wanted)}});
    return {};
}

void Miners::fix_difficulty(const std::string& account, const std::string& worker,
                            double difficulty, std::function<void(Result<std::size_t>)> done)
{
    const auto wanted = difficulty_at_most(difficulty);
    if (!wanted) return done(fail(Error::Code::invalid, "no positive number"));
    struct Round {
        std::size_t open = 0;
        std::size_t count = 0;
        std::function<void(Result<std::size_t>)> done;
    };
    const auto round = std::make_shared<Round>();
    round->open = loops_.size();
    round->done = std::move(done);
    for (StratumLoop* loop : loops_) {
        loop->fix_difficulty(account, worker, *wanted, [this, round](std::size_t count) {
            rpc_loop_.post([round, count] {
                round->count += count;
                if (--round->open == 0) round->done(round->count);
            });
        });
    }
}

}  // namespace pool
