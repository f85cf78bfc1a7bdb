#include "tests/unit/stratum/talk.h"

#include <utility>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/json.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/sha256.h"

namespace tests {
namespace {

constexpr pool::JsonLimits generous{std::size_t{1} << 20, 16, 4096};

Lines cut(std::string_view text)
{
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        EXPECT_NE(end, std::string_view::npos) << "a line without its end: " << text;
        if (end == std::string_view::npos) break;
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::shared_ptr<const stratum::AccountDirectory> two_users()
{
    return std::make_shared<const stratum::AccountDirectory>(
        stratum::AccountDirectory{{"user", {1}}, {"user2", {2}}});
}

std::string hex32(std::uint32_t value)
{
    return pool::to_hex(
        std::array{static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
                   static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
}

}  // namespace

bool contains(const Lines& lines, std::string_view part)
{
    for (const std::string& line : lines) {
        if (line.find(part) != std::string::npos) return true;
    }
    return false;
}

stratum::ShardOptions Talk::default_options()
{
    stratum::ShardOptions options;
    options.session.chain = pool::Chain::regtest;
    options.session.difficulty = {.min = {-30}, .max = {40}, .start = {-22}, .vary = false};
    options.prefixes = stratum::prefix_range(7, 0, 1);
    options.seed = 1;
    return options;
}

Talk::Talk(stratum::ShardOptions options)
    : shard(std::move(options), log, two_users(), [this](pool::BlockCandidate candidate) {
          order.emplace_back("candidate " + std::to_string(log.appends));
          candidates.push_back(std::move(candidate));
      })
{
}

pool::SessionId Talk::open() { return shard.open("192.0.2.1:4000", now); }

Lines Talk::say(pool::SessionId id, std::string_view lines)
{
    return send(id, std::string{lines} + "\n");
}

Lines Talk::send(pool::SessionId id, std::string_view bytes)
{
    shard.on_bytes(id, pool::as_bytes(bytes), now);
    end_turn();
    return hear(id);
}

std::string Talk::send_bytes(pool::SessionId id, std::string_view bytes)
{
    shard.on_bytes(id, pool::as_bytes(bytes), now);
    end_turn();
    return hear_bytes(id);
}

std::string Talk::hear_bytes(pool::SessionId id) { return std::exchange(written_[id.value], {}); }

void Talk::closed(pool::SessionId id)
{
    shard.closed(id, stratum::EndReason::peer_left, now);
    end_turn();
}

Lines Talk::hear(pool::SessionId id) { return cut(std::exchange(written_[id.value], {})); }

std::shared_ptr<pool::Job> Talk::make_job(std::uint8_t tip)
{
    auto job = std::make_shared<pool::Job>();
    job->id = {0x6a0000 + ++jobs_made_};
    job->height = {900'000};
    job->previous.bytes.fill(tip);
    job->version = 0x20000000;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x1d00ffff};
    job->network_target = pool::difficulty_one_target();
    job->time_min = {pool::to_seconds(now.wall).seconds - 3600};
    job->time_start = pool::to_seconds(now.wall);
    job->coinbase_prefix = *pool::from_hex(
        "02000000010000000000000000000000000000000000000000000000000000000000000000ffffffff10"
        "03a0bb0d");
    job->coinbase_suffix =
        *pool::from_hex("ffffffff0100f2052a01000000016a0000000" + std::to_string(jobs_made_ % 10));
    job->extranonce_bytes = 12;
    job->reward = {5'000'000'000};
    return job;
}

void Talk::publish(std::shared_ptr<const pool::Job> job)
{
    shard.on_job(std::move(job), now);
    take();
}

void Talk::pass(std::chrono::seconds time)
{
    for (std::int64_t second = 0; second < time.count(); ++second) {
        now.steady += std::chrono::seconds{1};
        now.wall.value += 1000;
        shard.on_tick(now);
        end_turn();
    }
}

void Talk::pace(std::chrono::milliseconds time)
{
    constexpr std::chrono::milliseconds step{10};
    for (std::chrono::milliseconds at{0}; at < time; at += step) {
        now.steady += step;
        now.wall.value += static_cast<std::uint64_t>(step.count());
        if (shard.pacing()) shard.pace(now);
        end_turn();
    }
}

std::optional<stratum::EndReason> Talk::end_of(pool::SessionId id) const
{
    const auto found = ends_.find(id.value);
    if (found == ends_.end()) return std::nullopt;
    return found->second;
}

void Talk::end_turn()
{
    shard.flush(now);
    take();
}

void Talk::take()
{
    stratum::Effects effects;
    shard.take_effects(effects, now);
    for (const auto& write : effects.writes) written_[write.session.value] += write.bytes;
    for (const auto& close : effects.closes) ends_.emplace(close.session.value, close.reason);
}

TalkingMiner::TalkingMiner(Talk& with, std::string name, bool configure)
    : talk(with), user(std::move(name)), id(with.open())
{
    if (configure) {
        say(R"({"id":0,"method":"mining.configure","params":[["version-rolling"],)"
            R"({"version-rolling.mask":"ffffffff","version-rolling.min-bit-count":2}]})");
    }
    say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})");
    say(R"({"id":2,"method":"mining.authorize","params":[")" + user + R"(","x"]})");
}

TalkingMiner::TalkingMiner(Talk& with, pool::SessionId on) : talk(with), id(on) {}

Lines TalkingMiner::say(std::string_view lines)
{
    Lines heard = talk.say(id, lines);
    take_in(heard);
    return heard;
}

void TalkingMiner::take_in(const Lines& lines)
{
    pool::JsonDocument document;
    for (const std::string& line : lines) {
        const auto message = document.parse(line, generous);
        ASSERT_TRUE(message.has_value()) << line;
        const auto method = message->find("method").string().value_or("");
        const pool::JsonValue result = message->find("result");
        if (result.type() == pool::JsonValue::Type::array && result.size() == 3) {
            extranonce1 = result.at(1).string().value_or("");
            extranonce2_bytes = static_cast<std::size_t>(result.at(2).uint64().value_or(0));
        } else if (method == "mining.set_extranonce") {
            extranonce1 = message->find("params").at(0).string().value_or("");
            extranonce2_bytes =
                static_cast<std::size_t>(message->find("params").at(1).uint64().value_or(0));
        } else if (method == "mining.set_difficulty") {
            difficulties.push_back(message->find("params").at(0).number().value_or(0));
            target = stratum::client::target_of_advertised(difficulties.back());
        } else if (method == "mining.notify") {
            auto job = stratum::client::parse_notify(message->find("params"));
            ASSERT_TRUE(job.has_value()) << line;
            job->extranonce1 = pool::from_hex(extranonce1).value_or(pool::Bytes{});
            job->extranonce2_bytes = extranonce2_bytes;
            job->target = target.value_or(pool::difficulty_one_target());
            jobs.push_back(std::make_shared<stratum::client::MiningJob>(std::move(*job)));
        }
    }
}

TalkingMiner::Share TalkingMiner::find(const stratum::client::MiningJob& job, const Wish& wish)
{
    stratum::client::MiningJob changed = job;
    changed.version = wish.version.value_or(job.version | wish.bits);
    changed.time.seconds = static_cast<std::uint32_t>(job.time.seconds + wish.time_offset);
    const std::uint64_t extranonce2 = next_extranonce2_++;
    auto header = stratum::client::header_of(changed, extranonce2);
    // Plain hashing, apart from the scanning code: slow enough to notice, right by construction.
    for (std::uint32_t nonce = 0; nonce < wish.nonce_below; ++nonce) {
        for (std::size_t i = 0; i < 4; ++i) {
            header[76 + i] = static_cast<std::uint8_t>(nonce >> (8 * i));
        }
        const pool::Digest hash = pool::sha256d(header);
        if (!pool::meets(hash, wish.target.value_or(job.target))) continue;
        if (wish.not_target && pool::meets(hash, *wish.not_target)) continue;
        return {.job = job.id,
                .extranonce2 = pool::to_hex(stratum::client::extranonce2_of(job, extranonce2)),
                .time = hex32(changed.time.seconds),
                .nonce = hex32(nonce),
                .bits = wish.six ? hex32(wish.bits) : ""};
    }
    ADD_FAILURE() << "no such share among the nonces";
    return {};
}

std::string TalkingMiner::submit_line(const Share& share, std::string_view request,
                                      std::string_view worker) const
{
    std::string line =
        R"({"id":)" + std::string{request} + R"(,"method":"mining.submit","params":[")" +
        (worker.empty() ? user : std::string{worker}) + R"(",")" + share.job + R"(",")" +
        share.extranonce2 + R"(",")" + share.time + R"(",")" + share.nonce + '"';
    if (!share.bits.empty()) line += R"(,")" + share.bits + '"';
    return line + "]}";
}

Lines TalkingMiner::submit(const Share& share, std::string_view request, std::string_view worker)
{
    return say(submit_line(share, request, worker));
}

}  // namespace tests
