#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "pool/base/result.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"
#include "stratum/v2/codec.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_declaration.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/noise.h"
#include "tests/fuzz/one_loop.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here

pool::Bytes frame_payload(const FrameReader::Frame& frame)
{
    return {frame.payload.begin(), frame.payload.end()};
}

// Written and read again, for every message there is. Compared as bytes: what is not a number is
// not equal to itself.
template <typename Message>
bool check_round_trip(Input payload)
{
    Input rest;
    const auto message = read_message<Message>(payload, &rest);
    if (!message) return false;
    pool::check(rest.size() <= payload.size(), "the rest is a part");
    std::string frame;
    append_frame(frame, *message);
    pool::check(frame.size() - frame_header_bytes == payload.size() - rest.size(),
                "what was read is what is written, to the byte");
    const Input bytes = pool::as_bytes(frame);
    const FrameHeader header = read_header(bytes.first<frame_header_bytes>());
    pool::check(header.type == Message::id.type && header.extension == Message::id.extension,
                "by its own number");
    const auto again = read_message<Message>(bytes.subspan(frame_header_bytes));
    pool::check(again.has_value(), "what is written is read");
    std::string second;
    append_frame(second, *again);
    pool::check(frame == second, "and written alike");
    return true;
}

template <typename... Messages>
bool check_named(const FrameHeader& header, Input payload)
{
    const auto of = [&]<typename Message>(const Message&) {
        return header.type == Message::id.type && header.extension == Message::id.extension &&
               check_round_trip<Message>(payload);
    };
    return (of(Messages{}) || ...);
}

bool check_from_miner(const FrameHeader& header, Input payload)
{
    return check_named<SetupConnection, RequestExtensions, OpenStandard, OpenExtended,
                       UpdateChannel, CloseChannel, SubmitStandard, SubmitExtended, SetCustomJob,
                       AllocateToken, DeclareJob>(header, payload);
}

bool check_from_pool(const FrameHeader& header, Input payload)
{
    return check_named<SetupSuccess, SetupError, ChannelEndpointChanged, Reconnect,
                       RequestExtensionsSuccess, RequestExtensionsError, OpenStandardSuccess,
                       OpenExtendedSuccess, OpenError, NewJob, UpdateError, CloseChannel, SetPrefix,
                       SubmitSuccess, SubmitError, NewExtendedJob, SetNewPrevHash, SetTarget,
                       SetCustomJobSuccess, SetCustomJobError, SetGroup, AllocateTokenSuccess,
                       DeclareJobError>(header, payload);
}

std::shared_ptr<const Identity> identity()
{
    static const std::shared_ptr<const Identity> made = [] {
        const Curve curve;
        const EllSwiftPair authority = curve.make_pair();
        Identity fresh{curve.make_pair(), {}, curve.x_only(authority.encoded)};
        fresh.certificate =
            sign_certificate(curve, authority.secret, curve.x_only(fresh.key.encoded), {0},
                             {0xffffffff}, std::nullopt)
                .value_or(Certificate{});
        return std::make_shared<const Identity>(fresh);
    }();
    return made;
}

class Miner {
public:
    explicit Miner(OneLoop& in) : loop(in), id(loop.shard.reserve())
    {
        loop.shard.open_v2(id, "192.0.2.1:4000", {.min = {-32}, .max = {-32}, .start = {-32}},
                           loop.now);
    }

    void shake_hands()
    {
        const Curve curve;
        Initiator initiator{curve, curve.make_pair()};
        const auto& act1 = initiator.act1();
        loop.say(id, {reinterpret_cast<const char*>(act1.data()), act1.size()});
        pool::check(loop.written.size() == act2_bytes, "the second act");
        const auto made = initiator.finish(pool::as_bytes(loop.written).first<act2_bytes>(), {});
        pool::check(made.has_value(), "both have the same keys");
        ciphers = *made;
        loop.written.clear();
    }

    void say_frame(std::string_view frame)
    {
        std::string wire;
        seal_frame(ciphers.send, pool::as_bytes(frame), wire);
        loop.say(id, wire);
        listen();
    }

    template <typename Message>
    void say(const Message& message)
    {
        std::string frame;
        append_frame(frame, message);
        say_frame(frame);
    }

    void listen()
    {
        const std::string heard = std::exchange(loop.written, {});
        reader.feed(pool::as_bytes(heard));
        CipherRun run{ciphers.receive, 2};
        while (const auto frame = reader.next(run, payload_bytes_max)) {
            pool::check(check_from_pool(frame->header, frame->payload), "a message of a pool");
            if (frame->header.type == AllocateTokenSuccess::id.type) token = frame_payload(*frame);
            if (frame->header.type != SubmitSuccess::id.type) continue;
            const auto success = read_message<SubmitSuccess>(frame->payload);
            if (success) acknowledged += success->accepted;
        }
        pool::check(reader.trouble() == FrameReader::Trouble::none, "sealed by the pool");
    }

    OneLoop& loop;
    pool::SessionId id;
    pool::Bytes token;  // AllocateTokenSuccess, the last one
    Ciphers ciphers;
    FrameReader reader;
    std::uint64_t acknowledged = 0;
};

SetupConnection setup(std::uint8_t protocol, std::uint32_t flags)
{
    return {.protocol = protocol,
            .version_min = 2,
            .version_max = 2,
            .flags = flags,
            .endpoint_host = {"h"},
            .endpoint_port = 1,
            .vendor = {},
            .hardware = {},
            .firmware = {},
            .device = {}};
}

// No input forges a token: a custom job gets one that is good, and what has to be said on our tip;
// the rest is the input's. whole: a coinbase that is taken, too.
void say_custom(Miner& miner, Miner& tokens, SetCustomJob call, bool whole)
{
    if (tokens.loop.ended) return;
    tokens.say(AllocateToken{{"user.a"}, 1});
    const auto issued = read_message<AllocateTokenSuccess>(tokens.token);
    if (!issued) return;
    auto outputs = pool::parse_outputs(issued->coinbase_outputs.value);
    pool::check(outputs && !outputs->empty(), "what the pool wants is a list of outputs");
    outputs->front().value = {5'000'000'000};
    const pool::Bytes wanted = pool::serialise(*outputs);
    const pool::Bytes height = pool::bip34_height({900'000});
    call.token = issued->token;
    call.version = 0x20000000;
    call.previous.fill(1);
    call.bits = 0x1d00ffff;
    call.min_time = pool::to_seconds(miner.loop.now.wall).seconds;
    if (whole) {
        call.coinbase_version = 2;
        call.coinbase_prefix = {height};
        call.coinbase_outputs = {wanted};
        call.coinbase_locktime = 0;
    }
    miner.say(call);
}

// Frames as they stand in the input; one that says it is longer than the input ends with it.
void say_frames(Miner& miner, Input stream, std::uint8_t choice)
{
    std::optional<Miner> tokens;
    while (stream.size() >= frame_header_bytes && !miner.loop.ended) {
        const FrameHeader header = read_header(stream.first<frame_header_bytes>());
        const std::size_t length =
            std::min<std::size_t>(header.length, stream.size() - frame_header_bytes);
        const Input whole = stream.first(frame_header_bytes + length);
        stream = stream.subspan(whole.size());
        check_from_miner(header, whole.subspan(frame_header_bytes));
        check_from_pool(header, whole.subspan(frame_header_bytes));  // as hostile as a miner may be
        if (header.type == SetCustomJob::id.type && header.extension == 0) {
            const auto call = read_message<SetCustomJob>(whole.subspan(frame_header_bytes));
            if (!tokens) {
                tokens.emplace(miner.loop);
                tokens->shake_hands();
                tokens->say(setup(1, 0));
            }
            if (call) say_custom(miner, *tokens, *call, choice >= 128);
        }
        std::string frame{whole.begin(), whole.end()};
        for (std::size_t i = 0; i < 3; ++i) frame[3 + i] = static_cast<char>(length >> (8 * i));
        miner.say_frame(frame);
    }
}

void say_garbage(Miner& miner, Input stream, std::uint8_t choice)
{
    while (!stream.empty()) {
        const std::size_t piece = std::min(piece_bytes(choice, stream.size()), stream.size());
        miner.loop.say(miner.id, {reinterpret_cast<const char*>(stream.data()), piece});
        stream = stream.subspan(piece);
    }
    const std::size_t written = miner.loop.written.size();
    pool::check(written == 0 || written == act2_bytes, "no more than the second act for garbage");
    pool::check(miner.loop.log.shares.empty(), "and no share");
}

}  // namespace

void v2_session(Input input)
{
    if (input.empty()) return;
    const Input stream = input.subspan(1);
    OneLoop loop{identity()};
    Miner miner{loop};
    // The curve costs a third of a millisecond: garbage before it is one input in eight.
    if (input[0] % 8 == 7) return say_garbage(miner, stream, input[0] / 8);
    miner.shake_hands();
    if (input[0] % 8 == 5) miner.say(setup(1, 0));
    if (input[0] % 8 < 5) {
        miner.say(setup(0, static_cast<std::uint32_t>(input[0] >> 3 & 7)));
        miner.say(OpenStandard{1, {"user.a"}, 0, pool::Uint256::max()});
        miner.say(OpenExtended{2, {"user.b"}, 0, pool::Uint256::max(), 4});
    }
    say_frames(miner, stream, input[0]);
    // What is acknowledged together goes out within a second.
    miner.loop.second_passes();
    miner.loop.second_passes();
    miner.listen();
    const std::uint64_t logged = miner.loop.logged();
    pool::check(miner.acknowledged == logged || (miner.loop.ended && miner.acknowledged < logged),
                "shares acknowledged are those logged");
}

}  // namespace tests::fuzz
