// The end of a turn: verdicts, candidates, the share log, answers.
#include <algorithm>
#include <utility>

#include "pool/base/log.h"
#include "pool/share/check.h"
#include "stratum/shard_visit.h"

namespace stratum {
namespace {

using pool::Judgement;

// A share record holds 96 bits of work.
pool::U128 saturated(pool::U128 work)
{
    constexpr pool::U128 most = (pool::U128{1} << 96) - 1;
    return std::min(work, most);
}

}  // namespace

void Shard::flush(pool::Now now)
{
    for (const auto& job : declared_.take_fresh()) note_later(*job);
    judge(now);
    if (std::exchange(variant_wanted_, false)) send_variant(now);
    for (const pool::JobId job : declared_.take_retired()) {
        jobs_.forget_declared(job);
        seen_.forget(job);
    }
}

void Shard::judge(pool::Now now)
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
                                   .judgement = verdict.judgement};
    if (origin.worker) {
        const Worker& finder = worker(origin);
        candidate.account = account(origin, finder).key.name;
        candidate.worker = finder.name;
    }
    metrics_.block_candidates.add();
    on_candidate_(std::move(candidate));
}

// Jobs come before the shares that refer to them; one that could not be noted is tried again.
pool::Result<void> Shard::note_jobs(pool::Now now)
{
    while (!unnoted_.empty()) {
        if (auto noted = log_.note_job(unnoted_.front(), now.wall); !noted) return noted;
        unnoted_.erase(unnoted_.begin());
    }
    return {};
}

// Once an outage: a full disk is not to be filled with lines about it.
void Shard::note_log(const pool::Result<void>& outcome)
{
    if (outcome.has_value() != log_failed_) return;
    log_failed_ = !outcome;
    metrics_.share_log_failed.set(log_failed_ ? 1 : 0);
    if (log_failed_) {
        pool::log::error("shares_refused", {{"detail", outcome.error().detail}});
    } else {
        pool::log::info("shares_accepted_again", {{"refused", metrics_.shares_unlogged.value()}});
    }
}

// True when the turn's shares are safe, or there were none.
bool Shard::log_shares(pool::Now now)
{
    records_.clear();
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
        const pool::Verdict& verdict = verdicts_[i];
        Batch::Origin& origin = batch_.origins[i];
        if (!verdict.proven || origin.shadow || !origin.worker) continue;
        const pool::Submission& submission = batch_.submissions[i];

        Worker& miner = worker(origin);
        MinedAccount& mined = account(origin, miner);
        if (mined.handle.value == 0) mined.handle = log_.member(mined.key);
        origin.too_new = mined.handle.value == 0;
        if (origin.too_new) continue;
        if (miner.handle.value == 0) miner.handle = log_.worker(mined.handle, miner.name);

        const bool accepted = verdict.judgement == Judgement::accepted;
        const auto good = verdict.block ? pool::RecordKind::block : pool::RecordKind::share;
        records_.push_back({.kind = accepted ? good : pool::RecordKind::stale,
                            .flags = 0,
                            .bits = jobs_.find(submission.job)->job->bits,
                            .seq = 0,
                            .at = {},
                            .slot = 0,
                            .member = mined.handle,
                            .worker = miner.handle,
                            .work = saturated(submission.promise.work),
                            .version = submission.version,
                            .time = submission.time,
                            .nonce = submission.nonce,
                            .job = submission.job,
                            .extranonce = submission.extranonce.bytes});
    }
    if (records_.empty()) return true;
    auto logged = note_jobs(now);
    if (logged) logged = log_.append(records_, now.wall);
    note_log(logged);
    return logged.has_value();
}

void Shard::answer(std::size_t at, bool logged, pool::Now now)
{
    const Batch::Origin& origin = batch_.origins[at];
    const pool::Verdict& verdict = verdicts_[at];
    const bool good = verdict.judgement == Judgement::accepted;
    const bool counts = logged && !origin.too_new;
    (!good || counts  ? metrics_.of(verdict.judgement)
     : origin.too_new ? metrics_.shares_too_new
                      : metrics_.shares_unlogged)
        .add();
    if (good && counts) {
        constexpr double hashes = 4294967296;
        metrics_.accepted_difficulty.add(static_cast<double>(batch_.submissions[at].promise.work) /
                                         hashes);
    }
    const Outcome outcome{.judgement = verdict.judgement,
                          .work = batch_.submissions[at].promise.work,
                          .job = batch_.submissions[at].job,
                          .logged = counts,
                          .too_new = origin.too_new,
                          .proven = verdict.proven,
                          .hash = verdict.hash};
    std::visit(
        [this, &origin, &outcome, good, counts, now](auto& session) {
            const bool over = session.ended().has_value();
            session.answer(origin, outcome, now);
            if (session.told_accepted == 0) tell_gate(session, now);
            const auto& address = session.address();
            if (good && counts && address) bursts_.forgive(*address, session.id());
            // Once, for the share that was one too many: what follows in the same burst may name
            // whomever it likes.
            session.end_if_bad(options_.session.bad_shares_max);
            session.end_if_late(options_.session.stale_shares_max);
            if (!over && session.ended() && origin.worker) session.blame(*origin.worker);
            variant_wanted_ = note_wish(session) || variant_wanted_;
            look_soon(session);
            touch(session);
        },
        sessions_.at(origin.session.value));
}

Worker& Shard::worker(const Batch::Origin& origin)
{
    return std::visit(
        [&origin](auto& session) -> Worker& { return session.worker(origin.worker.value_or(0)); },
        sessions_.at(origin.session.value));
}

MinedAccount& Shard::account(const Batch::Origin& origin, const Worker& worker)
{
    return std::visit(
        [&worker](auto& session) -> MinedAccount& { return session.account(worker.account); },
        sessions_.at(origin.session.value));
}

}  // namespace stratum
