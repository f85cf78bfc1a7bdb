#include "stratum/shard.h"

#include <algorithm>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/result.h"
#include "pool/bitcoin/target.h"

namespace stratum {
namespace {

using pool::Judgement;

// More wait for no turn's end: bounds what one read of a flooding peer may pile up.
constexpr std::size_t batch_max = 4096;

// With the node silent for longer than this, jobs are too precious in the table to add others.
constexpr std::chrono::minutes variants_after_job_max{2};

// Apart from the desk's ids, which are seconds since 1970 and count on (below 2^31 until 2038),
// eight hex digits like them, and none comes again within a day, in this life or the next: there is
// at most one in a tenth of a second on a loop.
pool::JobId variant_id(std::uint32_t loop, pool::UnixMillis now)
{
    const std::uint64_t tenths = now.value / 100;
    return {0x80000000U | (loop & 0x7ffU) << 20 | (tenths & 0xfffffU)};
}
constexpr std::chrono::milliseconds variant_gap{100};
// A burst, then one a second: what lives for ten minutes leaves room in the job table.
constexpr double variants_burst = 8;

// The numbers a client sees as its session id: not to be guessed from the one before.
std::uint64_t mixed(std::uint64_t value)
{
    value += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

// A share record holds 96 bits of work.
pool::U128 saturated(pool::U128 work)
{
    constexpr pool::U128 most = (pool::U128{1} << 96) - 1;
    return std::min(work, most);
}

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

Shard::Shard(ShardOptions options, pool::ShareLog& log,
             std::shared_ptr<const AccountDirectory> directory, OnCandidate on_candidate)
    : options_(options),
      log_(log),
      directory_(std::move(directory)),
      on_candidate_(std::move(on_candidate)),
      checker_(options_.hasher),
      prefixes_(options_.prefixes, options_.seed)
{
    pool::check(directory_ != nullptr, "an empty directory is a directory");
    const std::size_t size = options_.session.extranonce2_bytes;
    pool::check(size >= 2 && size <= 8, "no miner submits a smaller or larger extranonce2");
}

Shard::~Shard() = default;

v1::World Shard::world(const v1::RenderedJob& job)
{
    return {.options = options_.session,
            .jobs = jobs_,
            .current = job,
            .directory = *directory_,
            .grid = grid_,
            .prefixes = prefixes_,
            .batch = batch_,
            .metrics = metrics_,
            .json = json_};
}

void Shard::touch(v1::Session& session)
{
    if (session.listed || (!session.has_output() && !session.ended())) return;
    session.listed = true;
    dirty_.push_back(session.id());
}

pool::SessionId Shard::open(const std::string& peer, pool::Now now)
{
    // The loop's number on top: an id means one connection on all loops of a server.
    const pool::SessionId id{(std::uint64_t{options_.loop} << 48) | ++opened_};
    const std::uint64_t subscription = mixed(options_.seed ^ mixed(id.value));
    sessions_.try_emplace(id.value, id, peer, subscription, options_.session, now);
    metrics_.connections.add();
    metrics_.sessions.set(static_cast<std::int64_t>(sessions_.size()));
    return id;
}

void Shard::on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    v1::World around = world();
    found->second.on_bytes(bytes, around, now);
    touch(found->second);
    if (batch_.submissions.size() >= batch_max) flush(now);
}

void Shard::closed(pool::SessionId id, EndReason reason, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    found->second.end(reason);
    if (found->second.has_unanswered()) {
        gone_.push_back(id);
    } else {
        forget(id, now);
    }
}

void Shard::forget(pool::SessionId id, pool::Now now)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return;
    const v1::Session& session = found->second;
    metrics_.of(session.ended().value_or(EndReason::peer_left)).add();
    if (const auto& prefix = session.prefix()) prefixes_.release(*prefix, now.steady);
    sessions_.erase(found);
    metrics_.sessions.set(static_cast<std::int64_t>(sessions_.size()));
}

void Shard::on_job(std::shared_ptr<const pool::Job> job, pool::Now now)
{
    pool::check(job->extranonce_bytes == prefix_bytes + options_.session.extranonce2_bytes,
                "the coinbase leaves the room that connections were promised");
    flush(now);
    const bool new_tip = current_.job == nullptr || current_.job->previous != job->previous;
    current_.notify = v1::render_notify(*job);
    current_.hardest = pool::difficulty_not_above(job->network_target);
    if (new_tip || job->clean) ++current_.tip;
    current_.job = job;
    current_since_ = now.steady;
    take_in(std::move(job), now);

    v1::World around = world();
    for (auto& [id, session] : sessions_) {
        session.on_job(around);
        touch(session);
    }
    note_jobs(now);
}

void Shard::take_in(std::shared_ptr<const pool::Job> job, pool::Now now)
{
    unnoted_.push_back(record_of(*job));
    if (unnoted_.size() > pool::JobTable::jobs_max) unnoted_.erase(unnoted_.begin());
    for (const pool::JobId forgotten : jobs_.add(std::move(job), now.steady)) {
        seen_.forget(forgotten);
    }
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
    const auto waits = [](const auto& entry) { return entry.second.wants_job_now(); };
    if (current_.job == nullptr || now.steady - current_since_ > variants_after_job_max) return;
    if (std::none_of(sessions_.begin(), sessions_.end(), waits)) return;
    const pool::JobId variant_job = variant_id(options_.loop, now.wall);
    if (!may_send_variant(now.steady) || jobs_.find(variant_job) != nullptr) return;

    auto job = std::make_shared<pool::Job>(*current_.job);
    if (job->coinbase_suffix.size() < 4) return;
    ++variants_;
    for (std::size_t i = 0; i < 4; ++i) {
        // Counted down from the final sequence number, which the job itself has.
        job->coinbase_suffix[i] = static_cast<std::uint8_t>(~variants_ >> (8 * i));
    }
    job->id = variant_job;
    job->clean = false;
    v1::RenderedJob variant{.job = job,
                            .notify = v1::render_notify(*job),
                            .hardest = current_.hardest,
                            .tip = current_.tip};
    take_in(std::move(job), now);
    metrics_.variant_jobs.add();
    v1::World around = world(variant);
    for (auto& [id, session] : sessions_) {
        if (!session.wants_job_now()) continue;
        session.on_job(around);
        touch(session);
    }
    note_jobs(now);
}

void Shard::on_tick(pool::Now now)
{
    v1::World around = world();
    for (auto& [id, session] : sessions_) {
        session.on_tick(around, now);
        touch(session);
    }
    flush(now);
    send_variant(now);
    if (auto marked = log_.tick(now.wall); !marked) {
        pool::log::error("share_log_tick_failed", {{"detail", marked.error().detail}});
    }
    metrics_.prefixes_leased.set(static_cast<std::int64_t>(prefixes_.leased()));
    metrics_.prefixes_resting.set(static_cast<std::int64_t>(prefixes_.resting()));
}

void Shard::flush(pool::Now now)
{
    if (batch_.submissions.empty()) return;
    checker_.check(batch_.submissions, jobs_, seen_, pool::to_seconds(now.wall), verdicts_);
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
        if (verdicts_[i].block) hand_out_candidate(i, now);
    }
    const bool logged = log_shares(now);
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
        if (!batch_.origins[i].shadow) answer(i, logged, now);
    }
    batch_.submissions.clear();
    batch_.origins.clear();
    for (const pool::SessionId id : std::exchange(gone_, {})) forget(id, now);
    if (std::exchange(variant_wanted_, false)) send_variant(now);
}

void Shard::hand_out_candidate(std::size_t at, pool::Now now)
{
    const pool::Submission& submission = batch_.submissions[at];
    const Batch::Origin& origin = batch_.origins[at];
    const pool::Verdict& verdict = verdicts_[at];
    const auto& job = jobs_.find(submission.job)->job;
    pool::BlockCandidate candidate{.job = job,
                                   .header = verdict.header,
                                   .hash = {verdict.hash},
                                   .coinbase = pool::coinbase_of(*job, submission.extranonce),
                                   .found_at = log_.time_of(now.wall),
                                   .account = {},
                                   .worker = {},
                                   .counted = verdict.judgement == Judgement::accepted};
    if (origin.worker) {
        v1::Session& session = sessions_.at(origin.session.value);
        const Worker& worker = session.worker(*origin.worker);
        candidate.account = session.account(worker.account).key.name;
        candidate.worker = worker.name;
    }
    metrics_.block_candidates.add();
    on_candidate_(std::move(candidate));
}

// Jobs come before the shares that refer to them; one that could not be noted is tried again.
bool Shard::note_jobs(pool::Now now)
{
    while (!unnoted_.empty()) {
        if (auto noted = log_.note_job(unnoted_.front(), now.wall); !noted) {
            pool::log::error("job_not_noted", {{"detail", noted.error().detail}});
            return false;
        }
        unnoted_.erase(unnoted_.begin());
    }
    return true;
}

// True when the turn's shares are safe, or there were none.
bool Shard::log_shares(pool::Now now)
{
    records_.clear();
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
        const pool::Verdict& verdict = verdicts_[i];
        const Batch::Origin& origin = batch_.origins[i];
        if (!verdict.proven || origin.shadow || !origin.worker) continue;
        const pool::Submission& submission = batch_.submissions[i];

        v1::Session& session = sessions_.at(origin.session.value);
        Worker& worker = session.worker(*origin.worker);
        MinedAccount& account = session.account(worker.account);
        if (account.handle.value == 0) account.handle = log_.member(account.key);
        if (worker.handle.value == 0) worker.handle = log_.worker(account.handle, worker.name);

        const bool accepted = verdict.judgement == Judgement::accepted;
        const auto good = verdict.block ? pool::RecordKind::block : pool::RecordKind::share;
        records_.push_back({.kind = accepted ? good : pool::RecordKind::stale,
                            .flags = 0,
                            .bits = jobs_.find(submission.job)->job->bits,
                            .seq = 0,
                            .at = {},
                            .slot = 0,
                            .member = account.handle,
                            .worker = worker.handle,
                            .work = saturated(submission.promise.work),
                            .version = submission.version,
                            .time = submission.time,
                            .nonce = submission.nonce,
                            .job = submission.job,
                            .extranonce = submission.extranonce.bytes});
    }
    if (records_.empty()) return true;
    if (!note_jobs(now)) return false;
    const auto appended = log_.append(records_, now.wall);
    if (appended) return true;
    metrics_.shares_unlogged.add(records_.size());
    pool::log::error("shares_refused",
                     {{"shares", records_.size()}, {"detail", appended.error().detail}});
    return false;
}

void Shard::answer(std::size_t at, bool logged, pool::Now now)
{
    const Batch::Origin& origin = batch_.origins[at];
    const pool::Verdict& verdict = verdicts_[at];
    metrics_.of(verdict.judgement).add();
    v1::Session& session = sessions_.at(origin.session.value);
    session.answer(origin,
                   {.judgement = verdict.judgement,
                    .work = batch_.submissions[at].promise.work,
                    .logged = logged},
                   now);
    variant_wanted_ = variant_wanted_ || session.wants_job_now();
    touch(session);
}

void Shard::take_effects(Effects& effects, pool::Now now)
{
    effects.writes.clear();
    effects.closes.clear();
    for (const pool::SessionId id : std::exchange(dirty_, {})) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        v1::Session& session = found->second;
        session.listed = false;
        if (session.has_output()) effects.writes.push_back({id, session.take_output()});
        // Its last shares are still to be answered: flush comes first, then it is listed again.
        const auto& reason = session.ended();
        if (!reason || session.has_unanswered()) continue;
        effects.closes.push_back({id, *reason});
        forget(id, now);
    }
}

void Shard::set_directory(std::shared_ptr<const AccountDirectory> directory)
{
    pool::check(directory != nullptr, "an empty directory is a directory");
    directory_ = std::move(directory);
}

void Shard::announce(std::string_view text)
{
    for (auto& [id, session] : sessions_) {
        session.announce(text);
        touch(session);
    }
}

bool Shard::kick(pool::SessionId id)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return false;
    found->second.end(EndReason::kicked);
    touch(found->second);
    return true;
}

bool Shard::fix_difficulty(pool::SessionId id, pool::Difficulty difficulty)
{
    const auto found = sessions_.find(id.value);
    if (found == sessions_.end()) return false;
    found->second.fix_difficulty(difficulty);
    return true;
}

std::vector<SessionSnapshot> Shard::snapshot(pool::Now now) const
{
    std::vector<SessionSnapshot> shots;
    shots.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) shots.push_back(session.snapshot(now));
    return shots;
}

}  // namespace stratum
