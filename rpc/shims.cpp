#include "rpc/shims.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>

#include "pool/base/json.h"
#include "rpc/views.h"

namespace rpc::shims {
namespace {

using pool::JsonWriter;

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
    json.key("bestever").unsigned_integer(whole_difficulty(worker.best_share));
    json.end_object();
}

}  // namespace

std::uint64_t connected(const UserInfo& user)
{
    return static_cast<std::uint64_t>(
        std::count_if(user.workers->begin(), user.workers->end(), is_connected));
}

std::uint64_t whole_difficulty(double difficulty)
{
    constexpr double most = 9e18;
    return difficulty > 0 ? static_cast<std::uint64_t>(std::min(difficulty, most)) : 0;
}

std::string ckpool_rate(double hashes_per_second)
{
    constexpr std::array suffixes{"", "K", "M", "G", "T", "P", "E", "Z"};
    std::size_t step = 0;
    while (hashes_per_second >= (step == 0 ? 1000 : 999.5) && step + 1 < suffixes.size()) {
        hashes_per_second /= 1000;
        ++step;
    }
    // Without a suffix whole: ckstats takes such a text for an integer.
    if (step == 0) return std::to_string(whole_difficulty(hashes_per_second));
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), hashes_per_second < 999.5 ? "%.3g%s" : "%.0f%s",
                  hashes_per_second, suffixes.at(step));
    return text.data();
}

std::string ckpool_status(const PoolInfo& info, const WorkersSummary& workers, pool::UnixMillis now)
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
    life.key("Disconnected").unsigned_integer(workers.disconnected).end_object();
    out += "\n";
    JsonWriter rates{out};
    rates.begin_object();
    add_rates(rates, info.rates);
    rates.key("hashrate15m").string(ckpool_rate(info.rates.m15));
    rates.key("hashrate6hr").string(ckpool_rate(info.rates.h6));
    rates.end_object();
    out += "\n";
    JsonWriter shares{out};
    shares.begin_object();
    // Of the round, in per cent of the work that a block is expected to take.
    shares.key("diff").raw(number_json(std::round(info.round_effort * 10'000) / 100));
    shares.key("accepted").unsigned_integer(info.shares_accepted_session);
    shares.key("rejected").unsigned_integer(rejected);
    const double best = workers.best.empty() ? 0 : workers.best.front().difficulty;
    shares.key("bestshare").unsigned_integer(whole_difficulty(best));
    const auto rate = [&](std::string_view key, double per_second) {
        shares.key(key).raw(number_json(std::round(per_second * 100) / 100));
    };
    rate("SPS1m", workers.shares.m1);
    rate("SPS5m", workers.shares.m5);
    rate("SPS15m", workers.shares.m15);
    rate("SPS1h", workers.shares.h1);
    shares.end_object();
    return out + "\n";
}

std::string ckpool_user(const UserInfo& user)
{
    std::uint64_t last = 0;
    for (const WorkerInfo& worker : *user.workers) {
        last = std::max(last, seconds_of(worker.last_share));
    }
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    add_rates(json, user.rates);
    json.key("lastshare").unsigned_integer(last);
    json.key("workers").unsigned_integer(connected(user));
    json.key("shares").unsigned_integer(user.shares);
    json.key("bestshare").raw(number_json(user.best_share));
    json.key("bestever").unsigned_integer(whole_difficulty(user.best_share));
    json.key("authorised").unsigned_integer(0);
    json.key("worker").begin_array();
    const std::size_t listed = std::min(listed_most, user.workers->size());
    for (const WorkerInfo& worker : std::span{*user.workers}.first(listed)) {
        add_worker(json, user.account, worker);
    }
    json.end_array().end_object();
    return out;
}

}  // namespace rpc::shims
