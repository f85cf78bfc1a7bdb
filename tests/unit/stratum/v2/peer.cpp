#include "tests/unit/stratum/v2/peer.h"

#include <utility>

#include <gtest/gtest.h>

#include "pool/crypto/scan.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here

std::shared_ptr<const Identity> test_identity(const Curve& curve)
{
    const EllSwiftPair authority = curve.make_pair();
    Identity identity{curve.make_pair(), {}, curve.x_only(authority.encoded)};
    identity.certificate =
        sign_certificate(curve, authority.secret, curve.x_only(identity.key.encoded), {0},
                         {0xffffffff}, std::nullopt)
            .value_or(Certificate{});
    return std::make_shared<const Identity>(identity);
}

}  // namespace

stratum::ShardOptions v2_options()
{
    const Curve curve;
    stratum::ShardOptions options = Talk::default_options();
    options.identity = test_identity(curve);
    return options;
}

Peer::Peer(Talk& with, const stratum::DifficultyLimits& difficulty)
    : talk(with), id(with.shard.reserve()), initiator_(curve_, curve_.make_pair())
{
    talk.shard.open_v2(id, "192.0.2.1:4000", difficulty, talk.now);
}

bool Peer::shake_hands()
{
    const auto& act1 = initiator_.act1();
    const std::string answer =
        talk.send_bytes(id, {reinterpret_cast<const char*>(act1.data()), act1.size()});
    if (answer.size() != act2_bytes) return false;
    auto made = initiator_.finish(pool::as_bytes(answer).first<act2_bytes>(), {});
    if (made) ciphers = *made;
    return made.has_value();
}

SetupConnection Peer::setup_message() const
{
    return {.protocol = 0,
            .version_min = 2,
            .version_max = 2,
            .flags = 0,
            .endpoint_host = {"pool.example"},
            .endpoint_port = 3333,
            .vendor = {"Acme"},
            .hardware = {"S1"},
            .firmware = {"1.0"},
            .device = {}};
}

void Peer::set_up(std::uint32_t flags)
{
    ASSERT_TRUE(shake_hands());
    SetupConnection setup = setup_message();
    setup.flags = flags;
    say(setup);
    ASSERT_TRUE(take<SetupSuccess>().has_value());
}

void Peer::say_frame(std::string_view frame)
{
    std::string wire;
    seal_frame(ciphers.send, pool::as_bytes(frame), wire);
    say_bytes(wire);
}

void Peer::say_bytes(std::string_view bytes)
{
    const std::string answer = talk.send_bytes(id, bytes);
    reader_.feed(pool::as_bytes(answer));
    listen();
}

void Peer::listen()
{
    const std::string more = talk.hear_bytes(id);
    heard_bytes_ = more.size();
    reader_.feed(pool::as_bytes(more));
    CipherRun run{ciphers.receive, messages_within(more.size())};
    while (const auto frame = reader_.next(run, payload_bytes_max)) {
        heard_.push_back({frame->header, {frame->payload.begin(), frame->payload.end()}});
    }
    EXPECT_EQ(reader_.trouble(), FrameReader::Trouble::none);
}

std::vector<int> Peer::heard_types() const
{
    std::vector<int> types;
    for (const Heard& message : heard_) types.push_back(message.header.type);
    return types;
}

Peer::Channel Peer::open_standard(std::string_view user, float hash_rate)
{
    say(OpenStandard{7, {user}, hash_rate, pool::Uint256::max()});
    const auto opened = take<OpenStandardSuccess>();
    EXPECT_TRUE(opened.has_value());
    if (!opened) return {};
    return {opened->channel,
            opened->group,
            opened->target,
            {opened->prefix.value.begin(), opened->prefix.value.end()},
            0};
}

Peer::Channel Peer::open_extended(std::string_view user, float hash_rate)
{
    say(OpenExtended{8, {user}, hash_rate, pool::Uint256::max(), 4});
    const auto opened = take<OpenExtendedSuccess>();
    EXPECT_TRUE(opened.has_value());
    if (!opened) return {};
    return {opened->channel,
            opened->group,
            opened->target,
            {opened->prefix.value.begin(), opened->prefix.value.end()},
            opened->extranonce_size};
}

stratum::client::MiningJob Peer::standard_job(const Channel& channel)
{
    stratum::client::MiningJob made;
    const auto job = take<NewJob>();
    EXPECT_TRUE(job.has_value());
    if (!job) return made;
    made.number = job->job;
    made.version = job->version;
    made.merkle_root = job->merkle_root;
    made.target = channel.target;
    const auto tip = job->min_time ? std::nullopt : take<SetNewPrevHash>();
    made.time = {job->min_time.value_or(tip ? tip->min_time : 0)};
    if (tip) {
        EXPECT_EQ(tip->job, job->job);
        made.previous = {tip->previous};
        made.bits = {tip->bits};
    }
    return made;
}

stratum::client::MiningJob Peer::extended_job(const Channel& channel)
{
    stratum::client::MiningJob made;
    const auto job = take<NewExtendedJob>();
    EXPECT_TRUE(job.has_value());
    if (!job) return made;
    made.number = job->job;
    made.version = job->version;
    for (const auto& node : job->merkle_path.values) made.branch.push_back({node});
    made.coinbase_prefix = {job->coinbase_prefix.value.begin(), job->coinbase_prefix.value.end()};
    made.coinbase_suffix = {job->coinbase_suffix.value.begin(), job->coinbase_suffix.value.end()};
    made.extranonce1 = channel.prefix;
    made.extranonce2_bytes = channel.rolled;
    made.target = channel.target;
    const auto tip = job->min_time ? std::nullopt : take<SetNewPrevHash>();
    made.time = {job->min_time.value_or(tip ? tip->min_time : 0)};
    if (tip) {
        EXPECT_EQ(tip->job, job->job);
        made.previous = {tip->previous};
        made.bits = {tip->bits};
    }
    return made;
}

Peer::Mining Peer::begin_mining()
{
    set_up(1);
    Mining mining{open_standard(), {}};
    mining.job = standard_job(mining.channel);
    return mining;
}

std::uint32_t Peer::find_nonce(const stratum::client::MiningJob& job, std::uint64_t extranonce2)
{
    const pool::HeaderBytes header = stratum::client::header_of(job, extranonce2);
    const auto nonce = pool::scan_nonces(std::span{header}.first<pool::header_bytes_before_nonce>(),
                                         0, std::uint64_t{1} << 32, job.target);
    EXPECT_TRUE(nonce.has_value());
    return nonce.value_or(0);
}

SubmitStandard Peer::share(const Channel& channel, const stratum::client::MiningJob& job)
{
    const std::uint64_t roll = next_extranonce2_++;
    return {.channel = channel.id,
            .sequence = ++sequence_,
            .job = job.number,
            .nonce = find_nonce(job, roll),
            .time = job.time.seconds,
            .version = stratum::client::version_of(job, roll)};
}

SubmitExtended Peer::extended_share(const Channel& channel, const stratum::client::MiningJob& job)
{
    const std::uint64_t roll = next_extranonce2_++;
    kept_.push_back(stratum::client::extranonce2_of(job, roll));
    return {.channel = channel.id,
            .sequence = ++sequence_,
            .job = job.number,
            .nonce = find_nonce(job, roll),
            .time = job.time.seconds,
            .version = stratum::client::version_of(job, roll),
            .extranonce = {kept_.back()}};
}

}  // namespace tests
