#include "tests/bench/connections_server.h"

#include <chrono>
#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/bitcoin/target.h"
#include "pool/runtime/loop.h"
#include "stratum/gate.h"
#include "stratum/server.h"
#include "stratum/tls.h"

namespace bench {
namespace {

/// Takes shares and keeps none.
class Forgetful final : public pool::ShareLog {
public:
    pool::MemberHandle member(const pool::AccountKey&) override { return {1}; }
    pool::WorkerHandle worker(pool::MemberHandle, std::string_view) override
    {
        return {++workers_};
    }
    pool::Result<void> append(std::span<pool::ShareRecord> records, pool::UnixMillis now) override
    {
        for (pool::ShareRecord& record : records) record.at = now;
        return {};
    }
    pool::UnixMillis time_of(pool::UnixMillis now) const override { return now; }
    pool::Result<void> note_job(const pool::JobRecord&, pool::UnixMillis) override { return {}; }
    pool::Result<void> tick(pool::UnixMillis) override { return {}; }

private:
    std::uint32_t workers_ = 0;
};

std::shared_ptr<const pool::Job> make_job(std::uint32_t number)
{
    auto job = std::make_shared<pool::Job>();
    job->id = {0x6a000000 + number};
    job->height = {900'000};
    job->previous.bytes.fill(static_cast<std::uint8_t>(number));
    job->version = 0x20000000;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x1d00ffff};
    job->network_target = pool::difficulty_one_target();
    job->time_start = pool::to_seconds(pool::read_clock().wall);
    job->time_min = {job->time_start.seconds - 3600};
    job->clean = true;  // so that it goes out at once
    job->coinbase_prefix = pool::from_hex(
                               "02000000010000000000000000000000000000000000000000000000"
                               "000000000000000000ffffffff1003a0bb0d")
                               .value_or(pool::Bytes{});
    job->coinbase_suffix = pool::Bytes(200, static_cast<std::uint8_t>(number));
    job->branch.resize(12);  // of a full block
    job->extranonce_bytes = 12;
    job->reward = {312'500'000};
    return job;
}

void say(int words, Word word)
{
    pool::check(::write(words, &word, sizeof word) == sizeof word, "the bench listens");
}

}  // namespace

void serve(int commands, int words, const std::string& certificate, const std::string& key)
{
    pool::Loop loop;
    Forgetful log;
    stratum::GateOptions open;
    open.address = {};
    open.prefix = {};
    open.lines_per_second = 0;
    stratum::Gate gate{open};
    stratum::ServerOptions options;
    options.ports.push_back(
        {.listen = {"127.0.0.1", 0}, .difficulty = {.min = {-32}, .max = {-32}, .start = {-32}}});
    options.shard.session.difficulty = options.ports[0].difficulty;
    options.shard.prefixes = stratum::prefix_range(0, 0, 1);
    options.shard.seed = 1;
    options.shard.gate = &gate;
    options.shard.hasher = pool::HeaderHasher::calibrated();
    auto directory =
        std::make_shared<const stratum::AccountDirectory>(stratum::AccountDirectory{{"user", {1}}});
    stratum::Server server{loop, options, log, directory, [](const auto&) {}};
    auto tls = stratum::TlsContext::load(certificate, key);
    pool::check(tls.has_value(), "a certificate of ours");
    server.set_tls(*tls);
    std::uint32_t published = 0;
    server.publish(make_job(++published));
    const auto ports = server.start();
    pool::check(ports.has_value(), "the kernel has a free port");
    say(words, ports->front());

    std::thread orders{[&] {
        Command command;
        while (::read(commands, &command, sizeof command) == sizeof command &&
               command.what == Command::What::publish) {
            for (std::uint32_t at = 0; at < command.jobs; ++at) {
                loop.post([&] {
                    say(words, std::chrono::steady_clock::now().time_since_epoch().count());
                    server.publish(make_job(++published));
                });
                std::this_thread::sleep_for(std::chrono::milliseconds{command.gap_ms});
            }
        }
        loop.stop();
    }};
    loop.run();
    orders.join();
}

}  // namespace bench
