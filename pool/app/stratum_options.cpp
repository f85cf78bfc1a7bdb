#include "pool/app/stratum_options.h"

#include <algorithm>
#include <random>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "pool/bitcoin/target.h"
#include "stratum/v2/noise_keys.h"

namespace pool {
namespace {

Difficulty grid(double difficulty)
{
    return difficulty_at_most(difficulty).value_or(difficulty_min);
}

std::vector<stratum::Network> networks(const std::vector<std::string>& texts)
{
    std::vector<stratum::Network> list;
    for (const std::string& text : texts) {
        if (const auto network = stratum::parse_network(text)) list.push_back(*network);
    }
    return list;
}

stratum::DifficultyLimits difficulty_of(const Config& config)
{
    return {.min = grid(config.min_difficulty),
            .max = grid(config.max_difficulty),
            .start = grid(config.start_difficulty),
            .shares_per_minute = static_cast<double>(config.shares_per_minute),
            .vary = config.vary_difficulty,
            .easy_shares = static_cast<double>(config.easy_shares)};
}

stratum::PortOptions port_of(const Config& config, const ListenerConfig& listener)
{
    stratum::DifficultyLimits difficulty = difficulty_of(config);
    if (listener.start_difficulty) difficulty.start = grid(*listener.start_difficulty);
    if (listener.min_difficulty) difficulty.min = grid(*listener.min_difficulty);
    if (listener.max_difficulty) difficulty.max = grid(*listener.max_difficulty);
    // That of [stratum] need not lie within this port's range.
    difficulty.start = std::clamp(difficulty.start, difficulty.min, difficulty.max);
    if (listener.shares_per_minute) difficulty.shares_per_minute = *listener.shares_per_minute;
    if (listener.vary_difficulty) difficulty.vary = *listener.vary_difficulty;
    return {.listen = listener.listen,
            .difficulty = difficulty,
            .extranonce2_bytes = static_cast<std::uint8_t>(listener.extranonce2_bytes),
            .tls_only = listener.tls_only,
            .proxies = networks(listener.proxies),
            .proxy_only = listener.proxy_only};
}

}  // namespace

stratum::ServerOptions stratum_options(const Config& config, const HeaderHasher& hasher,
                                       std::size_t loop, std::size_t loops)
{
    std::random_device random;
    stratum::ServerOptions options;
    options.ports.push_back({.listen = config.stratum_listen,
                             .difficulty = difficulty_of(config),
                             .extranonce2_bytes = 0,
                             .tls_only = false,
                             .proxies = networks(config.proxies),
                             .proxy_only = config.proxy_only});
    for (const ListenerConfig& listener : config.listeners) {
        options.ports.push_back(port_of(config, listener));
    }
    options.reuse_port = loops > 1;
    options.write_queue_max = std::size_t{config.write_queue_kib} << 10;
    options.write_stall_max = std::chrono::seconds{config.write_stall_seconds};
    options.block_answer_max = std::chrono::milliseconds{config.block_answer_ms};
    options.handshaking_max = config.handshaking_max;

    stratum::v1::SessionOptions& session = options.shard.session;
    session.chain = config.chain;
    session.difficulty = difficulty_of(config);
    session.extranonce2_bytes = rolled_bytes;
    session.resume = config.stratum_resume;
    session.workers_max = config.workers_max;
    session.bad_shares_max = config.bad_shares_max;
    session.stale_shares_max = config.stale_shares_max;
    session.line_bytes = config.line_bytes;
    session.line_bytes_handshake = config.line_bytes_handshake;
    session.json.depth_max = config.json_depth;
    session.json.values_max = config.json_values;
    session.job_line_bytes = config.job_line_bytes;
    session.lines_per_second = config.lines_per_second;
    session.lines_burst = 5.0 * config.lines_per_second;
    session.answers_bytes = options.write_queue_max;
    session.first_line_within = std::chrono::seconds{config.first_line_seconds};
    session.subscribe_within = std::chrono::seconds{config.subscribe_seconds};
    session.authorize_within = std::chrono::seconds{config.authorize_seconds};
    session.line_within = std::chrono::seconds{config.line_seconds};
    session.bad_requests_max = config.bad_requests;
    session.idle_max = std::chrono::minutes{config.idle_minutes};
    options.shed_after = std::chrono::seconds{config.shed_seconds};

    stratum::v2::SessionOptions& v2 = options.shard.v2;
    v2.channels_max = config.workers_max;
    v2.workers_max = config.workers_max;
    v2.bad_requests_max = config.bad_requests;
    v2.bad_shares_max = session.bad_shares_max;
    v2.frames_per_second = session.lines_per_second;
    v2.frames_burst = session.lines_burst;
    v2.answers_bytes = session.answers_bytes;
    v2.channel_within = session.authorize_within;
    v2.frame_within = session.line_within;
    v2.idle_max = session.idle_max;

    options.shard.declare_jobs = config.declare_jobs;
    options.shard.loop = static_cast<std::uint32_t>(loop);
    options.shard.prefixes =
        stratum::prefix_range(static_cast<std::uint8_t>(config.extranonce_server),
                              static_cast<std::uint32_t>(loop), static_cast<std::uint32_t>(loops));
    options.shard.seed = std::uint64_t{random()} << 32 | random();
    stratum::v2::fill_random(options.shard.session_key);
    options.shard.hasher = hasher;
    return options;
}

Result<HeaderHasher> choose_hasher(const std::string& kernel)
{
    if (kernel == "auto") return HeaderHasher::calibrated();
    auto one = HeaderHasher::with(kernel);
    if (!one) return fail(Error::Code::invalid, "stratum.hash_kernel: " + one.error().detail);
    return one;
}

std::vector<Endpoint> stratum_endpoints(const Config& config)
{
    std::vector<Endpoint> endpoints{config.stratum_listen};
    for (const ListenerConfig& listener : config.listeners) endpoints.push_back(listener.listen);
    return endpoints;
}

stratum::GateOptions gate_options(const Config& config)
{
    stratum::GateOptions options = config.gate;
    rlimit files{};
    if (options.connections_max == 0 && ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        options.connections_max = static_cast<std::size_t>(files.rlim_cur / 10 * 9);
    }
    return options;
}

}  // namespace pool
