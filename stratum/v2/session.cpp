// A connection from its first byte to its end; what is said about channels and shares is in the
// files beside.
#include "stratum/v2/session.h"

#include <algorithm>
#include <utility>

#include "pool/base/release_memory.h"
#include "stratum/user_agent.h"
#include "stratum/v2/session_send.h"

namespace stratum::v2 {
namespace {

constexpr std::uint32_t payload_max_before_setup = 4096;
constexpr std::uint32_t payload_max = 1U << 16;
constexpr std::uint16_t protocol_version = 2;
constexpr std::uint8_t protocol_mining = 0;
constexpr std::uint8_t protocol_declaration = 1;

// Which of these flags we do not serve.
std::uint32_t flags_unserved(const SetupConnection& call, bool declaration)
{
    // Who declares without its transactions sets no flag; with them is another mode, not ours.
    if (call.protocol == protocol_declaration) return call.flags;
    const std::uint32_t unknown =
        call.flags & ~(flag_standard_jobs | flag_work_selection | flag_version_rolling);
    if ((call.flags & flag_work_selection) == 0) return unknown;
    // Custom jobs are extended ones.
    const std::uint32_t against = declaration ? flag_standard_jobs : flag_work_selection;
    return unknown | (call.flags & against);
}

// No connection seals or opens so many messages in a second.
constexpr std::uint64_t nonces_a_second = 1U << 30;
constexpr std::chrono::seconds nonces_least{5};
constexpr std::chrono::seconds nonces_most{3600};

constexpr std::uint16_t extension_negotiation = 1;
constexpr std::uint16_t extension_worker_names = 2;

std::string agent_of(const SetupConnection& call)
{
    std::string out;
    for (const Text& text : {call.vendor, call.hardware, call.firmware}) {
        if (text.value.empty()) continue;
        if (!out.empty()) out.push_back('/');
        out.append(text.value);
    }
    return fold_user_agent(out);
}

}  // namespace

Session::Session(pool::SessionId id, std::string peer, const SessionOptions& options, pool::Now now)
    : id_(id),
      peer_(std::move(peer)),
      address_(parse_peer(peer_)),
      opened_(now),
      heard_(now.steady),
      difficulty_(options.difficulty),
      ack_shares_max_(options.ack_shares_max),
      ack_within_(options.ack_within),
      next_channel_(group_id + 1)
{
}

void Session::on_bytes(std::span<const std::uint8_t> bytes, World& world, pool::Now now)
{
    if (ended_) return;
    heard_ = now.steady;
    if (stage_ == Stage::handshake) bytes = bytes.subspan(on_handshake(bytes, world, now));
    if (stage_ == Stage::handshake) return;

    say_owed(world);  // who speaks reads, too
    reader_.feed(bytes);
    const auto longest = [this] {
        return stage_ == Stage::setup ? payload_max_before_setup : payload_max;
    };
    CipherRun run{ciphers_.receive, messages_within(bytes.size())};
    while (const auto frame = reader_.next(run, longest())) {
        world.metrics.frames.add();
        const SessionOptions& options = world.options;
        if (!frames_.take(options.frames_per_second, options.frames_burst, now.steady)) {
            return end(EndReason::too_many_requests);
        }
        const std::size_t said = out_.size();
        on_frame(*frame, {world, now});
        piled_ += out_.size() - said;
        if (piled_ > options.answers_bytes) end(EndReason::write_stalled);
        // Whatever follows a refusal is not looked at (sv2-apps#876).
        if (ended_) return;
    }
    end_if_guessing(world.options);
    if (reader_.trouble() != FrameReader::Trouble::none) {
        world.metrics.bad_frames.add();
        const bool too_long = reader_.trouble() == FrameReader::Trouble::too_long;
        return end(too_long ? EndReason::frame_too_long : EndReason::bad_frame);
    }
    if (!reader_.unfinished()) {
        frame_begun_.reset();
    } else if (!frame_begun_) {
        frame_begun_ = now.steady;
    }
}

// Returns how many of the bytes were the first act's.
std::size_t Session::on_handshake(std::span<const std::uint8_t> bytes, World& world, pool::Now)
{
    const std::size_t used = std::min(bytes.size(), act1_bytes - act1_.size());
    act1_.insert(act1_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
    if (act1_.size() < act1_bytes) return used;
    const HandshakeReply reply = world.greeter.greet(std::span{act1_}.first<act1_bytes>());
    out_.append(reply.act2.begin(), reply.act2.end());
    ciphers_ = reply.ciphers;
    pool::release_memory(act1_);
    stage_ = Stage::setup;
    world.metrics.handshakes.add();
    return used;
}

template <typename Message>
void Session::take(const FrameReader::Frame& frame, const Turn& turn)
{
    pool::ByteSpan rest;
    const auto message = read_message<Message>(frame.payload, &rest);
    if (!message) {
        turn.world.metrics.bad_frames.add();
        return end(EndReason::bad_frame);
    }
    if constexpr (std::is_same_v<Message, SubmitExtended>) {
        on(*message, turn, rest);
    } else {
        on(*message, turn);
    }
}

void Session::on_frame(const FrameReader::Frame& frame, const Turn& turn)
{
    frame_begun_.reset();
    const bool setup = frame.header.extension == 0 && frame.header.type == SetupConnection::id.type;
    if (stage_ == Stage::setup) {
        if (setup) return take<SetupConnection>(frame, turn);
        turn.world.metrics.bad_frames.add();
        return end(EndReason::bad_frame);
    }
    if (frame.header.extension == 0) {
        return stage_ == Stage::declaring ? on_declaring_frame(frame, turn)
                                          : on_mining_frame(frame, turn);
    }
    if (frame.header.extension == extension_negotiation) return on_extension_frame(frame, turn);
    // Extensions that nobody negotiated are dropped without a word (specification, 3.4).
}

void Session::on_extension_frame(const FrameReader::Frame& frame, const Turn& turn)
{
    if (frame.header.type == RequestExtensions::id.type) {
        return take<RequestExtensions>(frame, turn);
    }
    count_bad_request(turn);
}

void Session::on_mining_frame(const FrameReader::Frame& frame, const Turn& turn)
{
    switch (frame.header.type) {
        case OpenStandard::id.type:
            return take<OpenStandard>(frame, turn);
        case OpenExtended::id.type:
            return take<OpenExtended>(frame, turn);
        case UpdateChannel::id.type:
            return take<UpdateChannel>(frame, turn);
        case CloseChannel::id.type:
            return take<CloseChannel>(frame, turn);
        case SubmitStandard::id.type:
            return take<SubmitStandard>(frame, turn);
        case SubmitExtended::id.type:
            return take<SubmitExtended>(frame, turn);
        case SetCustomJob::id.type:
            return take<SetCustomJob>(frame, turn);
        default:
            // A second SetupConnection, a server's message, one that is not known.
            count_bad_request(turn);
    }
}

void Session::on_declaring_frame(const FrameReader::Frame& frame, const Turn& turn)
{
    switch (frame.header.type) {
        case AllocateToken::id.type:
            return take<AllocateToken>(frame, turn);
        case DeclareJob::id.type:
            return take<DeclareJob>(frame, turn);
        default:
            count_bad_request(turn);
    }
}

void Session::on(const SetupConnection& call, const Turn& turn)
{
    // What a declarator must pay, and to whom, is known from the first job on.
    const bool declaration = turn.world.declared.open() && turn.world.current.job != nullptr;
    const bool declares = call.protocol == protocol_declaration && declaration;
    if (call.protocol != protocol_mining && !declares) {
        return refuse_setup(0, "unsupported-protocol");
    }
    if (call.version_min > protocol_version || call.version_max < protocol_version) {
        return refuse_setup(0, "protocol-version-mismatch");
    }
    if (const std::uint32_t unknown = flags_unserved(call, declaration); unknown != 0) {
        return refuse_setup(unknown, "unsupported-feature-flags");
    }
    flags_ = call.flags;
    user_agent_ = agent_of(call);
    stage_ = declares ? Stage::declaring : Stage::mining;
    const std::uint32_t terms = !declares && selects_work() ? flag_extended_channels : 0;
    send(SetupSuccess{.version = protocol_version, .flags = terms});
}

void Session::refuse_setup(std::uint32_t flags, std::string_view code)
{
    send(SetupError{.flags = flags, .code = {code}});
    end(EndReason::setup_refused);
}

// Once, behind the setup (extension 0x0001): more of them are answered, and counted.
void Session::on(const RequestExtensions& call, const Turn& turn)
{
    if (std::exchange(negotiated_, true)) count_bad_request(turn);
    RequestExtensionsSuccess granted{.request = call.request, .supported = {}};
    for (const std::uint16_t wanted : call.wanted.values) {
        if (wanted != extension_worker_names) continue;
        worker_names_ = true;
        granted.supported.values = {extension_worker_names};
    }
    if (granted.supported.values.empty() && !call.wanted.values.empty()) {
        return send(RequestExtensionsError{
            .request = call.request, .unsupported = call.wanted, .required = {}});
    }
    send(granted);
}

void Session::count_bad_request(const Turn& turn)
{
    turn.world.metrics.unknown_methods.add();
    if (++bad_requests_ >= turn.world.options.bad_requests_max) {
        end(EndReason::too_many_bad_requests);
    }
}

void Session::on_tick(World& world, pool::Now now)
{
    if (ended_) return;
    drop_closed(world, now.steady);
    say_owed(world);
    for (Channel& channel : channels_) {
        channel.policy.on_tick(now.steady);
        note_urgency(channel);
    }
    // Whatever waits: by the next tick it could have been two seconds.
    acknowledge_all(now.steady);
    tend_declared({world, now});
    if (nonces_used() >= world.options.nonces_max) return end(EndReason::nonces_used_up);
    const Deadline next = deadline(world.options, now.steady);
    if (now.steady >= next.at) end(next.reason);
}

pool::SteadyTime Session::next_look(const SessionOptions& options, pool::SteadyTime now) const
{
    if (ended_) return pool::SteadyTime::max();
    if (jobs_owed_ || (declaring_ && declaring_->has_some())) return now;
    pool::SteadyTime next = std::min(deadline(options, now).at, now + nonces_last(options));
    for (const Channel& channel : channels_) next = std::min(next, channel.policy.next_look());
    return next;
}

std::uint64_t Session::nonces_used() const
{
    return std::max(ciphers_.send.count(), ciphers_.receive.count());
}

std::chrono::seconds Session::nonces_last(const SessionOptions& options) const
{
    const std::uint64_t left = options.nonces_max - std::min(nonces_used(), options.nonces_max);
    const std::uint64_t seconds = std::min<std::uint64_t>(left / nonces_a_second, 1U << 30);
    return std::clamp(std::chrono::seconds{seconds}, nonces_least, nonces_most);
}

// The first; of several in the same moment the one that says the most.
Session::Deadline Session::deadline(const SessionOptions& options, pool::SteadyTime now) const
{
    Deadline first{heard_ + options.idle_max, EndReason::idle};
    if (stage_ == Stage::declaring) {
        // It has something to ask with a new template only: blocks come when they will.
        first.at = heard_ + options.declaring.idle_max;
    } else if (first.at <= now) {
        first.at = heard_ + patience(share_interval(now), options.idle_max);
    }
    const auto or_at = [&first](pool::SteadyTime at, EndReason reason) {
        if (at <= first.at) first = {at, reason};
    };
    const pool::SteadyTime opened = opened_.steady;
    if (frame_begun_) or_at(*frame_begun_ + options.frame_within, EndReason::slow_line);
    if (unused_since_) or_at(*unused_since_ + options.channel_within, EndReason::no_channel);
    const bool without = next_channel_ == group_id + 1 && !authorised();
    if (without) or_at(opened + options.channel_within, EndReason::no_channel);
    if (stage_ == Stage::setup) or_at(opened + options.setup_within, EndReason::no_setup);
    if (stage_ == Stage::handshake) {
        or_at(opened + options.handshake_within, EndReason::no_handshake);
    }
    return first;
}

// Of all channels together, as far as it is known how fast they are.
std::optional<std::chrono::duration<double>> Session::share_interval(pool::SteadyTime now) const
{
    double shares_per_second = 0;
    for (const Channel& channel : channels_) {
        const auto each = channel.policy.share_interval(channel.announced.difficulty, now);
        if (each && each->count() > 0) shares_per_second += 1 / each->count();
    }
    if (shares_per_second <= 0) return std::nullopt;
    return std::chrono::duration<double>{1 / shares_per_second};
}

bool Session::ask_to_reconnect()
{
    if (ended_ || (channels_.empty() && stage_ != Stage::declaring)) return false;
    // A miner may leave at that word: what it has earned is said before.
    acknowledge_all(heard_);
    send(Reconnect{});
    return true;
}

void Session::end(EndReason reason)
{
    if (ended_) return;
    ended_ = reason;
    // What was earned is said before the connection goes.
    acknowledge_all(heard_);
}

SessionSnapshot Session::snapshot(pool::Now now, Shown shown) const
{
    SessionSnapshot shot{.id = id_,
                         .peer = peer_,
                         .user_agent = user_agent_,
                         .connected = opened_.wall,
                         .difficulty = 0,
                         .names = roster_.size(),
                         .workers = roster_.snapshot(now.steady, shown),
                         .first_share = first_share_.times()};
    if (!channels_.empty()) {
        shot.difficulty = pool::difficulty_number(channels_.back().announced.promise.target);
    }
    return shot;
}

}  // namespace stratum::v2
