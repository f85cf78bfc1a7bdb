#include "stratum/client/v2_session.h"

#include <algorithm>
#include <utility>

#include "stratum/v2/codec.h"
#include "stratum/v2/messages_common.h"

namespace stratum::client {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint32_t payload_max = std::uint32_t{1} << 20;
constexpr std::size_t future_jobs_max = 16;
constexpr std::uint32_t flag_standard_jobs = 1;

std::vector<pool::MerkleNode> branch_of(const v2::Sequence255<pool::Digest>& path)
{
    std::vector<pool::MerkleNode> branch;
    for (const pool::Digest& node : path.values) branch.push_back({node});
    return branch;
}

}  // namespace

V2MinerSession::V2MinerSession(const MinerLogin& login, const V2Wish& wish)
    : login_(login), wish_(wish), initiator_(curve_, curve_.make_pair())
{
    out_.append(initiator_.act1().begin(), initiator_.act1().end());
}

template <typename Message>
void V2MinerSession::send(const Message& message)
{
    std::string frame;
    v2::append_frame(frame, message);
    v2::seal_frame(ciphers_.send, pool::as_bytes(frame), out_);
}

Result<void> V2MinerSession::on_bytes(std::span<const std::uint8_t> bytes)
{
    if (!encrypted_) {
        const std::size_t used = std::min(bytes.size(), v2::act2_bytes - act2_.size());
        act2_.insert(act2_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
        bytes = bytes.subspan(used);
        if (act2_.size() < v2::act2_bytes) return {};
        if (auto done = finish_handshake(); !done) return done;
    }
    reader_.feed(bytes);
    v2::CipherRun run{ciphers_.receive, v2::messages_within(bytes.size())};
    while (const auto frame = reader_.next(run, payload_max)) {
        if (auto taken = on_frame(*frame); !taken) return taken;
    }
    if (reader_.trouble() == v2::FrameReader::Trouble::none) return {};
    return fail(Error::Code::invalid, "The pool's encrypted stream is damaged");
}

Result<void> V2MinerSession::finish_handshake()
{
    auto ciphers =
        initiator_.finish(std::span{act2_}.first<v2::act2_bytes>(), {wish_.authority, wish_.now});
    if (!ciphers) return fail(ciphers.error());
    ciphers_ = *ciphers;
    encrypted_ = true;
    act2_ = {};
    const bool standard = wish_.channel == v2::ChannelKind::standard;
    send(v2::SetupConnection{.protocol = 0,
                             .version_min = 2,
                             .version_max = 2,
                             .flags = standard ? flag_standard_jobs : 0,
                             .endpoint_host = {},
                             .endpoint_port = 0,
                             .vendor = {login_.agent},
                             .hardware = {},
                             .firmware = {},
                             .device = {}});
    return {};
}

template <typename Message>
Result<void> V2MinerSession::take(const v2::FrameReader::Frame& frame)
{
    const auto message = v2::read_message<Message>(frame.payload);
    if (!message) return fail(Error::Code::invalid, "The pool sent a message that is none");
    return on(*message);
}

Result<void> V2MinerSession::on_frame(const v2::FrameReader::Frame& frame)
{
    if (frame.header.extension != 0) return {};
    switch (frame.header.type) {
        case v2::SetupSuccess::id.type:
            return take<v2::SetupSuccess>(frame);
        case v2::SetupError::id.type:
            return take<v2::SetupError>(frame);
        case v2::Reconnect::id.type:
            return take<v2::Reconnect>(frame);
        case v2::OpenStandardSuccess::id.type:
            return take<v2::OpenStandardSuccess>(frame);
        case v2::OpenExtendedSuccess::id.type:
            return take<v2::OpenExtendedSuccess>(frame);
        case v2::OpenError::id.type:
            return take<v2::OpenError>(frame);
        case v2::NewJob::id.type:
            return take<v2::NewJob>(frame);
        case v2::NewExtendedJob::id.type:
            return take<v2::NewExtendedJob>(frame);
        case v2::SetNewPrevHash::id.type:
            return take<v2::SetNewPrevHash>(frame);
        case v2::SetTarget::id.type:
            return take<v2::SetTarget>(frame);
        case v2::SetPrefix::id.type:
            return take<v2::SetPrefix>(frame);
        case v2::SetGroup::id.type:
            return take<v2::SetGroup>(frame);
        case v2::SubmitSuccess::id.type:
            return take<v2::SubmitSuccess>(frame);
        case v2::SubmitError::id.type:
            return take<v2::SubmitError>(frame);
        case v2::CloseChannel::id.type:
            return take<v2::CloseChannel>(frame);
        default:
            return {};
    }
}

Result<void> V2MinerSession::on(const v2::SetupSuccess&)
{
    if (wish_.channel == v2::ChannelKind::standard) {
        send(v2::OpenStandard{.request = 1,
                              .user = {login_.user},
                              .hash_rate = wish_.hash_rate,
                              .target_max = pool::Uint256::max()});
    } else {
        send(v2::OpenExtended{.request = 1,
                              .user = {login_.user},
                              .hash_rate = wish_.hash_rate,
                              .target_max = pool::Uint256::max(),
                              .extranonce_min = 4});
    }
    return {};
}

Result<void> V2MinerSession::on(const v2::SetupError& call)
{
    return fail(Error::Code::refused,
                "The pool refused the connection: " + std::string{call.code.value});
}

Result<void> V2MinerSession::on(const v2::Reconnect&)
{
    return fail(Error::Code::unavailable, "The pool asked us to reconnect");
}

Result<void> V2MinerSession::on(const v2::CloseChannel& call)
{
    if (!ours(call.channel)) return {};
    return fail(Error::Code::unavailable,
                "The pool closed the channel: " + std::string{call.reason.value});
}

Result<void> V2MinerSession::on(const v2::OpenError& call)
{
    refusal_ = std::string{call.code.value};
    return {};
}

Result<void> V2MinerSession::on(const v2::OpenStandardSuccess& call)
{
    opened(call.channel, call.group, call.target, call.prefix.value, 0);
    return {};
}

Result<void> V2MinerSession::on(const v2::OpenExtendedSuccess& call)
{
    opened(call.channel, call.group, call.target, call.prefix.value, call.extranonce_size);
    return {};
}

void V2MinerSession::opened(std::uint32_t channel, std::uint32_t group, const pool::Uint256& target,
                            pool::ByteSpan prefix, std::size_t rolled)
{
    channel_ = channel;
    group_ = group;
    target_ = target;
    prefix_.assign(prefix.begin(), prefix.end());
    rolled_bytes_ = rolled;
}

bool V2MinerSession::ours(std::uint32_t channel) const
{
    return channel_ == channel || (channel_ && group_ != 0 && channel == group_);
}

Result<void> V2MinerSession::on(const v2::NewJob& call)
{
    if (!ours(call.channel)) return {};
    MiningJob job;
    job.number = call.job;
    job.version = call.version;
    job.merkle_root = call.merkle_root;
    take_job(std::move(job), call.min_time);
    return {};
}

Result<void> V2MinerSession::on(const v2::NewExtendedJob& call)
{
    if (!ours(call.channel)) return {};
    MiningJob job;
    job.number = call.job;
    job.version = call.version;
    job.branch = branch_of(call.merkle_path);
    job.coinbase_prefix.assign(call.coinbase_prefix.value.begin(),
                               call.coinbase_prefix.value.end());
    job.coinbase_suffix.assign(call.coinbase_suffix.value.begin(),
                               call.coinbase_suffix.value.end());
    take_job(std::move(job), call.min_time);
    return {};
}

void V2MinerSession::take_job(MiningJob job, v2::Option32 min_time)
{
    job.id = std::to_string(job.number);
    job.extranonce1 = prefix_;
    job.extranonce2_bytes = rolled_bytes_;
    if (!min_time) {
        // A pool that sends jobs for later and never names them costs no more than so much.
        if (future_.size() >= future_jobs_max) future_.erase(future_.begin());
        const std::uint32_t number = job.number;
        future_.insert_or_assign(number, std::move(job));
        return;
    }
    job.time = {*min_time};
    job.previous = tip_.previous;
    job.bits = tip_.bits;
    begin(std::move(job));
}

Result<void> V2MinerSession::on(const v2::SetNewPrevHash& call)
{
    if (!ours(call.channel)) return {};
    auto named = future_.extract(call.job);
    if (named.empty()) {
        return fail(Error::Code::invalid, "The pool's new block names a job that it did not send");
    }
    future_.clear();
    tip_.previous = {call.previous};
    tip_.bits = {call.bits};
    MiningJob job = std::move(named.mapped());
    job.previous = tip_.previous;
    job.bits = tip_.bits;
    job.time = {call.min_time};
    job.clean = true;
    begin(std::move(job));
    return {};
}

// The target is frozen here: a later one is for later jobs.
void V2MinerSession::begin(MiningJob job)
{
    job.target = target_;
    job_ = std::make_shared<const MiningJob>(std::move(job));
}

Result<void> V2MinerSession::on(const v2::SetTarget& call)
{
    if (ours(call.channel)) target_ = call.target_max;
    return {};
}

Result<void> V2MinerSession::on(const v2::SetPrefix& call)
{
    if (ours(call.channel)) prefix_.assign(call.prefix.value.begin(), call.prefix.value.end());
    return {};
}

Result<void> V2MinerSession::on(const v2::SetGroup& call)
{
    const std::vector<std::uint32_t>& members = call.channels.values;
    const bool named =
        channel_ && std::find(members.begin(), members.end(), *channel_) != members.end();
    if (named) group_ = call.group;
    return {};
}

Result<void> V2MinerSession::on(const v2::SubmitSuccess& call)
{
    if (ours(call.channel)) counts_.accepted += call.accepted;
    return {};
}

Result<void> V2MinerSession::on(const v2::SubmitError& call)
{
    if (!ours(call.channel)) return {};
    ++counts_.rejected;
    counts_.last_refusal = std::string{call.code.value};
    return {};
}

void V2MinerSession::submit(const FoundShare& share)
{
    if (!channel_) return;
    const MiningJob& job = *share.job;
    const pool::Bytes rolled = extranonce2_of(job, share.extranonce2);
    const v2::SubmitStandard common{.channel = *channel_,
                                    .sequence = next_sequence_++,
                                    .job = job.number,
                                    .nonce = share.nonce,
                                    .time = job.time.seconds,
                                    .version = version_of(job, share.extranonce2)};
    if (wish_.channel == v2::ChannelKind::standard) {
        send(common);
    } else {
        send(v2::SubmitExtended{.channel = common.channel,
                                .sequence = common.sequence,
                                .job = common.job,
                                .nonce = common.nonce,
                                .time = common.time,
                                .version = common.version,
                                .extranonce = {rolled}});
    }
    ++counts_.submitted;
}

std::string V2MinerSession::take_output() { return std::exchange(out_, {}); }

}  // namespace stratum::client
