// Job declaration, coinbase-only: tokens, and the jobs that miners have put together themselves.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "stratum/v2/session_send.h"

namespace stratum::v2 {
namespace {

// A difficulty that is off by this much does not wait for the pool's next job.
constexpr int urgent_exponents = 2;

}  // namespace

bool Session::selects_work() const
{
    return stage_ == Stage::mining && (flags_ & flag_work_selection) != 0;
}

Declaring& Session::declaring()
{
    if (!declaring_) declaring_ = std::make_unique<Declaring>();
    return *declaring_;
}

// There is no message that refuses a token: whoever gets none is told by a closed connection, which
// is how a declarator learns soonest that it has to go elsewhere.
void Session::on(const AllocateToken& call, const Turn& turn)
{
    World& world = turn.world;
    const DeclaringOptions& options = world.options.declaring;
    Declaring& mine = declaring();
    if (!mine.requests.take(options.requests_per_second, options.requests_burst, turn.now.steady)) {
        return end(EndReason::too_many_requests);
    }
    const auto user = parse_user_name(call.user.value, world.options.chain, world.directory);
    if (!user || !world.declared.open()) {
        world.metrics.authorize_refused.add();
        return end(EndReason::setup_refused);
    }
    const auto issued = world.declared.issue(user->account.name, terms_of(*world.current.job),
                                             pool::to_seconds(turn.now.wall));
    ++mine.tokens;
    world.metrics.tokens_issued.add();
    send(AllocateTokenSuccess{
        .request = call.request, .token = {issued.token}, .coinbase_outputs = {issued.outputs}});
}

// Full-template mode: who wants it is refused at setup, by its flag.
void Session::on(const DeclareJob& call, const Turn& turn)
{
    send(DeclareJobError{.request = call.request,
                         .code = {"invalid-job"},
                         .details = {pool::as_bytes("only coinbase-only mode is served")}});
    count_bad_request(turn);
}

// The extended channels that a number speaks to: one, or all of the group.
std::vector<Channel*> Session::meant_by(std::uint32_t number)
{
    std::vector<Channel*> meant;
    for (Channel& channel : channels_) {
        const bool is = channel.id == number || (group() != 0 && number == group());
        if (is && !channel.closing && channel.kind == ChannelKind::extended)
            meant.push_back(&channel);
    }
    return meant;
}

void Session::on(const SetCustomJob& call, const Turn& turn)
{
    const auto refuse = [this, &call, &turn](std::string_view code) {
        turn.world.metrics.custom_jobs_refused.add();
        send(SetCustomJobError{.channel = call.channel, .request = call.request, .code = {code}});
    };
    if (!selects_work() || !turn.world.declared.open()) {
        refuse("jd-not-supported");
        return count_bad_request(turn);
    }
    const DeclaringOptions& options = turn.world.options.declaring;
    Declaring& mine = declaring();
    if (!mine.requests.take(options.requests_per_second, options.requests_burst, turn.now.steady)) {
        refuse("jd-not-supported");
        return count_bad_request(turn);
    }
    const auto trouble = set_custom(call, turn);
    if (!trouble) return;
    if (*trouble == code_of(CustomFault::tip) && may_wait(call, turn.world)) {
        std::string frame;
        append_frame(frame, call);
        mine.held.push_back({frame.substr(frame_header_bytes), turn.now.steady + options.hold});
        turn.world.declared.await_tip(id_);
        return;
    }
    refuse(*trouble);
    if (*trouble != code_of(CustomFault::tip)) count_bad_request(turn);
}

// Does it, or says what is wrong with it.
std::optional<std::string_view> Session::set_custom(const SetCustomJob& call, const Turn& turn)
{
    World& world = turn.world;
    const std::vector<Channel*> channels = meant_by(call.channel);
    if (channels.empty()) return "invalid-channel-id";
    const auto account = [this](const Channel& channel) -> const std::string& {
        return roster_.account(roster_.worker(channel.worker).account).key.name;
    };
    const std::string& owner = account(*channels.front());
    const pool::UnixTime wall = pool::to_seconds(turn.now.wall);
    const auto token = world.declared.read(call.token.value, owner, wall);
    const bool one_owner =
        std::all_of(channels.begin(), channels.end(),
                    [&](const Channel* channel) { return account(*channel) == owner; });
    if (!token || !one_owner) return "invalid-mining-job-token";
    auto job = make_custom_job(call, *token, *world.current.job, wall);
    if (!job) return code_of(job.error());

    const Room room = room_for(channels, world.options.declaring.live_max);
    if (!room.found) return "jd-not-supported";
    const auto id = world.declared.take_in(*std::move(job), *token, turn.now, room.in_place_of);
    if (!id) {
        return id.error().code == pool::Error::Code::conflict ? "invalid-mining-job-token"
                                                              : "jd-not-supported";
    }
    if (room.in_place_of) forget(*room.in_place_of);
    note_successor({*id, turn.now.steady});
    for (Channel* const channel : channels) channel->sent.add(*id, channel->announced);
    world.metrics.custom_jobs.add();
    bad_requests_ = 0;
    send(SetCustomJobSuccess{.channel = call.channel,
                             .request = call.request,
                             .job = static_cast<std::uint32_t>(id->value)});
    return std::nullopt;
}

// A declarator's node may be ahead of ours by some milliseconds. One that is behind is not waited
// for: what it speaks of has been.
bool Session::may_wait(const SetCustomJob& call, const World& world) const
{
    return declaring_->held.size() < world.options.declaring.held_max &&
           !world.jobs.has_tip({call.previous});
}

void Session::answer_held(const Turn& turn)
{
    for (Declaring::Held& held : std::exchange(declaring_->held, {})) {
        const auto call = read_message<SetCustomJob>(pool::as_bytes(held.message));
        if (!call) pool::end_of_bug("it was written from a message");
        const auto trouble = set_custom(*call, turn);
        if (!trouble) continue;
        if (*trouble == code_of(CustomFault::tip) && turn.now.steady < held.until &&
            may_wait(*call, turn.world)) {
            declaring_->held.push_back(std::move(held));
            turn.world.declared.await_tip(id_);
            continue;
        }
        turn.world.metrics.custom_jobs_refused.add();
        send(SetCustomJobError{
            .channel = call->channel, .request = call->request, .code = {*trouble}});
    }
}

void Session::on_tip(World& world, pool::Now now)
{
    if (!ended_ && declaring_) answer_held({world, now});
}

void Session::forget(pool::JobId job)
{
    for (Channel& channel : channels_) channel.sent.forget(job);
    std::erase_if(declaring_->live, [job](const Declaring::Live& live) { return live.job == job; });
}

// By others than these channels.
bool Session::is_mined_on(pool::JobId job, const std::vector<Channel*>& but) const
{
    return std::any_of(channels_.begin(), channels_.end(), [job, &but](const Channel& channel) {
        return !channel.closing && !channel.sent.empty() && channel.sent.newest() == job &&
               std::find(but.begin(), but.end(), &channel) == but.end();
    });
}

// For another job of these channels. When there are enough one has to go: that which nobody has
// mined on for the longest time, or else one that only these mine on so far.
Session::Room Session::room_for(const std::vector<Channel*>& channels, std::size_t live_max)
{
    const std::vector<Declaring::Live>& live = declaring().live;
    if (live.size() < live_max) return {.found = true, .in_place_of = std::nullopt};
    const Declaring::Live* oldest = nullptr;
    for (const Declaring::Live& each : live) {
        if (is_mined_on(each.job)) continue;
        if (oldest == nullptr || each.since < oldest->since) oldest = &each;
    }
    for (const Declaring::Live& each : live) {
        if (oldest == nullptr && !is_mined_on(each.job, channels)) oldest = &each;
    }
    if (oldest == nullptr) return {};
    return {.found = true, .in_place_of = oldest->job};
}

// The time of what is mined on so far begins to run out now.
void Session::note_successor(const Declaring::Live& successor)
{
    for (Declaring::Live& live : declaring_->live) {
        if (is_mined_on(live.job)) live.since = successor.since;
    }
    declaring_->live.push_back(successor);
}

// What a channel works on stays, however long its declarator has had nothing better; what came
// before lives on for as long as the pool's own jobs do.
void Session::tend_declared(const Turn& turn)
{
    if (selects_work()) retarget(turn.world, urgent_exponents);
    if (!declaring_) return;
    answer_held(turn);
    const std::vector<Declaring::Live> all = declaring_->live;
    for (const Declaring::Live& live : all) {
        const bool over = turn.now.steady - live.since >= pool::JobTable::lifetime;
        if (!over || is_mined_on(live.job)) continue;
        turn.world.declared.retire(live.job);
        forget(live.job);
    }
}

// Targets of channels that get no jobs of ours: told when they have to change by that much, and
// frozen with the next custom job.
void Session::retarget(World& world, int exponents)
{
    for (Channel& channel : channels_) {
        const int off = channel.policy.next().exponent - channel.announced.difficulty.exponent;
        if (std::abs(off) < exponents || !announce_target(channel, world)) continue;
        acknowledge(channel, heard_);
        send(SetTarget{.channel = channel.id, .target_max = channel.announced.promise.target});
    }
}

}  // namespace stratum::v2
