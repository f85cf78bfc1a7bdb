#include "rpc/shims.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "pool/base/json.h"
#include "rpc/views.h"

namespace rpc::shims {
namespace {

using pool::JsonWriter;

constexpr double hashes_a_difficulty = 4294967296.0;  // 2^32
constexpr double block_seconds = 600;

std::uint64_t seconds_of(const std::optional<pool::UnixMillis>& at)
{
    return at ? at->value / 1000 : 0;
}

void add_rates(JsonWriter& json, const Hashrates& rates)
{
    json.key("hashrate1m").string(ckpool_rate(rates.m1));
    json.key("hashrate5m").string(ckpool_rate(rates.m5));
    json.key("hashrate1hr").string(ckpool_rate(rates.h1));
    json.key("hashrate1d").string(ckpool_rate(rates.d1));
    json.key("hashrate7d").string(ckpool_rate(rates.d7));
}

void add_worker(JsonWriter& json, const std::string& account, const WorkerInfo& worker)
{
    json.begin_object();
    json.key("workername").string(account + "." + worker.name);
    add_rates(json, worker.rates);
    json.key("lastshare").unsigned_integer(seconds_of(worker.last_share));
    json.key("shares").unsigned_integer(worker.accepted);
    json.key("bestshare").raw(number_json(worker.best_share));
    json.end_object();
}

}  // namespace

std::string ckpool_rate(double hashes_per_second)
{
    constexpr std::array suffixes{"", "K", "M", "G", "T", "P", "E", "Z"};
    std::size_t step = 0;
    while (hashes_per_second >= 999.5 && step + 1 < suffixes.size()) {
        hashes_per_second /= 1000;
        ++step;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g%s", hashes_per_second, suffixes.at(step));
    return text.data();
}

std::string ckpool_status(const PoolInfo& info, pool::UnixMillis now)
{
    std::uint64_t rejected = info.shares_stale;
    for (const RejectCount& entry : info.shares_rejected) rejected += entry.count;
    std::string out;
    JsonWriter life{out};
    life.begin_object();
    life.key("runtime").unsigned_integer(info.uptime_s);
    life.key("lastupdate").unsigned_integer(now.value / 1000);
    life.key("Users").unsigned_integer(info.users).key("Workers").unsigned_integer(info.workers);
    life.key("Idle").unsigned_integer(info.connections - std::min(info.connections, info.workers));
    life.key("Disconnected").unsigned_integer(0).end_object();
    out += "\n";
    JsonWriter rates{out};
    rates.begin_object();
    add_rates(rates, info.rates);
    rates.key("hashrate15m").string(ckpool_rate(info.rates.m15));
    rates.end_object();
    out += "\n";
    JsonWriter shares{out};
    shares.begin_object();
    shares.key("diff").raw(number_json(info.network_difficulty));
    shares.key("accepted").unsigned_integer(info.shares_accepted_session);
    shares.key("rejected").unsigned_integer(rejected).end_object();
    return out + "\n";
}

std::string ckpool_user(const UserInfo& user)
{
    std::uint64_t last = 0;
    for (const WorkerInfo& worker : user.workers) {
        last = std::max(last, seconds_of(worker.last_share));
    }
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    add_rates(json, user.rates);
    json.key("lastshare").unsigned_integer(last);
    json.key("workers").unsigned_integer(user.workers.size());
    json.key("shares").unsigned_integer(user.shares);
    json.key("bestshare").raw(number_json(user.best_share));
    json.key("worker").begin_array();
    for (const WorkerInfo& worker : user.workers) add_worker(json, user.account, worker);
    json.end_array().end_object();
    return out;
}

std::string public_pool_pool(const PoolInfo& info)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("totalHashRate").raw(number_json(info.rates.m10));
    json.key("blockHeight").unsigned_integer(info.height.value);
    json.key("totalMiners").unsigned_integer(info.workers);
    json.key("blocksFound").unsigned_integer(info.blocks_found).end_object();
    return out;
}

std::string public_pool_network(const PoolInfo& info)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("chain").string(info.chain);
    json.key("blocks").unsigned_integer(info.height.value);
    json.key("difficulty").raw(number_json(info.network_difficulty));
    json.key("networkhashps")
        .raw(number_json(info.network_difficulty * hashes_a_difficulty / block_seconds));
    json.end_object();
    return out;
}

std::string public_pool_client(const UserInfo& user)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("bestDifficulty").raw(number_json(user.best_share));
    json.key("workersCount").unsigned_integer(user.workers.size());
    json.key("workers").begin_array();
    for (const WorkerInfo& worker : user.workers) {
        json.begin_object().key("name").string(worker.name);
        json.key("hashRate").raw(number_json(worker.rates.m10));
        json.key("bestDifficulty").raw(number_json(worker.best_share));
        json.key("lastSeen").unsigned_integer(seconds_of(worker.last_share));
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

}  // namespace rpc::shims
