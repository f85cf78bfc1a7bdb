#include "stratum/shard.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/prefetch.h"
#include "pool/base/result.h"
#include "pool/bitcoin/target.h"

namespace stratum {
namespace {

// The first need not wait for many others to be rendered; in small lots all the way, most would
// wait for memory.
constexpr std::size_t sent_first = 8;
constexpr std::size_t sent_at_once = 64;

using pool::Judgement;

// More wait for no turn's end: bounds what one read of a flooding peer may pile up.
constexpr std::size_t batch_max = 4096;
// Ephemeral keys made ahead in a second: about a millisecond's work.
constexpr std::size_t keys_a_tick = 32;

// With the node silent for longer than this, jobs are too precious in the table to add others.
constexpr std::chrono::minutes variants_after_job_max{2};

// Apart from the desk's ids, which stay below 2^31; eight hex digits like them; and none comes
// again within a day, in this life or the next: there is at most one in a tenth of a second on a
// loop.
pool::JobId variant_id(std::uint32_t loop, pool::UnixMillis now)
{
    const std::uint64_t tenths = now.value / 100;
    return {0x80000000U | (loop & 0x7ffU) << 20 | (tenths & 0xfffffU)};
}
constexpr std::chrono::milliseconds variant_gap{100};
// A burst, then one a second: what lives for ten minutes leaves room in the job table.
constexpr double variants_burst = 8;

pool::JobRecord record_of(const pool::Job& job)
{
    return {.bits = job.bits,
            .seq = 0,
            .at = {},
            .job = job.id,
            .version = job.version,
            .time = job.time_start.seconds,
            .prefix_length = prefix_bytes,
            .rolled_length = static_cast<std::uint8_t>(job.extranonce_bytes - prefix_bytes)};
}

// Calls `act` with a session and the world of its protocol.
template <typename Session, typename Worlds, typename Act>
void visit(Session& any, Worlds& worlds, Act act)
{
    if (auto* one = std::get_if<v1::Session>(&any)) {
        act(*one, worlds.v1);
    } else {
        act(std::get<v2::Session>(any), worlds.v2);
    }
}

}  // namespace

Shard::Shard(ShardOptions options, pool::ShareLog& log,
             std::shared_ptr<const AccountDirectory> directory, OnCandidate on_candidate)
    : options_(std::move(options)),
      log_(log),
      directory_(std::move(directory)),
      on_candidate_(std::move(on_candidate)),
      checker_(options_.hasher),
      prefixes_(options_.prefixes, options_.seed),
      greeter_(nullptr),
      declared_(jobs_, options_.used_tokens, options_.seed)
{
    set_identity(options_.identity);
    pool::check(directory_ != nullptr, "an empty directory is a directory");
    const std::size_t size = options_.session.extranonce2_bytes;
    pool::check(size >= 2 && size <= 8, "no miner submits a smaller or larger extranonce2");
    options_.v2.chain = options_.session.chain;
    options_.v2.difficulty = options_.session.difficulty;
    options_.v2.rolled_bytes = options_.session.extranonce2_bytes;
}

Shard::~Shard() = default;

Shard::Worlds Shard::worlds(const Wording& job)
{
    return {.v1 = {.options = options_.session,
                   .jobs = jobs_,
                   .current = job.v1,
                   .directory = *directory_,
                   .grid = grid_,
                   .prefixes = prefixes_,
                   .batch = batch_,
                   .metrics = metrics_,
                   .gate = options_.gate,
                   .known = options_.known,
                   .json = json_,
                   .parted = parted_},
            .v2 = {.options = options_.v2,
                   .jobs = jobs_,
                   .current = job.v2,
                   .next = prepared_ ? &prepared_->v2 : nullptr,
                   .directory = *directory_,
                   .grid = grid_,
                   .prefixes = prefixes_,
                   .batch = batch_,
                   .metrics = metrics_,
                   .gate = options_.gate,
                   .greeter = greeter_,
                   .declared = declared_}};
}

// Calls `act` with each session and the world of its protocol, and lists it if it has to say.
template <typename Act>
void Shard::for_all(const Wording& job, Act act)
{
    Worlds around = worlds(job);
    for (auto& [id, any] : sessions_) {
        visit(any, around, [this, &act](auto& session, auto& world) {
            act(session, world);
            this->touch(session);
        });
    }
}

void Shard::set_identity(std::shared_ptr<const v2::Identity> identity)
{
    const bool declares = options_.declare_jobs && identity != nullptr;
    declared_.set_key(declares ? std::make_shared<const v2::TokenKey>(identity->key.secret)
                               : nullptr);
    greeter_.set_identity(std::move(identity));
}

void Shard::on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    Worlds around = worlds(current_);
    visit(found->second, around, [this, bytes, now](auto& session, auto& world) {
        read_within_budget(session, bytes, now, [&] { session.on_bytes(bytes, world, now); });
        touch(session);
    });
    if (batch_.submissions.size() >= batch_max) flush(now);
}

void Shard::on_job(std::shared_ptr<const pool::Job> job, pool::Now now,
                   const std::function<void()>& send_now)
{
    pool::check(job->extranonce_bytes == prefix_bytes + options_.session.extranonce2_bytes,
                "the coinbase leaves the room that connections were promised");
    flush(now);
    const pool::Job* before = current_.v1.job.get();
    const bool new_tip = before == nullptr || before->previous != job->previous;
    current_ = worded(job, current_.v1.tip + (new_tip || job->clean ? 1 : 0));
    current_since_ = now.steady;
    note_length();
    if (prepared_ && job->prepared == prepared_->job) prepared_.reset();
    const bool routine = job->routine && !job->clean && !new_tip;
    take_in(std::move(job), now);
    note_log(note_jobs(now));
    if (routine) {
        spread_.begin(all_sessions(), options_.routine_over, now.steady);
        pace(now);
    } else {
        spread_.drop();
        if (send_now) {
            rush(send_now);
        } else {
            for_all(current_, [](auto& session, auto& world) { session.on_job(world); });
        }
        // Miners forget jobs for a tip to come with every new tip.
        if (new_tip) send_next(now);
    }
    if (new_tip && declared_.open()) tell_declarators(now);
}

// Who was ahead of our nodes: its jobs fit now.
void Shard::tell_declarators(pool::Now now)
{
    Worlds around = worlds(current_);
    for (auto& [id, any] : sessions_) {
        if (auto* const two = std::get_if<v2::Session>(&any)) {
            two->on_tip(around.v2, now);
            touch(*two);
        }
    }
}

// Rendered, taken and written a few at a time: the first miner does not wait until thousands of
// others have had their line made, and what was made is still in the cache when it is written.
void Shard::rush(const std::function<void()>& send_now)
{
    const std::vector<pool::SessionId> all = order_;  // sending may open and end some
    std::size_t lot = sent_first;
    for (std::span<const pool::SessionId> rest{all}; !rest.empty(); lot = sent_at_once) {
        lot = std::min(lot, rest.size());
        rush_some(rest.first(lot));
        rest = rest.subspan(lot);
        if (!rest.empty()) send_now();
    }
}

// Most of them were last looked at a job ago, and lie far from the processor.
void Shard::rush_some(std::span<const pool::SessionId> some)
{
    std::array<Session*, sent_at_once> near{};
    std::size_t count = 0;
    for (const pool::SessionId id : some) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        near[count++] = &found->second;
        pool::prefetch(found->second);
    }
    const std::span sessions{near.data(), count};
    for (const Session* any : sessions) {
        std::visit([](const auto& session) { session.prefetch(); }, *any);
    }
    Worlds around = worlds(current_);
    for (Session* any : sessions) {
        visit(*any, around, [this](auto& session, auto& world) {
            session.on_job(world);
            touch(session);
        });
    }
}

// Firmware with small buffers loses such a job, and may take worse from it: an operator should
// know.
void Shard::note_length()
{
    const std::size_t bytes = current_.v1.notify.clean.size();
    if (bytes <= options_.session.job_line_bytes) return;
    metrics_.long_job_lines.add();
    pool::log::warn("long_job_line",
                    {{"bytes", bytes}, {"limit", options_.session.job_line_bytes}});
}

bool Shard::pace(pool::Now now)
{
    Worlds around = worlds(current_);
    for (const pool::SessionId id : spread_.due(now.steady)) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        visit(found->second, around, [this](auto& session, auto& world) {
            session.on_job(world);
            touch(session);
        });
    }
    for (const pool::SessionId id : ahead_.due(now.steady)) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        if (auto* const two = std::get_if<v2::Session>(&found->second)) {
            two->on_next_job(around.v2);
            touch(*two);
        }
    }
    send_away(now.steady);
    tell(now.steady);
    return pacing();
}

// Nobody waits for it: v2's miners get it over a second, and the tip then costs one short message.
void Shard::send_next(pool::Now now)
{
    ahead_.drop();
    if (!prepared_ || !v2_open()) return;
    ahead_.begin(all_sessions(), options_.routine_over, now.steady);
}

Shard::Wording Shard::worded(const std::shared_ptr<const pool::Job>& job, std::uint64_t tip) const
{
    const std::uint32_t time_least = tip == current_.v2.tip ? current_.v2.time : 0;
    const bool prepared = prepared_ && job->prepared == prepared_->job;
    Wording wording{
        .v1 = {.job = job,
               .notify = prepared ? prepared_->notify.lines_of(*job) : v1::render_notify(*job),
               .hardest = pool::difficulty_not_above(job->network_target),
               .tip = tip},
        .v2 = v2::word_job(job, tip, time_least)};
    wording.v2.sent_ahead = prepared && wording.v2.extended_future == prepared_->v2.extended_future;
    return wording;
}

void Shard::take_in(std::shared_ptr<const pool::Job> job, pool::Now now)
{
    note_later(*job);
    declared_.begin(pool::to_seconds(now.wall));
    for (const pool::JobId forgotten : jobs_.add(std::move(job), now.steady)) {
        seen_.forget(forgotten);
    }
}

void Shard::note_later(const pool::Job& job)
{
    unnoted_.push_back(record_of(job));
    constexpr std::size_t most = pool::JobTable::jobs_max + v2::DeclaredJobs::jobs_max;
    if (unnoted_.size() > most) unnoted_.erase(unnoted_.begin());
}

bool Shard::may_send_variant(pool::SteadyTime now)
{
    const std::chrono::duration<double> since = now - last_variant_;
    if (since < variant_gap) return false;
    variant_tokens_ = std::min(variant_tokens_ + since.count(), variants_burst);
    last_variant_ = now;
    if (variant_tokens_ < 1) return false;
    variant_tokens_ -= 1;
    return true;
}

// A new difficulty comes with new work only: firmware begins its extranonce anew with every job,
// so the same work under another id would bring the same shares again. Other work of the same
// template is cheap: the coinbase's sequence number is free. All who wait share one.
void Shard::send_variant(pool::Now now)
{
    const auto waits = [](const auto& entry) {
        return std::visit([](const auto& session) { return session.wants_job_now(); },
                          entry.second);
    };
    if (current_.v1.job == nullptr || now.steady - current_since_ > variants_after_job_max) return;
    if (now.steady - last_variant_ < variant_gap) return;  // before a walk through all
    if (std::none_of(sessions_.begin(), sessions_.end(), waits)) return;
    const pool::JobId variant_job = variant_id(options_.loop, now.wall);
    if (!may_send_variant(now.steady) || jobs_.find(variant_job) != nullptr) return;

    auto job = std::make_shared<pool::Job>(*current_.v1.job);
    if (job->coinbase_suffix.size() < 4) return;
    ++variants_;
    for (std::size_t i = 0; i < 4; ++i) {
        // Counted down from the final sequence number, which the job itself has.
        job->coinbase_suffix[i] = static_cast<std::uint8_t>(~variants_ >> (8 * i));
    }
    job->id = variant_job;
    job->prepared = nullptr;  // its lines are not those of the variant
    job->clean = false;
    const Wording variant = worded(job, current_.v1.tip);
    take_in(std::move(job), now);
    metrics_.variant_jobs.add();
    for_all(variant, [](auto& session, auto& world) {
        if (session.wants_job_now()) session.on_job(world);
    });
    note_log(note_jobs(now));
}

void Shard::prepare(std::shared_ptr<const pool::Job> job, pool::Now now)
{
    v1::PreparedNotify notify{*job};
    v2::WireJob wire = v2::word_job(job, 0, 0);
    prepared_.emplace(Prepared{std::move(job), std::move(notify), std::move(wire)});
    send_next(now);
}

void Shard::on_tick(pool::Now now)
{
    for_all(current_, [now](auto& session, auto& world) { session.on_tick(world, now); });
    if (v2_open()) greeter_.prepare(keys_a_tick);
    flush(now);
    send_variant(now);
    note_mined(now);
    if (auto marked = log_.tick(now.wall); !marked) {
        pool::log::error("share_log_tick_failed", {{"detail", marked.error().detail}});
    }
    if (now.steady >= age_out_at_) {
        past_workers_.age_out(now);
        age_out_at_ = now.steady + std::chrono::hours{1};
    }
    metrics_.prefixes_leased.set(static_cast<std::int64_t>(prefixes_.leased()));
    metrics_.prefixes_resting.set(static_cast<std::int64_t>(prefixes_.resting()));
    metrics_.custom_jobs_live.set(static_cast<std::int64_t>(jobs_.declared()));
}

void Effects::reuse(std::string& sent)
{
    const bool on_heap = sent.capacity() > std::string{}.capacity();
    if (!on_heap || sent.capacity() > spare_bytes_max || spares_.size() == spares_max) {
        sent = {};
        return;
    }
    sent.clear();
    spares_.push_back(std::move(sent));
    sent = {};
}

std::string Effects::spare_buffer()
{
    if (spares_.empty()) return {};
    std::string spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
}

void Shard::take_effects(Effects& effects, pool::Now now, std::size_t closes_max)
{
    for (Effects::Write& write : effects.writes) effects.reuse(write.bytes);
    effects.writes.clear();
    effects.closes.clear();
    effects.authorised.clear();
    effects.authorised.swap(authorised_);
    taken_.clear();
    taken_.swap(dirty_);
    for (const pool::SessionId id : taken_) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        take_output(id, found->second, effects);
        std::visit(
            [this, id = id](auto& session) {
                // Its last shares are still to be answered: flush comes first, then it is listed
                // again. One that waits for its close stays listed.
                session.listed = session.ended() && !session.has_unanswered();
                if (session.listed) ending_.push_back(id);
            },
            found->second);
    }
    for (; closes_max > 0 && !ending_.empty(); ending_.pop_front()) {
        const pool::SessionId id = ending_.front();
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;  // its peer was faster
        const auto reason =
            std::visit([](const auto& session) { return session.ended(); }, found->second);
        effects.closes.push_back({id, reason.value_or(EndReason::peer_left)});
        forget(id, now);
        --closes_max;
    }
}

void Shard::take_output(pool::SessionId id, Session& any, Effects& effects)
{
    std::visit(
        [&effects, id](auto& session) {
            if (!session.has_output()) return;
            Effects::Write& write =
                effects.writes.emplace_back(Effects::Write{id, effects.spare_buffer()});
            session.take_output(write.bytes);
        },
        any);
}

void Shard::set_directory(std::shared_ptr<const AccountDirectory> directory)
{
    pool::check(directory != nullptr, "an empty directory is a directory");
    directory_ = std::move(directory);
}

void Shard::hold_jobs(pool::SessionId id)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    std::visit([](auto& session) { session.hold_jobs(); }, found->second);
}

void Shard::release_jobs(pool::SessionId id)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    Worlds around = worlds(current_);
    visit(found->second, around, [this](auto& session, auto& world) {
        session.release_jobs(world);
        this->touch(session);
    });
}

// An address that mines is never banned: beside the first share of each connection, which is told
// at once, to know once in a while is enough.
void Shard::note_mined(pool::Now now)
{
    constexpr std::chrono::seconds once_in{15};
    if (now.steady - mined_told_ < once_in) return;
    mined_told_ = now.steady;
    for (auto& [id, any] : sessions_) {
        std::visit([this, now](auto& session) { tell_gate(session, now); }, any);
    }
}

}  // namespace stratum
