// Jobs: what each channel is sent, to all of a group at once or in parts, and with which target.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "stratum/v2/session_send.h"

namespace stratum::v2 {
namespace {

// A difficulty that is off by this much is not left for the next regular job.
constexpr int urgent_exponents = 2;
// Of what a turn may answer, jobs that are said to channels one by one take a quarter, and leave
// the rest to what must be said at once; right when a job comes, three.
constexpr std::size_t owed_part = 4;
constexpr std::size_t job_parts = 3;

std::size_t most_of(const World& world)
{
    return world.options.answers_bytes / owed_part * job_parts;
}

// The others are told no more: the last share of each waits for its verdict.
bool is_open(const Channel& channel) { return !channel.closing; }

}  // namespace

// What the next job is to be measured by: on the grid, but never easier than the miner allows.
// True when that differs from what it was last told.
bool Session::announce_target(Channel& channel, const World& world)
{
    if (world.current.job != nullptr) channel.policy.set_cap(world.current.hardest);
    const pool::Difficulty difficulty = channel.policy.next();
    pool::Promise promise = world.grid.of(difficulty);
    // Its floor is the step of the grid below: what the miner still takes may lie between two.
    if (channel.target_max < promise.target) {
        promise = {channel.target_max, pool::work_of(channel.target_max)};
    }
    const bool other = channel.announced.promise.target != promise.target;
    if (other && channel.ahead) channel.ahead->retargeted = true;
    channel.announced = {promise, difficulty};
    return other;
}

// Asked for at each share, so it is noted where it changes. While some channels wait for the newest
// job still, that brings its target to them; what is left then is a matter of other work.
bool Session::wants_job_now() const
{
    return urgent_ > 0 && !ended_ && !held_ && !jobs_owed_ && !selects_work();
}

void Session::note_urgency(Channel& channel)
{
    const bool has_work = !channel.closing && !channel.sent.empty();
    const int off = channel.policy.next().exponent - channel.newest_difficulty().exponent;
    const bool urgent = has_work && std::abs(off) >= urgent_exponents;
    if (urgent == std::exchange(channel.urgent, urgent)) return;
    if (urgent) {
        ++urgent_;
    } else {
        --urgent_;
    }
}

// The first job of a channel is for later, and the message behind it makes it the present one.
void Session::start(Channel& channel, const World& world)
{
    // Who selects its work gets none of ours.
    if (world.current.job == nullptr || selects_work()) return;
    if (held_ || out_.size() > world.options.answers_bytes / owed_part) {
        jobs_owed_ = true;
        return;
    }
    say_job(channel, world);
    if (world.next != nullptr) send_ahead(channel, world);
}

void Session::say_owed(const World& world, std::size_t bytes_max)
{
    if (ended_ || held_ || !std::exchange(jobs_owed_, false)) return;
    jobs_owed_ = !say_in_turn(
        world, bytes_max, [&world](const Channel& channel) { return lacks_job(channel, world); });
}

// To as many of those that `may` have the job as the peer can be expected to read at a time; false:
// the others wait until it has. First those who mine for the tip before, or for none: jobs may come
// faster than all can be told. Then those whose difficulty is far off. And each time from the
// channel on where the last time ended, or those behind would never be told.
template <typename May>
bool Session::say_in_turn(const World& world, std::size_t bytes_max, May may)
{
    enum class Rank : std::uint8_t { behind, far_off, other };
    const auto rank_of = [&world](const Channel& channel) {
        if (is_behind(channel, world)) return Rank::behind;
        return channel.urgent ? Rank::far_off : Rank::other;
    };
    const auto next = std::upper_bound(
        channels_.begin(), channels_.end(), last_told_,
        [](std::uint32_t told, const Channel& channel) { return told < channel.id; });
    const auto first = static_cast<std::size_t>(next - channels_.begin());
    for (const Rank rank : {Rank::behind, Rank::far_off, Rank::other}) {
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            Channel& channel = channels_[(first + i) % channels_.size()];
            if (rank_of(channel) != rank || !may(channel)) continue;
            if (out_.size() > bytes_max) return false;
            const bool begins = channel.sent.empty();
            say_job(channel, world);
            if (begins && world.next != nullptr) send_ahead(channel, world);
            last_told_ = channel.id;
        }
    }
    return true;
}

void Session::say_owed(const World& world)
{
    say_owed(world, world.options.answers_bytes / owed_part);
}

// A channel that was opened while a routine job goes round has it already, and maybe another one
// since: the target that it had the first time holds.
bool Session::lacks_job(const Channel& channel, const World& world)
{
    return !channel.closing && channel.sent.of(world.current.job->id) == nullptr;
}

// One that waits for its first job, too, knows of no tip yet.
bool Session::is_behind(const Channel& channel, const World& world)
{
    return channel.tip != world.current.tip;
}

void Session::say_target(Channel& channel, const World& world)
{
    if (!announce_target(channel, world)) return;
    acknowledge(channel, heard_);
    send(SetTarget{.channel = channel.id, .target_max = channel.announced.promise.target});
}

void Session::say_job(Channel& channel, const World& world)
{
    const bool future = is_behind(channel, world);
    say_target(channel, world);
    note_job(channel, world);
    send_job(channel, world, future);
    if (future) channel.ahead.reset();  // miners forget it with the tip that it was for
}

// Freezes the target with the job that is sent now.
void Session::note_job(Channel& channel, const World& world)
{
    channel.sent.forget_unless([&world](pool::JobId id) { return world.jobs.find(id) != nullptr; });
    channel.sent.add(world.current.job->id, channel.announced);
    channel.tip = world.current.tip;
    first_share_.sent(world.current.job->id, world.now);
    note_urgency(channel);
}

void Session::send_job(const Channel& channel, const World& world, bool future)
{
    if (channel.kind == ChannelKind::extended) {
        send_for(channel.id,
                 future ? world.current.extended_future : world.current.extended_active);
    } else {
        const pool::Extranonce extranonce =
            padded(channel.prefix, world.current.job->extranonce_bytes);
        send(standard_job(world.current, channel.id, extranonce, future));
    }
    if (future) send_for(channel.id, world.current.new_prev_hash);
}

void Session::on_job(World& world)
{
    drop_closed(world, heard_);
    if (ended_ || channels_.empty()) return;
    if (selects_work()) return retarget(world, 1);
    const auto lacks = [&world](const Channel& channel) { return lacks_job(channel, world); };
    if (std::none_of(channels_.begin(), channels_.end(), lacks)) return;
    if (held_) {
        if (std::exchange(job_held_, true)) world.metrics.jobs_superseded.add();
        return;
    }
    if (tell_alike(world)) return;
    jobs_owed_ = true;
    say_owed(world, most_of(world));
}

// Those whose difficulty is right go on with what they have. Who is left over wishes still, and
// gets the next one.
void Session::on_variant(World& world)
{
    drop_closed(world, heard_);
    if (!wants_job_now() || tell_alike(world)) return;
    say_in_turn(world, most_of(world), [](const Channel& channel) { return channel.urgent; });
}

// What is said to all alike costs little however many they are. It is nothing for those who have
// the job already, or who need to hear of the tip while the others do not.
bool Session::tell_alike(const World& world)
{
    const auto first = std::find_if(channels_.begin(), channels_.end(), is_open);
    if (first == channels_.end()) return true;
    const bool future = is_behind(*first, world);
    const bool alike = std::all_of(first, channels_.end(), [&](const Channel& channel) {
        return !is_open(channel) ||
               (lacks_job(channel, world) && is_behind(channel, world) == future);
    });
    if (!alike) return false;
    if (future && activate_ahead(world)) return true;
    if (!speaks_to_group()) return false;
    tell_group(world, future);
    return true;
}

void Session::tell_group(const World& world, bool future)
{
    for (Channel& channel : channels_) {
        if (!is_open(channel)) continue;
        say_target(channel, world);
        note_job(channel, world);
        if (future) channel.ahead.reset();
    }
    send_for(group_id, future ? world.current.extended_future : world.current.extended_active);
    if (future) send_for(group_id, world.current.new_prev_hash);
}

// Jobs of a group cost one message however many channels there are. One channel alone is addressed
// by its own number: some firmware drops what is sent to a group.
bool Session::speaks_to_group() const
{
    if (group() == 0) return false;
    const auto first = std::find_if(channels_.begin(), channels_.end(), is_open);
    return first != channels_.end() && std::any_of(first + 1, channels_.end(), is_open);
}

void Session::on_next_job(World& world)
{
    if (ended_ || held_ || channels_.empty() || world.next == nullptr || selects_work()) return;
    // Before its first job a channel has no use for another.
    const auto has_work = [](const Channel& channel) { return !channel.sent.empty(); };
    if (!std::all_of(channels_.begin(), channels_.end(), has_work)) return;
    const Channel::Ahead grouped{.job = world.next->job->id, .grouped = true};
    const Channel::Ahead alone{.job = world.next->job->id, .grouped = false};
    for (Channel& channel : channels_) {
        if (!is_open(channel) || channel.ahead == grouped || channel.ahead == alone) continue;
        if (speaks_to_group()) {
            send_for(group_id, world.next->extended_future);
            for (Channel& each : channels_) each.ahead = grouped;
            return;
        }
        send_ahead(channel, world);
    }
}

void Session::send_ahead(Channel& channel, const World& world)
{
    const WireJob& next = *world.next;
    if (channel.kind == ChannelKind::extended) {
        send_for(channel.id, next.extended_future);
    } else {
        const pool::Extranonce extranonce = padded(channel.prefix, next.job->extranonce_bytes);
        send(standard_job(next, channel.id, extranonce, true));
    }
    channel.ahead = {.job = next.job->id, .grouped = false};
}

// True when every channel had the job of the new tip already, and was told so in the same way: then
// the tip itself is all that is said. A SetTarget in between is for that job, too, says the
// specification (5.3.21), but there are miners that froze the job's target when it came: these get
// the job once more, behind the target.
bool Session::activate_ahead(const World& world)
{
    const auto first = std::find_if(channels_.begin(), channels_.end(), is_open);
    const auto ahead = first == channels_.end() ? std::nullopt : first->ahead;
    if (!world.current.sent_ahead || !ahead || ahead->job != world.current.job->id) return false;
    if (ahead->retargeted || (ahead->grouped && !speaks_to_group())) return false;
    const auto same = [&ahead](const Channel& channel) {
        return !is_open(channel) || channel.ahead == ahead;
    };
    if (!std::all_of(channels_.begin(), channels_.end(), same)) return false;
    for (Channel& channel : channels_) {
        if (is_open(channel)) say_target(channel, world);
    }
    if (!std::all_of(channels_.begin(), channels_.end(), same)) return false;
    if (ahead->grouped) send_for(group_id, world.current.new_prev_hash);
    for (Channel& channel : channels_) {
        if (!is_open(channel)) continue;
        note_job(channel, world);
        if (!ahead->grouped) send_for(channel.id, world.current.new_prev_hash);
        channel.ahead.reset();
    }
    return true;
}

void Session::release_jobs(World& world)
{
    held_ = false;
    if (std::exchange(job_held_, false)) on_job(world);
    say_owed(world);
}

void Session::send_for(std::uint32_t channel, std::string_view frame)
{
    std::string ours{frame};
    for (std::size_t i = 0; i < sizeof channel; ++i) {
        ours[frame_header_bytes + i] = static_cast<char>(channel >> (8 * i));
    }
    seal_frame(ciphers_.send, pool::as_bytes(ours), out_);
}

}  // namespace stratum::v2
