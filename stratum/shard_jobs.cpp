// The jobs of a shard: how they go out, the one that comes next, and variants of the one that is.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/prefetch.h"
#include "pool/base/result.h"
#include "pool/bitcoin/target.h"
#include "stratum/shard_visit.h"

namespace stratum {
namespace {

// The first need not wait for many others to be rendered; in small lots all the way, most would
// wait for memory.
constexpr std::size_t sent_first = 8;
constexpr std::size_t sent_at_once = 64;

// With the node silent for longer than this, jobs are too precious in the table to add others.
constexpr std::chrono::minutes variants_after_job_max{2};

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

}  // namespace

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
        rush(now.steady, send_now);
        // Miners forget jobs for a tip to come with every new tip.
        if (new_tip) send_next(now);
    }
    if (new_tip && declared_.open()) tell_declarators(now);
}

// Who was ahead of our nodes: its jobs fit now.
void Shard::tell_declarators(pool::Now now)
{
    Worlds around = worlds(current_, now.steady);
    for (const pool::SessionId id : declared_.take_waiting()) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        v2::Session& declarator = std::get<v2::Session>(found->second);
        declarator.on_tip(around.v2, now);
        touch(declarator);
    }
}

// Rendered, taken and written a few at a time: the first miner does not wait until thousands of
// others have had their line made, and what was made is still in the cache when it is written.
void Shard::rush(pool::SteadyTime now, const std::function<void()>& send_now)
{
    const std::vector<pool::SessionId> all = order_;  // sending may open and end some
    std::size_t lot = sent_first;
    for (std::span<const pool::SessionId> rest{all}; !rest.empty(); lot = sent_at_once) {
        lot = std::min(lot, rest.size());
        rush_some(rest.first(lot), now);
        rest = rest.subspan(lot);
        if (!rest.empty() && send_now) send_now();
    }
}

// Most of them were last looked at a job ago, and lie far from the processor.
void Shard::rush_some(std::span<const pool::SessionId> some, pool::SteadyTime now)
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
    Worlds around = worlds(current_, now);
    for (Session* any : sessions) {
        visit(*any, around, [this](auto& session, auto& world) {
            session.on_job(world);
            if (session.owes_jobs()) look_soon(session);
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
    prefixes_.job_replaced(now.steady);
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

// All who wait share one.
void Shard::send_variant(pool::Now now)
{
    if (current_.v1.job == nullptr || now.steady - current_since_ > variants_after_job_max) return;
    if (!variants_.may_be_due(now.steady)) return;
    drop_vain_wishes();
    if (wishing_.empty()) return;
    auto job = variants_.make(*current_.v1.job, options_.loop, now);
    if (job == nullptr || jobs_.find(job->id) != nullptr) return;

    const Wording variant = worded(job, current_.v1.tip);
    note_later(*job);
    jobs_.add_variant(std::move(job));
    metrics_.variant_jobs.add();
    Worlds around = worlds(variant, now.steady);
    for (const pool::SessionId id : std::exchange(wishing_, {})) {
        with(id, around, [this](auto& session, auto& world) {
            session.wishes = false;
            session.on_variant(world);
            note_wish(session);  // there may have been too much to say at once
            touch(session);
        });
    }
    note_log(note_jobs(now));
}

// Those that have got other work meanwhile, or have gone.
void Shard::drop_vain_wishes()
{
    std::erase_if(wishing_, [this](pool::SessionId id) {
        bool vain = true;
        with(id, [&vain](auto& session) {
            session.wishes = session.wants_job_now();
            vain = !session.wishes;
        });
        return vain;
    });
}

void Shard::prepare(std::shared_ptr<const pool::Job> job, pool::Now now)
{
    v1::PreparedNotify notify{*job};
    v2::WireJob wire = v2::word_job(job, 0, 0);
    prepared_.emplace(Prepared{std::move(job), std::move(notify), std::move(wire)});
    send_next(now);
}

}  // namespace stratum
