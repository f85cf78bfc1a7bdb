// Channels: opened, changed, closed.
#include <algorithm>
#include <cmath>
#include <utility>

#include "stratum/v2/session_send.h"

namespace stratum::v2 {
namespace {

constexpr std::size_t full_refusals_per_channel = 10;
constexpr double hashes_of_difficulty_one = 4294967296.0;
// Whether a rate can be meant. NaN, infinity and less than nothing can not.
bool is_rate(float rate) { return std::isfinite(rate) && rate >= 0; }

// The difficulty at which `rate` finds so many shares a minute; nothing for a rate of zero.
std::optional<pool::Difficulty> difficulty_for(float rate, double shares_per_minute)
{
    const double hashes_per_share = static_cast<double>(rate) * 60 / shares_per_minute;
    return pool::difficulty_at_most(hashes_per_share / hashes_of_difficulty_one);
}

}  // namespace

Channel* Session::find_any(std::uint32_t id)
{
    const auto at = std::lower_bound(
        channels_.begin(), channels_.end(), id,
        [](const Channel& channel, std::uint32_t wanted) { return channel.id < wanted; });
    return at != channels_.end() && at->id == id ? &*at : nullptr;
}

Channel* Session::find(std::uint32_t id)
{
    Channel* const channel = find_any(id);
    return channel == nullptr || channel->closing ? nullptr : channel;
}

// Miners that take standard jobs only are never spoken to as a group.
std::uint32_t Session::group() const { return (flags_ & flag_standard_jobs) != 0 ? 0 : group_id; }

void Session::on(const OpenStandard& call, const Turn& turn)
{
    if (selects_work()) {
        return refuse_open(call.request, "standard-channels-not-supported-for-custom-work", turn);
    }
    const Channel* channel = open({.request = call.request,
                                   .user = call.user.value,
                                   .hash_rate = call.hash_rate,
                                   .target_max = call.target_max,
                                   .kind = ChannelKind::standard},
                                  turn);
    if (channel == nullptr) return;
    // As long as a whole extranonce: the channel may be served by its group's extended jobs.
    const auto length = static_cast<std::uint8_t>(prefix_bytes + turn.world.options.rolled_bytes);
    const pool::Extranonce extranonce = padded(channel->prefix, length);
    send(OpenStandardSuccess{.request = call.request,
                             .channel = channel->id,
                             .target = channel->announced.promise.target,
                             .prefix = {pool::ByteSpan{extranonce.bytes}.first(length)},
                             .group = group()});
    start(channels_.back(), turn.world);
}

void Session::on(const OpenExtended& call, const Turn& turn)
{
    if ((flags_ & flag_standard_jobs) != 0) {
        return refuse_open(call.request, "extended-channels-not-supported-for-standard-jobs", turn);
    }
    if (call.extranonce_min > turn.world.options.rolled_bytes) {
        return refuse_open(call.request, "unsupported-min-extranonce-size", turn);
    }
    const Channel* channel = open({.request = call.request,
                                   .user = call.user.value,
                                   .hash_rate = call.hash_rate,
                                   .target_max = call.target_max,
                                   .kind = ChannelKind::extended},
                                  turn);
    if (channel == nullptr) return;
    send(OpenExtendedSuccess{.request = call.request,
                             .channel = channel->id,
                             .target = channel->announced.promise.target,
                             .extranonce_size = turn.world.options.rolled_bytes,
                             .prefix = {channel->prefix.bytes},
                             .group = group()});
    start(channels_.back(), turn.world);
}

Channel* Session::open(const Wish& wish, const Turn& turn)
{
    World& world = turn.world;
    const auto refuse = [this, &wish, &turn](std::string_view code) {
        refuse_open(wish.request, code, turn);
        return nullptr;
    };
    const auto refuse_name = [this, &wish, &turn](std::string_view code) {
        ++refused_names_;
        say_refusal(wish.request, code, turn);
        return nullptr;
    };
    if (!is_rate(wish.hash_rate)) return refuse("invalid-nominal-hashrate");
    if (wish.target_max < pool::target_of(difficulty_.max)) {
        return refuse("max-target-out-of-range");
    }
    auto user = parse_user_name(wish.user, world.options.chain, world.directory);
    if (!user) {
        world.metrics.authorize_refused.add();
        const bool unknown = user.error().code == pool::Error::Code::not_found;
        return refuse_name(unknown ? "unknown-user" : "invalid-user-identity");
    }
    if (world.gate != nullptr &&
        world.gate->delayed(peer_, user->account.name + '.' + user->worker, turn.now.steady)) {
        world.metrics.delayed_authorizes.add();
        return refuse_name("channel-capacity-exhausted");
    }
    const auto refuse_full = [this, &wish, &turn] {
        ++full_refusals_;
        say_refusal(wish.request, "channel-capacity-exhausted", turn);
        return nullptr;
    };
    // One channel is refused, and nothing else stops (sv2-apps#730).
    if (channels_.size() >= world.options.channels_max) return refuse_full();
    // Each channel takes a prefix, and a closed one's rests for the life of a job: opening and
    // closing without end would leave none for anybody else.
    if (!opens_.take(world.options.opens_per_second,
                     static_cast<double>(world.options.channels_max), turn.now.steady)) {
        return refuse("channel-capacity-exhausted");
    }
    const std::size_t names = roster_.size() + (roster_.find(*user) ? 0 : 1);
    if (!further_.raise(world.gate, address_, channels_.size() + 1, names)) return refuse_full();
    const auto refuse_late = [&] {
        further_.lower(world.gate, address_, channels_.size(), roster_.size());
        return refuse_full();
    };
    const bool first = next_channel_ == group_id + 1;
    const auto prefix = world.prefixes.lease(
        turn.now.steady, first ? PrefixPool::Claim::first : PrefixPool::Claim::further);
    if (!prefix) return refuse_late();
    const auto worker =
        roster_.add(std::move(*user), wish.user, world.options.workers_max, turn.now.steady);
    if (!worker) {
        world.prefixes.release(*prefix, turn.now.steady);
        return refuse_late();
    }

    return &add_channel(wish, *prefix, *worker, turn);
}

Channel& Session::add_channel(const Wish& wish, ExtranoncePrefix prefix, std::size_t worker,
                              const Turn& turn)
{
    World& world = turn.world;
    Channel channel{.id = next_channel_++,
                    .kind = wish.kind,
                    .prefix = prefix,
                    .worker = worker,
                    .target_max = wish.target_max,
                    .policy = DifficultyPolicy{difficulty_, turn.now.steady},
                    .announced = {},
                    .sent = {},
                    .acks = {}};
    const auto wanted = difficulty_for(wish.hash_rate, difficulty_.shares_per_minute);
    channel.policy.set_least(pool::difficulty_not_above(wish.target_max));
    if (wanted) channel.policy.suggest(*wanted, turn.now.steady);
    announce_target(channel, world);
    channels_.push_back(std::move(channel));
    unused_since_.reset();
    world.metrics.authorized.add();
    world.metrics.channels.add(1);
    return channels_.back();
}

void Session::refuse_open(std::uint32_t request, std::string_view code, const Turn& turn)
{
    say_refusal(request, code, turn);
    if (++bad_requests_ >= turn.world.options.bad_requests_max) {
        end(EndReason::too_many_bad_requests);
    }
}

void Session::say_refusal(std::uint32_t request, std::string_view code, const Turn& turn)
{
    turn.world.metrics.channels_refused.add();
    send(OpenError{.request = request, .code = {code}});
}

// One customer's wrong name is no reason to send a whole proxy away: with a channel it may have as
// many of them as it may have channels. Looked at behind a read, for the good names may come last.
// And a proxy with more miners than it may have channels asks once for each of them.
void Session::end_if_guessing(const SessionOptions& options)
{
    const std::size_t alone = options.bad_requests_max;
    const std::size_t most = roster_.empty() ? alone : std::max(options.channels_max, alone);
    const bool insists = full_refusals_ >= full_refusals_per_channel * options.channels_max;
    if (refused_names_ >= most || insists) end(EndReason::too_many_bad_requests);
}

void Session::on(const UpdateChannel& call, const Turn& turn)
{
    const auto refuse = [this, &call, &turn](std::string_view code) {
        send(UpdateError{.channel = call.channel, .code = {code}});
        count_bad_request(turn);
    };
    Channel* channel = find(call.channel);
    if (channel == nullptr) return refuse("invalid-channel-id");
    if (!is_rate(call.hash_rate)) return refuse("invalid-nominal-hashrate");
    if (call.target_max < pool::target_of(difficulty_.max)) {
        return refuse("max-target-out-of-range");
    }
    const auto wanted = difficulty_for(call.hash_rate, difficulty_.shares_per_minute);
    if (wanted) channel->policy.suggest(*wanted, turn.now.steady);
    channel->target_max = call.target_max;
    channel->policy.set_least(pool::difficulty_not_above(call.target_max));
    announce_target(*channel, turn.world);
    note_urgency(*channel);
    acknowledge(*channel, turn.now.steady);
    send(SetTarget{.channel = channel->id, .target_max = channel->announced.promise.target});
}

// A share may have come just before, in the same bytes: its channel stays until it has been judged
// and acknowledged.
void Session::on(const CloseChannel& call, const Turn& turn)
{
    const auto close = [this, &turn](Channel& channel) {
        acknowledge(channel, turn.now.steady);
        channel.closing = true;
        note_urgency(channel);
    };
    if (group() != 0 && call.channel == group()) {
        std::for_each(channels_.begin(), channels_.end(), close);
    } else if (Channel* const channel = find(call.channel)) {
        close(*channel);
    } else {
        return;  // it may have been closed by both sides at once: nothing to say
    }
    drop_closed(turn.world, turn.now.steady);
}

void Session::drop_closed(World& world, pool::SteadyTime now)
{
    const auto done = [&world, now](const Channel& channel) {
        if (!channel.closing || channel.unjudged > 0) return false;
        world.prefixes.release(channel.prefix, now);
        world.metrics.channels.add(-1);
        return true;
    };
    if (std::erase_if(channels_, done) == 0) return;
    further_.lower(world.gate, address_, channels_.size(), roster_.size());
    if (channels_.empty()) unused_since_ = now;
}

std::size_t Session::release(PrefixPool& prefixes, DeclaredJobs& declared, Gate* gate,
                             pool::SteadyTime now)
{
    if (declaring_) {
        for (const Declaring::Live& live : declaring_->live) declared.retire(live.job);
        declaring_->live.clear();
    }
    const std::size_t count = channels_.size();
    for (const Channel& channel : channels_) prefixes.release(channel.prefix, now);
    channels_.clear();
    urgent_ = 0;
    further_.lower(gate, address_, 0, 0);
    return count;
}

void Session::fix_difficulty(pool::Difficulty difficulty)
{
    for (Channel& channel : channels_) {
        channel.policy.fix(difficulty);
        note_urgency(channel);
    }
}

void Session::set_bounds(pool::Difficulty least, pool::Difficulty most)
{
    difficulty_.min = least;
    difficulty_.max = most;
    for (Channel& channel : channels_) {
        channel.policy.set_bounds(least, most);
        note_urgency(channel);
    }
}

}  // namespace stratum::v2
