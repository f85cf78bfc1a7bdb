// Stratum v1 and v2 side by side in one shard: what a share, a handshake, a connection and a new
// block cost the server. The miners' own work (hashing, sealing, reading) is not timed. ./dev bench
// v2
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "pool/bitcoin/target.h"
#include "stratum/client/miner_session.h"
#include "stratum/client/v2_session.h"
#include "stratum/shard.h"
#include "stratum/v2/codec.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/noise.h"
#include "tests/sim/fakes.h"

namespace {

using stratum::client::PoolSession;

enum class Kind : std::uint8_t { v1, standard, extended };

std::shared_ptr<const stratum::v2::Identity> make_identity()
{
    const stratum::v2::Curve curve;
    const auto authority = curve.make_pair();
    stratum::v2::Identity identity{curve.make_pair(), {}, curve.x_only(authority.encoded)};
    identity.certificate =
        stratum::v2::sign_certificate(curve, authority.secret, curve.x_only(identity.key.encoded),
                                      {0}, {0xffffffff}, std::nullopt)
            .value_or(stratum::v2::Certificate{});
    return std::make_shared<const stratum::v2::Identity>(identity);
}

stratum::ShardOptions shard_options()
{
    stratum::ShardOptions options;
    options.session.chain = pool::Chain::regtest;
    options.session.difficulty = {.min = {-32}, .max = {40}, .start = {-32}, .vary = false};
    options.prefixes = stratum::prefix_range(0, 0, 1);
    options.seed = 1;
    options.hasher = pool::HeaderHasher::calibrated();
    options.identity = make_identity();
    return options;
}

// A job like those of a full block: twelve levels of merkle branch, two outputs.
std::shared_ptr<const pool::Job> make_job(std::uint64_t id, std::uint8_t tip, pool::Now now)
{
    auto job = std::make_shared<pool::Job>();
    job->id = {id};
    job->height = {900'000};
    job->previous.bytes.fill(tip);
    job->version = 0x20000000;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x1d00ffff};
    job->network_target = pool::difficulty_one_target();
    job->time_min = {pool::to_seconds(now.wall).seconds - 3600};
    job->time_start = pool::to_seconds(now.wall);
    job->coinbase_prefix.assign(60, 1);
    job->coinbase_suffix.assign(130, 2);
    job->extranonce_bytes = 12;
    job->branch.resize(12);
    return job;
}

class Arena {
public:
    explicit Arena(Kind kind) : kind_(kind) { publish(); }

    std::uint64_t jobs() const { return jobs_; }
    void publish()
    {
        ++jobs_;
        shard.on_job(make_job(jobs_, static_cast<std::uint8_t>(jobs_), now), now);
    }

    // The empty job of the next tip, until everybody has it.
    void send_ahead()
    {
        ++jobs_;
        auto job = std::make_shared<pool::Job>(*make_job(jobs_, 0, now));
        job->branch.clear();
        prepared_ = std::move(job);
        shard.prepare(prepared_, now);
        while (shard.pacing()) {
            now.steady += std::chrono::milliseconds{10};
            shard.pace(now);
            end_turn();
        }
    }
    void publish_prepared()
    {
        auto job = std::make_shared<pool::Job>(*prepared_);
        job->previous.bytes.fill(static_cast<std::uint8_t>(jobs_));
        job->prepared = prepared_;
        shard.on_job(std::move(job), now);
    }

    void connect(std::size_t count, bool keep_clients)
    {
        for (std::size_t i = 0; i < count; ++i) {
            std::unique_ptr<PoolSession> client;
            const pool::SessionId id = shard.reserve();
            if (kind_ == Kind::v1) {
                client = std::make_unique<stratum::client::MinerSession>(login_);
                shard.open(id, "192.0.2.1:4000", options.session.difficulty, now);
            } else {
                const auto channel = kind_ == Kind::standard ? stratum::v2::ChannelKind::standard
                                                             : stratum::v2::ChannelKind::extended;
                client = std::make_unique<stratum::client::V2MinerSession>(
                    login_, stratum::client::V2Wish{channel, std::nullopt, 0, {}});
                shard.open_v2(id, "192.0.2.1:4000", options.session.difficulty, now);
            }
            ids.push_back(id);
            clients.push_back(std::move(client));
            while (clients.back()->job() == nullptr) {
                talk(ids.size() - 1, clients.back()->take_output());
                deliver();
            }
            if (!keep_clients) clients.back().reset();
        }
    }

    void talk(std::size_t at, const std::string& bytes)
    {
        shard.on_bytes(ids[at], pool::as_bytes(bytes), now);
    }
    void end_turn()
    {
        shard.flush(now);
        shard.take_effects(effects, now);
    }
    std::size_t deliver()
    {
        end_turn();
        std::size_t bytes = 0;
        for (auto& write : effects.writes) {
            bytes += write.bytes.size();
            PoolSession* client = clients[write.session.value - ids.front().value].get();
            if (client != nullptr) {
                pool::check(client->on_bytes(pool::as_bytes(write.bytes)).has_value(), "fluent");
            }
            effects.reuse(write.bytes);
        }
        return bytes;
    }

    pool::Now now{pool::SteadyTime{} + std::chrono::hours{1}, {1'746'025'200'000}};
    tests::FakeShareLog log;
    stratum::ShardOptions options = shard_options();
    stratum::Shard shard{
        options, log,
        std::make_shared<const stratum::AccountDirectory>(stratum::AccountDirectory{{"user", {1}}}),
        [](const pool::BlockCandidate&) {}};
    stratum::Effects effects;
    std::vector<pool::SessionId> ids;
    std::vector<std::unique_ptr<PoolSession>> clients;

private:
    Kind kind_;
    std::uint64_t jobs_ = 0;
    std::shared_ptr<const pool::Job> prepared_;
    stratum::client::MinerLogin login_{.user = "user.rig"};
};

// A hundred connections, eight shares each a turn of the loop.
void shares(benchmark::State& state, Kind kind)
{
    constexpr std::size_t connections = 100;
    constexpr std::uint64_t each = 8;
    Arena arena{kind};
    arena.connect(connections, true);
    std::vector<std::string> said(connections);
    std::uint64_t number = 0;
    std::uint64_t sent = 0;
    std::uint64_t heard = 0;
    std::uint64_t turns = 0;
    while (state.KeepRunning()) {
        state.PauseTiming();
        if (++turns % 64 == 0)
            arena.publish();  // the table of a job's shares does not grow forever
        arena.deliver();
        for (std::size_t i = 0; i < connections; ++i) {
            for (std::uint64_t k = 0; k < each; ++k) {
                ++number;
                arena.clients[i]->submit(
                    {arena.clients[i]->job(), number & 0xffff, static_cast<std::uint32_t>(number)});
            }
            said[i] = arena.clients[i]->take_output();
            sent += said[i].size();
        }
        arena.log.shares.clear();
        state.ResumeTiming();
        for (std::size_t i = 0; i < connections; ++i) arena.talk(i, said[i]);
        arena.end_turn();
        state.PauseTiming();
        for (auto& write : arena.effects.writes) {
            heard += write.bytes.size();
            auto& client = arena.clients[write.session.value - arena.ids.front().value];
            pool::check(client->on_bytes(pool::as_bytes(write.bytes)).has_value(), "fluent");
        }
        state.ResumeTiming();
    }
    std::uint64_t accepted = 0;
    for (const auto& client : arena.clients) accepted += client->counts().accepted;
    const auto all = static_cast<double>(turns * connections * each);
    state.SetItemsProcessed(static_cast<std::int64_t>(all));
    state.counters["accepted"] = static_cast<double>(accepted) / all;
    state.counters["bytes_in"] = static_cast<double>(sent) / all;
    state.counters["bytes_out"] = static_cast<double>(heard) / all;
}

// A turn of a hundred shares of standard channels: what one costs must not hang on how many
// channels its connection has.
void shares_of_channels(benchmark::State& state, std::size_t connections, std::size_t channels)
{
    namespace v2 = stratum::v2;
    constexpr std::uint32_t shares_a_turn = 100;
    constexpr std::uint32_t first_channel = 2;
    Arena arena{Kind::standard};
    const v2::Curve curve;
    std::vector<v2::Ciphers> ciphers(connections);
    std::string wire;
    const auto say = [&](std::size_t at, const auto& message) {
        std::string frame;
        v2::append_frame(frame, message);
        v2::seal_frame(ciphers[at].send, pool::as_bytes(frame), wire);
    };
    for (std::size_t at = 0; at < connections; ++at) {
        v2::Initiator initiator{curve, curve.make_pair()};
        arena.ids.push_back(arena.shard.reserve());
        arena.shard.open_v2(arena.ids[at], "192.0.2.1:4000", arena.options.session.difficulty,
                            arena.now);
        const auto& act1 = initiator.act1();
        arena.shard.on_bytes(arena.ids[at], act1, arena.now);
        arena.end_turn();
        const auto act2 = pool::as_bytes(arena.effects.writes.at(0).bytes);
        ciphers[at] = initiator.finish(act2.first<v2::act2_bytes>(), {}).value();
        v2::SetupConnection setup;
        setup.version_min = setup.version_max = 2;
        setup.flags = 1;
        wire.clear();
        say(at, setup);
        for (std::size_t i = 0; i < channels; ++i) {
            say(at, v2::OpenStandard{1, {"user.rig"}, 0, pool::Uint256::max()});
        }
        arena.talk(at, wire);
        for (std::size_t turn = 0; turn <= channels / 50; ++turn) {  // their jobs go out in parts
            arena.end_turn();
            arena.now.steady += std::chrono::seconds{1};
            arena.shard.on_tick(arena.now);
        }
    }
    std::uint32_t number = 0;
    std::vector<std::string> said(connections);
    while (state.KeepRunning()) {
        state.PauseTiming();
        arena.now.steady += std::chrono::milliseconds{20};  // as fast as nobody minds
        if (number % (64 * shares_a_turn) == 0) arena.publish();
        arena.end_turn();
        arena.log.shares.clear();
        for (std::uint32_t k = 0; k < shares_a_turn; ++k, ++number) {
            wire.clear();
            say(k % connections,
                v2::SubmitStandard{.channel = first_channel + static_cast<std::uint32_t>(
                                                                  number / connections % channels),
                                   .sequence = number,
                                   .job = static_cast<std::uint32_t>(arena.jobs()),
                                   .nonce = number,
                                   .time = pool::to_seconds(arena.now.wall).seconds,
                                   .version = 0x20000000});
            said[k % connections] += wire;
        }
        state.ResumeTiming();
        for (std::size_t at = 0; at < connections; ++at) arena.talk(at, said[at]);
        arena.end_turn();
        state.PauseTiming();
        for (std::string& each : said) each.clear();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(number);
    state.counters["accepted"] =
        static_cast<double>(arena.shard.metrics().of(pool::Judgement::accepted).value()) / number;
}

// A new block to ten thousand connections: rendered, sealed, ready to be written.
enum class How : std::uint8_t { whole, prepared };
void new_block(benchmark::State& state, Kind kind, How how)
{
    constexpr std::size_t connections = 10'000;
    Arena arena{kind};
    arena.connect(connections, false);
    std::size_t bytes = 0;
    while (state.KeepRunning()) {
        if (how == How::prepared) {
            state.PauseTiming();
            arena.send_ahead();
            state.ResumeTiming();
            arena.publish_prepared();
        } else {
            arena.publish();
        }
        arena.end_turn();
        state.PauseTiming();
        bytes = 0;
        for (auto& write : arena.effects.writes) {
            bytes += write.bytes.size();
            write.bytes = {};
        }
        state.ResumeTiming();
    }
    state.counters["bytes_a_job"] = static_cast<double>(bytes) / connections;
}

// What ten thousand authorised connections with a job hold on the heap, without their sockets.
void memory(benchmark::State& state, Kind kind)
{
    constexpr std::size_t connections = 10'000;
    while (state.KeepRunning()) {
        Arena arena{kind};
        arena.connect(16, false);
        arena.ids.reserve(connections + 16);
        arena.clients.reserve(connections + 16);
        malloc_trim(0);
        const auto before = mallinfo2().uordblks;
        arena.connect(connections, false);
        const auto held = mallinfo2().uordblks - before;
        state.counters["bytes"] = static_cast<double>(held) / connections;
    }
}

void handshakes(benchmark::State& state)
{
    stratum::v2::Greeter greeter{make_identity()};
    const stratum::v2::Curve curve;
    const auto miner = curve.make_pair();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(greeter.greet(miner.encoded));
    }
    state.SetItemsProcessed(state.iterations());
}

// What a look at ten thousand workers costs a loop, at once and in parts: shares wait for as long.
void snapshot_at_once(benchmark::State& state)
{
    Arena arena{Kind::v1};
    arena.connect(10'000, false);
    while (state.KeepRunning()) benchmark::DoNotOptimize(arena.shard.snapshot(arena.now));
}

void snapshot_in_parts(benchmark::State& state)
{
    Arena arena{Kind::v1};
    arena.connect(10'000, false);
    std::vector<double> parts_us;
    while (state.KeepRunning()) {
        stratum::Census census;
        for (bool more = true; more;) {
            const pool::SteadyTime began = pool::read_clock().steady;
            more = arena.shard.count_some(census, arena.now);
            const std::chrono::duration<double, std::micro> took =
                pool::read_clock().steady - began;
            parts_us.push_back(took.count());
        }
        benchmark::DoNotOptimize(census);
    }
    std::sort(parts_us.begin(), parts_us.end());
    state.counters["part_p50_us"] = parts_us[parts_us.size() / 2];
    state.counters["part_p99_us"] = parts_us[parts_us.size() * 99 / 100];
}

BENCHMARK(handshakes)->Name("v2/handshake")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(shares, v1, Kind::v1)->Name("v2/shares/v1");
BENCHMARK_CAPTURE(shares, standard, Kind::standard)->Name("v2/shares/standard");
BENCHMARK_CAPTURE(shares, extended, Kind::extended)->Name("v2/shares/extended");
BENCHMARK_CAPTURE(shares_of_channels, of_100, 100, 1)->Name("v2/channels/100x1");
BENCHMARK_CAPTURE(shares_of_channels, of_one, 1, 1000)->Name("v2/channels/1x1000");
BENCHMARK_CAPTURE(new_block, v1, Kind::v1, How::whole)
    ->Name("v2/block_10k/v1")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(new_block, standard, Kind::standard, How::whole)
    ->Name("v2/block_10k/standard")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(new_block, extended, Kind::extended, How::whole)
    ->Name("v2/block_10k/extended")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(new_block, prepared_v1, Kind::v1, How::prepared)
    ->Name("v2/prepared_block_10k/v1")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(new_block, prepared_standard, Kind::standard, How::prepared)
    ->Name("v2/prepared_block_10k/standard")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(new_block, prepared_extended, Kind::extended, How::prepared)
    ->Name("v2/prepared_block_10k/extended")
    ->Unit(benchmark::kMillisecond);
BENCHMARK(snapshot_at_once)->Name("v2/snapshot_10k/at_once")->Unit(benchmark::kMicrosecond);
BENCHMARK(snapshot_in_parts)->Name("v2/snapshot_10k/in_parts")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(memory, v1, Kind::v1)->Name("v2/memory/v1")->Iterations(1);
BENCHMARK_CAPTURE(memory, standard, Kind::standard)->Name("v2/memory/standard")->Iterations(1);
BENCHMARK_CAPTURE(memory, extended, Kind::extended)->Name("v2/memory/extended")->Iterations(1);

}  // namespace
