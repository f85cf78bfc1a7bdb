#include "rpc/shims.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <span>

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

/// Dashboards want an account's workers in one answer; so many are one of megabytes.
constexpr std::size_t listed_most = 10'000;

bool is_connected(const WorkerInfo& worker) { return worker.session_count > 0; }

std::uint64_t connected(const UserInfo& user)
{
    return static_cast<std::uint64_t>(
        std::count_if(user.workers->begin(), user.workers->end(), is_connected));
}

void add_rates(JsonWriter& json, const Hashrates& rates)
{
    json.key("hashrate1m").string(ckpool_rate(rates.m1));
    json.key("hashrate5m").string(ckpool_rate(rates.m5));
    json.key("hashrate1hr").string(ckpool_rate(rates.h1));
    json.key("hashrate1d").string(ckpool_rate(rates.d1));
    json.key("hashrate7d").string(ckpool_rate(rates.d7));
}

/// Difficulties beyond this are of no chain; ckstats reads them as whole numbers.
std::uint64_t whole(double difficulty)
{
    constexpr double most = 9e18;
    return difficulty > 0 ? static_cast<std::uint64_t>(std::min(difficulty, most)) : 0;
}

/// As JavaScript writes dates.
std::string iso_time(pool::UnixMillis at)
{
    const auto seconds = static_cast<std::time_t>(at.value / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, static_cast<unsigned>(at.value % 1000));
    return text.data();
}

void add_blocks(JsonWriter& json, const std::vector<BlockInfo>& blocks)
{
    json.begin_array();
    for (const BlockInfo& block : blocks) {
        json.begin_object().key("height").unsigned_integer(block.height.value);
        if (block.finder_public) {
            json.key("minerAddress").string(block.finder).key("worker").string(block.worker);
        }
        json.end_object();
    }
    json.end_array();
}

// The step that is under way would be a dip at the end.
void add_chart(JsonWriter& json, const HistoryInfo& history)
{
    json.begin_array();
    for (std::size_t i = 0; i + 1 < history.steps.size(); ++i) {
        const HistoryStep& step = history.steps[i];
        json.begin_object().key("label").string(iso_time({step.from_s * 1000}));
        json.key("data").raw(number_json(step.hashrate)).end_object();
    }
    json.end_array();
}

void add_agents(JsonWriter& json, const WorkersSummary& workers)
{
    json.begin_array();
    for (const WorkersSummary::Agent& agent : workers.agents) {
        json.begin_object().key("userAgent").string(agent.name);
        json.key("count").unsigned_integer(agent.workers);
        json.key("bestDifficulty").raw(number_json(agent.best_share));
        json.key("totalHashRate").raw(number_json(agent.rate)).end_object();
    }
    json.end_array();
}

// Without names, as public-pool has them: everybody may read this.
void add_high_scores(JsonWriter& json, const WorkersSummary& workers)
{
    json.begin_array();
    for (const WorkersSummary::Best& best : workers.best) {
        json.begin_object().key("bestDifficulty").raw(number_json(best.difficulty));
        json.key("bestDifficultyUserAgent").string(best.user_agent);
        if (best.at) json.key("updatedAt").string(iso_time(*best.at));
        json.end_object();
    }
    json.end_array();
}

void add_worker(JsonWriter& json, const std::string& account, const WorkerInfo& worker)
{
    json.begin_object();
    json.key("workername").string(account + "." + worker.name);
    add_rates(json, worker.rates);
    json.key("lastshare").unsigned_integer(seconds_of(worker.last_share));
    json.key("shares").unsigned_integer(worker.accepted);
    json.key("bestshare").raw(number_json(worker.best_share));
    json.key("bestever").unsigned_integer(whole(worker.best_share));
    json.end_object();
}

}  // namespace

std::string ckpool_rate(double hashes_per_second)
{
    constexpr std::array suffixes{"", "K", "M", "G", "T", "P", "E", "Z"};
    std::size_t step = 0;
    while (hashes_per_second >= (step == 0 ? 1000 : 999.5) && step + 1 < suffixes.size()) {
        hashes_per_second /= 1000;
        ++step;
    }
    // Without a suffix whole: ckstats takes such a text for an integer.
    if (step == 0) return std::to_string(whole(hashes_per_second));
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
    rates.end_object();
    out += "\n";
    JsonWriter shares{out};
    shares.begin_object();
    // Of the round, in per cent of the work that a block is expected to take.
    shares.key("diff").raw(number_json(std::round(info.round_effort * 10'000) / 100));
    shares.key("accepted").unsigned_integer(info.shares_accepted_session);
    shares.key("rejected").unsigned_integer(rejected);
    const double best = workers.best.empty() ? 0 : workers.best.front().difficulty;
    shares.key("bestshare").unsigned_integer(whole(best));
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
    json.key("bestever").unsigned_integer(whole(user.best_share));
    json.key("authorised").unsigned_integer(0);
    json.key("worker").begin_array();
    const std::size_t listed = std::min(listed_most, user.workers->size());
    for (const WorkerInfo& worker : std::span{*user.workers}.first(listed)) {
        add_worker(json, user.account, worker);
    }
    json.end_array().end_object();
    return out;
}

std::string public_pool_info(const PoolInfo& info, const WorkersSummary& workers,
                             const std::vector<BlockInfo>& blocks, pool::UnixMillis now)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("blockData");
    add_blocks(json, blocks);
    json.key("userAgents");
    add_agents(json, workers);
    json.key("highScores");
    add_high_scores(json, workers);
    const std::uint64_t up_ms = std::min(info.uptime_s * 1000, now.value);
    json.key("uptime").string(iso_time({now.value - up_ms})).end_object();
    return out;
}

std::string public_pool_pool(const PoolInfo& info, const std::vector<BlockInfo>& blocks)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("totalHashRate").raw(number_json(info.rates.m10));
    json.key("blockHeight").unsigned_integer(info.height.value);
    json.key("totalMiners").unsigned_integer(info.workers);
    json.key("blocksFound");
    add_blocks(json, blocks);
    json.end_object();
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

std::string public_pool_chart(const HistoryInfo& history)
{
    std::string out;
    JsonWriter json{out};
    add_chart(json, history);
    return out;
}

std::string public_pool_client(const UserInfo& user)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("bestDifficulty").raw(number_json(user.best_share));
    json.key("workersCount").unsigned_integer(connected(user));
    json.key("workers").begin_array();
    std::size_t listed = 0;
    for (const WorkerInfo& worker : *user.workers) {
        if (!is_connected(worker)) continue;
        if (++listed > listed_most) break;
        json.begin_object().key("sessionId").string(worker.name).key("name").string(worker.name);
        json.key("hashRate").raw(number_json(worker.rates.m10));
        json.key("bestDifficulty").raw(number_json(worker.best_share));
        // The newest are listed first; of more than are listed the oldest is not known.
        if (!worker.sessions.empty()) {
            json.key("startTime").string(iso_time(worker.sessions.back().connected));
        }
        if (worker.last_share) json.key("lastSeen").string(iso_time(*worker.last_share));
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string public_pool_worker(const WorkerInfo& worker, const HistoryInfo& history)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("sessionId").string(worker.name).key("name").string(worker.name);
    json.key("bestDifficulty").unsigned_integer(whole(worker.best_share));
    json.key("chartData");
    add_chart(json, history);
    json.end_object();
    return out;
}

}  // namespace rpc::shims
