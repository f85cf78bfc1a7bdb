#include "stratum/v1/session.h"

#include <algorithm>
#include <utility>

#include "stratum/v1/codec.h"

namespace stratum::v1 {
namespace {

// A flush of the miner's queue costs it hashes: only a rise this large is worth one.
constexpr int clean_rise_exponents = 2;
// So often is other work waited for before the same has to do.
constexpr int other_work_ticks = 5;
// A difficulty that is off by this much is not left for the next regular job.
constexpr int urgent_exponents = 2;

}  // namespace

Session::Session(pool::SessionId id, std::string peer, std::uint64_t subscription,
                 const DifficultyLimits& difficulty, std::uint8_t extranonce2_bytes, pool::Now now)
    : id_(id),
      peer_(std::move(peer)),
      address_(parse_peer(peer_)),
      subscription_(subscription),
      extranonce2_bytes_(extranonce2_bytes),
      opened_(now),
      heard_(now.steady),
      policy_(difficulty, now.steady)
{
}

void Session::on_bytes(std::span<const std::uint8_t> bytes, World& world, pool::Now now,
                       std::size_t records)
{
    if (ended_) return;
    if (!bytes.empty()) heard_ = now.steady;
    reader_.feed(bytes);
    const double worth = static_cast<double>(bytes.size()) / bytes_worth_a_line;
    take_lines(world, now, std::max(worth, static_cast<double>(records)));
    if (ended_) return;
    if (reader_.too_long()) {
        world.metrics.bad_lines.add();
        end(EndReason::line_too_long);
        return;
    }
    if (!reader_.unfinished()) {
        line_begun_.reset();
    } else if (!line_begun_) {
        line_begun_ = now.steady;
    }
}

// worth: in lines, what was read, whatever there is in it.
void Session::take_lines(World& world, pool::Now now, double worth)
{
    const SessionOptions& options = world.options;
    const auto line_max = [this, &options] {
        return authorised() ? options.line_bytes : options.line_bytes_handshake;
    };
    double lines = 0;
    while (const auto line = reader_.next(line_max())) {
        lines += 1;
        const std::size_t waiting = waiting_.size();
        const std::size_t said = out().size();
        on_line(*line, world, now);
        constexpr std::size_t verdict_bytes = 64;
        piled_ += waiting_.size() == waiting ? out().size() - said
                                             : verdict_bytes + waiting_.back().id.size();
        if (piled_ > options.answers_bytes) end(EndReason::write_stalled);
        if (ended_) return;
    }
    end_if_guessing(options);
    // Empty lines, padding, records of a byte: nobody needs them, and each has been looked at.
    const auto blank = static_cast<double>(reader_.take_skipped());
    world.metrics.lines.add(static_cast<std::uint64_t>(blank));
    const double more = blank + std::max(worth - lines - blank, 0.0);
    if (more > 0 && !lines_.take(options.lines_per_second, options.lines_burst, now.steady, more)) {
        end(EndReason::too_many_requests);
    }
}

void Session::on_line(std::string_view line, World& world, pool::Now now)
{
    heard_line_ = true;
    line_begun_.reset();
    world.metrics.lines.add();
    // An honest proxy of a thousand machines stays far below it.
    if (!lines_.take(world.options.lines_per_second, world.options.lines_burst, now.steady)) {
        return end(EndReason::too_many_requests);
    }
    auto request = read_request(line, world.json, world.options.json);
    if (!request) {
        world.metrics.bad_lines.add();
        append_error(out(), "null", ErrorCode::other, "Invalid JSON");
        end(EndReason::bad_line);
        return;
    }
    const Turn turn{world, now, request->id, request->wants_reply()};
    std::visit([this, &turn](const auto& call) { on(call, turn); }, request->call);
}

void Session::on_job(World& world)
{
    if (!ended_ && held_ && !sent_.empty()) {
        if (std::exchange(job_owed_, true)) world.metrics.jobs_superseded.add();
    } else if (!ended_ && !sent_.empty()) {
        send_job(world);
    } else {
        start_if_ready(world);
    }
}

void Session::release_jobs(World& world)
{
    held_ = false;
    if (std::exchange(job_owed_, false)) on_job(world);
}

bool Session::ask_to_reconnect()
{
    if (ended_ || !authorised() || sent_.empty()) return false;
    append_reconnect(out());
    return true;
}

// It has come back under the same extranonce, and to what it had before its break: the same work
// would bring the same shares.
bool Session::waits_for_other_work() const
{
    return !ended_ && resumed_ != nullptr && prefix_ && authorised() && sent_.empty();
}

bool Session::wants_job_now() const
{
    if (waits_for_other_work()) return true;
    if (ended_ || held_ || sent_.empty()) return false;
    const int off = policy_.next().exponent - sent_.back().difficulty.exponent;
    return repeat_difficulty_ || off >= urgent_exponents || -off >= urgent_exponents;
}

void Session::announce(std::string_view text)
{
    if (!ended_ && !sent_.empty()) append_show_message(out(), text);
}

void Session::on_tick(World& world, pool::Now now)
{
    if (ended_) return;
    policy_.on_tick(now.steady);
    if (only_subscribed() && now.steady >= subscribed_ + world.options.start_unauthorized) {
        send_job(world);
    }
    if (waits_for_other_work() && ++waited_ticks_ > other_work_ticks) send_again(world);
    const Deadline next = deadline(world.options, now.steady);
    if (now.steady >= next.at) end(next.reason);
}

pool::SteadyTime Session::next_look(const SessionOptions& options, pool::SteadyTime now) const
{
    if (ended_) return pool::SteadyTime::max();
    if (waits_for_other_work()) return now;
    pool::SteadyTime next = std::min(policy_.next_look(), deadline(options, now).at);
    // It may be that there is no work yet.
    if (only_subscribed()) {
        next = std::min(next, std::max(subscribed_ + options.start_unauthorized, now));
    }
    return next;
}

// Verifiers and monitors subscribe and never authorise; they want to see work all the same.
bool Session::only_subscribed() const
{
    return prefix_ && !authorised() && !authorize_refused_ && sent_.empty();
}

// The first; of several in the same moment the one that says the most.
Session::Deadline Session::deadline(const SessionOptions& options, pool::SteadyTime now) const
{
    Deadline first{heard_ + options.idle_max, EndReason::idle};
    if (first.at <= now && !sent_.empty()) {
        const auto interval = policy_.share_interval(sent_.back().difficulty, now);
        first.at = heard_ + patience(interval, options.idle_max);
    }
    const auto or_at = [&first](pool::SteadyTime at, EndReason reason) {
        if (at <= first.at) first = {at, reason};
    };
    const pool::SteadyTime opened = opened_.steady;
    if (line_begun_) or_at(*line_begun_ + options.line_within, EndReason::slow_line);
    if (!authorised()) or_at(opened + options.authorize_within, EndReason::no_authorize);
    if (!prefix_) or_at(opened + options.subscribe_within, EndReason::no_subscribe);
    if (!heard_line_) {
        or_at(opened + options.first_line_within,
              line_begun_ ? EndReason::slow_first_line : EndReason::no_first_line);
    }
    return first;
}

void Session::end(EndReason reason)
{
    if (!ended_) ended_ = reason;
}

void Session::start_if_ready(World& world)
{
    if (!ended_ && prefix_ && authorised() && sent_.empty()) send_job(world);
}

// Some firmware drops the connection when it is told of a mask before authorize is answered,
// some never rolls unless it is told.
void Session::announce_mask(const pool::Job& job)
{
    if (!rolling_ || !authorised()) return;
    const std::uint32_t mask = mask_wanted_ & job.rolling_mask;
    if (mask_announced_ != mask) append_set_version_mask(out(), mask);
    mask_announced_ = mask;
}

// In a routine round its turn may come after it was sent the job and another for a new difficulty.
// The promise for a job is frozen: it is not made anew. Any other job goes to all at once, and
// looking through the older ones of thousands would take the time of memory.
bool Session::already_sent(const pool::Job& job) const
{
    const auto is_it = [&job](const SentJob& sent) { return sent.job == job.id; };
    if (resumed_ != nullptr &&
        std::any_of(resumed_->left.sent.begin(), resumed_->left.sent.end(), is_it)) {
        return true;
    }
    if (sent_.empty()) return false;
    if (is_it(sent_.back())) return true;
    return job.routine && std::any_of(sent_.begin(), sent_.end(), is_it);
}

void Session::send_job(World& world)
{
    const RenderedJob& current = world.current;
    if (current.job == nullptr) return;
    if (already_sent(*current.job)) return;

    policy_.set_cap(current.hardest);
    send(world, policy_.next());

    // What the table has forgotten can not be submitted any more.
    const auto forget = [&world](std::vector<SentJob>& jobs) {
        const auto known = std::find_if(jobs.begin(), jobs.end(), [&world](const SentJob& sent) {
            return world.jobs.find(sent.job) != nullptr;
        });
        jobs.erase(jobs.begin(), known);
    };
    forget(sent_);
    if (resumed_ != nullptr) forget(resumed_->left.sent);
}

void Session::send(const World& world, pool::Difficulty difficulty)
{
    const RenderedJob& current = world.current;
    announce_mask(*current.job);
    bool clean = current.tip != last_tip_;
    const bool repeat = std::exchange(repeat_difficulty_, false);
    if (sent_.empty() || repeat || sent_.back().difficulty != difficulty) {
        append_set_difficulty(out(), difficulty);
        clean = clean || sent_.empty() || repeat ||
                difficulty.exponent >= sent_.back().difficulty.exponent + clean_rise_exponents;
    }
    out().append(clean ? current.notify.clean : current.notify.keep);
    last_tip_ = current.tip;
    sent_.push_back({current.job->id, difficulty});
    first_share_.sent(current.job->id, world.now);
}

// No node has given us anything else: what it finds twice is refused, and the rest is good, at what
// was promised before the break.
void Session::send_again(World& world)
{
    const RenderedJob& current = world.current;
    if (current.job == nullptr) return;
    const std::vector<SentJob>& left = resumed_->left.sent;
    const auto before = std::find_if(left.begin(), left.end(), [&current](const SentJob& sent) {
        return sent.job == current.job->id;
    });
    if (before != left.end()) send(world, before->difficulty);
}

SessionSnapshot Session::snapshot(pool::Now now, Shown shown) const
{
    SessionSnapshot shot{.id = id_,
                         .peer = peer_,
                         .user_agent = about_.empty() ? user_agent_ : user_agent_ + about_,
                         .connected = opened_.wall,
                         .difficulty = 0,
                         .names = roster_.size(),
                         .workers = roster_.snapshot(now.steady, shown),
                         .first_share = first_share_.times()};
    if (!sent_.empty()) {
        shot.difficulty = pool::difficulty_number(pool::target_of(sent_.back().difficulty));
    }
    return shot;
}

}  // namespace stratum::v1
