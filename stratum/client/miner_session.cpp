#include "stratum/client/miner_session.h"

#include <array>
#include <utility>

#include "pool/bitcoin/target.h"

namespace stratum::client {
namespace {

using pool::Error;
using pool::fail;
using pool::JsonValue;
using pool::Result;

constexpr std::size_t line_max = std::size_t{64} << 10;
constexpr pool::JsonLimits limits{.bytes_max = line_max, .depth_max = 16, .values_max = 1024};

constexpr std::uint64_t configure_id = 1;
constexpr std::uint64_t subscribe_id = 2;
constexpr std::uint64_t authorize_id = 3;
constexpr std::uint64_t submit_id_first = 4;

std::string hex32(std::uint32_t value)
{
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
        static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    return pool::to_hex(bytes);
}

// The text of [code, "text", …], of {"message": "text"}, or of a plain string: pools differ.
std::string error_text(JsonValue error)
{
    for (const JsonValue candidate : {error, error.at(1), error.find("message")}) {
        if (const auto text = candidate.string()) return std::string{*text};
    }
    return "the pool gave no reason";
}

}  // namespace

MinerSession::MinerSession(const MinerLogin& login) : login_(login), next_id_(submit_id_first)
{
    pool::JsonWriter{out_}
        .begin_object()
        .key("id")
        .unsigned_integer(configure_id)
        .key("method")
        .string("mining.configure")
        .key("params")
        .begin_array()
        .begin_array()
        .string("version-rolling")
        .end_array()
        .begin_object()
        .key("version-rolling.mask")
        .string("1fffe000")
        .end_object()
        .end_array()
        .end_object();
    out_.push_back('\n');
    pool::JsonWriter{out_}
        .begin_object()
        .key("id")
        .unsigned_integer(subscribe_id)
        .key("method")
        .string("mining.subscribe")
        .key("params")
        .begin_array()
        .string(login_.agent)
        .end_array()
        .end_object();
    out_.push_back('\n');
    pool::JsonWriter{out_}
        .begin_object()
        .key("id")
        .unsigned_integer(authorize_id)
        .key("method")
        .string("mining.authorize")
        .key("params")
        .begin_array()
        .string(login_.user)
        .string(login_.password)
        .end_array()
        .end_object();
    out_.push_back('\n');
}

Result<void> MinerSession::on_bytes(std::span<const std::uint8_t> bytes)
{
    reader_.feed(bytes);
    Result<void> first_error;
    while (const auto line = reader_.next(line_max)) {
        if (!first_error) continue;  // the rest is used up, and ignored
        first_error = on_line(*line);
    }
    if (first_error && reader_.too_long()) {
        return fail(Error::Code::limit, "The pool sends lines of more than 64 KiB");
    }
    return first_error;
}

Result<void> MinerSession::on_line(std::string_view line)
{
    const auto message = document_.parse(line, limits);
    if (!message || message->type() != JsonValue::Type::object) {
        return fail(Error::Code::invalid, "The server does not speak Stratum v1");
    }
    if (const auto method = message->find("method").string()) return on_notice(*method, *message);
    if (const auto id = message->find("id").uint64()) return on_reply(*id, *message);
    return {};
}

Result<void> MinerSession::on_notice(std::string_view method, JsonValue message)
{
    const JsonValue params = message.find("params");
    if (method == "mining.set_difficulty") {
        target_ = target_of_advertised(params.at(0).number().value_or(0));
        if (!target_) return fail(Error::Code::invalid, "The pool sent a difficulty that is none");
    } else if (method == "mining.notify") {
        auto job = parse_notify(params);
        if (!job) return fail(job.error());
        // Stratum's default is difficulty 1.
        job->target = target_.value_or(pool::difficulty_one_target());
        job->extranonce1 = extranonce1_;
        job->extranonce2_bytes = extranonce2_bytes_;
        job_ = std::make_shared<const MiningJob>(std::move(*job));
    } else if (method == "client.reconnect") {
        return fail(Error::Code::unavailable, "The pool asked us to reconnect");
    } else if (const auto id = message.find("id").uint64()) {
        const bool version = method == "client.get_version";
        if (!version && method != "mining.ping") return {};
        pool::JsonWriter{out_}
            .begin_object()
            .key("id")
            .unsigned_integer(*id)
            .key("result")
            .string(version ? std::string_view{login_.agent} : "pong")
            .key("error")
            .null()
            .end_object();
        out_.push_back('\n');
    }
    return {};
}

Result<void> MinerSession::on_reply(std::uint64_t id, JsonValue message)
{
    const JsonValue result = message.find("result");
    if (id == configure_id) {
        version_rolling_ = result.find("version-rolling").boolean().value_or(false);
    } else if (id == subscribe_id) {
        return on_subscribed(result);
    } else if (id == authorize_id) {
        authorised_ = result.boolean().value_or(false);
        if (!authorised_) refusal_ = error_text(message.find("error"));
    } else if (auto share = unanswered_.extract(id)) {
        on_answered(message, std::move(share.mapped()));
    }
    return {};
}

Result<void> MinerSession::on_subscribed(JsonValue result)
{
    auto extranonce1 = pool::from_hex(result.at(1).string().value_or("?"));
    const auto size = result.at(2).uint64();
    if (!extranonce1 || !size || *size == 0 || *size > 16) {
        return fail(Error::Code::invalid, "The pool refused the subscription");
    }
    extranonce1_ = std::move(*extranonce1);
    extranonce2_bytes_ = static_cast<std::size_t>(*size);
    return {};
}

void MinerSession::on_answered(JsonValue message, Sent sent)
{
    if (message.find("result").boolean().value_or(false)) {
        ++counts_.accepted;
        if (sent.block) counts_.blocks.push_back(*sent.block);
        accepted_.push_back(std::move(sent.share));
        return;
    }
    ++counts_.rejected;
    counts_.last_refusal = error_text(message.find("error"));
}

void MinerSession::submit(const FoundShare& share)
{
    const MiningJob& job = *share.job;
    const std::uint64_t id = next_id_++;
    pool::JsonWriter writer{out_};
    writer.begin_object()
        .key("id")
        .unsigned_integer(id)
        .key("method")
        .string("mining.submit")
        .key("params")
        .begin_array()
        .string(login_.user)
        .string(job.id)
        .string(pool::to_hex(extranonce2_of(job, share.extranonce2)))
        .string(hex32(job.time.seconds))
        .string(hex32(share.nonce));
    // We roll no bits; clients that negotiated say so.
    if (version_rolling_) writer.string(hex32(0));
    writer.end_array().end_object();
    out_.push_back('\n');
    pool::Bytes extranonce = job.extranonce1;
    const pool::Bytes rolled = extranonce2_of(job, share.extranonce2);
    extranonce.insert(extranonce.end(), rolled.begin(), rolled.end());
    unanswered_.emplace(id,
                        Sent{{job.time.seconds, share.nonce, job.version, std::move(extranonce)},
                             block_of(job, share.extranonce2, share.nonce)});
    ++counts_.submitted;
}

std::string MinerSession::take_output() { return std::exchange(out_, {}); }

}  // namespace stratum::client
