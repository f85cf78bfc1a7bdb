#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>

#include "pool/base/json.h"
#include "rpc/shims.h"
#include "rpc/views.h"

namespace rpc::shims {
namespace {

using pool::JsonWriter;

constexpr double hashes_a_difficulty = 4294967296.0;  // 2^32
constexpr double block_seconds = 600;
constexpr std::string_view mode_name = "pplns";  // of all work here

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
void add_chart(JsonWriter& json, const HistoryInfo& history, bool with_mode = false)
{
    json.begin_array();
    for (std::size_t i = 0; i + 1 < history.steps.size(); ++i) {
        const HistoryStep& step = history.steps[i];
        json.begin_object().key("label").string(iso_time({step.from_s * 1000}));
        json.key("data").raw(number_json(step.hashrate));
        if (with_mode) json.key("payoutMode").string(mode_name);
        json.end_object();
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

/// What rates and best shares come to, in the words of its accounting.
void add_work(JsonWriter& json, const Hashrates& rates, double best_share)
{
    json.key("bestSubmissionDifficulty").raw(number_json(best_share));
    json.key("creditedDifficultyLastHour").raw(number_json(rates.h1 * 3600 / hashes_a_difficulty));
    json.key("creditedDifficultyLast10Minutes")
        .raw(number_json(rates.m10 * 600 / hashes_a_difficulty));
    json.key("hashRateLastHour").raw(number_json(rates.h1));
    json.key("hashRateLast10Minutes").raw(number_json(rates.m10));
}

}  // namespace

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

std::string public_pool_mode_chart(const HistoryInfo& history, Mode mode)
{
    std::string out;
    JsonWriter json{out};
    add_chart(json, mode == Mode::solo ? HistoryInfo{} : history, true);
    return out;
}

std::string public_pool_accounting(const PoolInfo& info, const WorkersSummary& workers, Mode mode)
{
    const bool any = mode != Mode::solo;
    const bool best = any && !workers.best.empty();
    const double effort = any ? info.round_effort : 0;
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    add_work(json, any ? info.rates : Hashrates{}, best ? workers.best.front().difficulty : 0);
    const auto at = best ? workers.best.front().at : std::nullopt;
    if (at) json.key("bestSubmissionDifficultyAt").string(iso_time(*at));
    json.key("totalCreditedDifficulty").raw(number_json(effort * info.network_difficulty));
    json.key("networkDifficultyPercent").raw(number_json(effort * 100)).end_object();
    return out;
}

std::string public_pool_client(const UserInfo& whole, Mode mode)
{
    const UserInfo user = mode == Mode::solo ? UserInfo{} : whole;
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("bestDifficulty").raw(number_json(user.best_share));
    json.key("accounting").begin_object();
    add_work(json, user.rates, user.best_share);
    json.end_object();
    json.key("workersCount").unsigned_integer(connected(user));
    json.key("workers").begin_array();
    std::size_t listed = 0;
    for (const WorkerInfo& worker : *user.workers) {
        if (!is_connected(worker)) continue;
        if (++listed > listed_most) break;
        json.begin_object().key("sessionId").string(worker.name).key("name").string(worker.name);
        json.key("payoutMode").string(mode_name);
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
    json.key("payoutMode").string(mode_name);
    json.key("bestDifficulty").unsigned_integer(whole_difficulty(worker.best_share));
    json.key("chartData");
    add_chart(json, history);
    json.end_object();
    return out;
}

}  // namespace rpc::shims
