#include "pool/share/check.h"

#include <algorithm>

#include "pool/base/result.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

// A block's own header, byte by byte: kernels only give its hash.
HeaderBytes header_of(const Job& job, const Submission& submission)
{
    const TxId coinbase{sha256d(coinbase_of(job, submission.extranonce))};
    return serialise(Header{
        .version = submission.version,
        .previous = job.previous,
        .merkle_root = merkle_root(coinbase, job.branch),
        .time = {submission.time},
        .bits = job.bits,
        .nonce = submission.nonce,
    });
}

Digest digest_of(const Words8& words)
{
    Digest out{};
    for (std::size_t i = 0; i < 8; ++i) {
        const std::uint32_t word = words.word[i];
        out[4 * i] = static_cast<std::uint8_t>(word >> 24);
        out[4 * i + 1] = static_cast<std::uint8_t>(word >> 16);
        out[4 * i + 2] = static_cast<std::uint8_t>(word >> 8);
        out[4 * i + 3] = static_cast<std::uint8_t>(word);
    }
    return out;
}

// Everything but the network's target, which the caller has looked at first.
Judgement judge(const Submission& submission, const JobTable::Entry& entry, const Digest& hash,
                SeenShares& seen, UnixTime now)
{
    if (!submission.authorised) return Judgement::unauthorised;
    if (entry.stale) return Judgement::stale;
    if (submission.time < entry.job->time_min.seconds) return Judgement::time_too_old;
    // In 64 bits: a clock near the end of 32 must not wrap.
    if (submission.time > std::uint64_t{now.seconds} + time_ahead_max_seconds) {
        return Judgement::time_too_new;
    }
    if (!submission.version_allowed) return Judgement::version_not_allowed;
    if (!meets(hash, submission.promise.target)) return Judgement::low_difficulty;
    if (!seen.insert(submission.job, hash)) return Judgement::duplicate;
    return Judgement::accepted;
}

// A late share is refused before its own target is looked at. Whether it is worth a record is
// asked here, so that junk for old jobs costs no disk.
bool proves_work(const Submission& submission, const Digest& hash, SeenShares& seen)
{
    return meets(hash, submission.promise.target) && seen.insert(submission.job, hash);
}

}  // namespace

Bytes coinbase_of(const Job& job, const Extranonce& extranonce)
{
    check(extranonce.length == job.extranonce_bytes, "sessions refuse any other length");
    const Bytes& prefix = job.coinbase_prefix;
    const Bytes& suffix = job.coinbase_suffix;
    Bytes coinbase;
    coinbase.reserve(prefix.size() + extranonce.length + suffix.size());
    coinbase.insert(coinbase.end(), prefix.begin(), prefix.end());
    coinbase.insert(coinbase.end(), extranonce.bytes.begin(),
                    extranonce.bytes.begin() + extranonce.length);
    coinbase.insert(coinbase.end(), suffix.begin(), suffix.end());
    return coinbase;
}

const Words8* ShareChecker::root_of(const Submission& submission, const JobTable::Entry& entry)
{
    RootCache::Entry& cached = cache_.at(submission);
    if (RootCache::holds(cached, submission)) {
        if (cached.batch == batch_) return &roots_[cached.place];
        // Copied: another connection may take the entry before this batch is hashed.
        Words8& known = roots_[together_max - ++known_roots_];
        known = cached.root;
        return &known;
    }
    const std::size_t place = unknown_roots_++;
    cached.job = submission.job;
    cached.extranonce = submission.extranonce;
    cached.batch = batch_;
    cached.place = place;
    root_tasks_[place] = {&entry.plan.words(), submission.extranonce.bytes.data()};
    cached_[place] = &cached;
    return &roots_[place];
}

// Fills entries_ (null for an unknown job) and, for those that are known, hashes_.
void ShareChecker::hash(std::span<const Submission> submissions, const JobTable& jobs)
{
    ++batch_;
    unknown_roots_ = 0;
    known_roots_ = 0;
    std::size_t known = 0;
    for (std::size_t i = 0; i < submissions.size(); ++i) {
        const Submission& submission = submissions[i];
        const bool same_job = i > 0 && submission.job == submissions[i - 1].job;
        entries_[i] = same_job ? entries_[i - 1] : jobs.find(submission.job);
        if (entries_[i] == nullptr) continue;
        pool::check(submission.extranonce.length == entries_[i]->job->extranonce_bytes,
                    "sessions refuse any other length");
        header_tasks_[known++] = {&entries_[i]->plan.words(), root_of(submission, *entries_[i]),
                                  submission.version, submission.time, submission.nonce};
    }
    hasher_.roots(std::span{root_tasks_}.first(unknown_roots_),
                  std::span{roots_}.first(unknown_roots_));
    for (std::size_t place = 0; place < unknown_roots_; ++place) {
        RootCache::Entry& cached = *cached_[place];
        if (cached.place == place) cached.root = roots_[place];
    }
    hasher_.headers(std::span{header_tasks_}.first(known), std::span{hashes_}.first(known));
}

void ShareChecker::check(std::span<const Submission> submissions, const JobTable& jobs,
                         SeenShares& seen, UnixTime now, std::vector<Verdict>& verdicts)
{
    verdicts.assign(submissions.size(), Verdict{});
    for (std::size_t from = 0; from < submissions.size(); from += together_max) {
        const auto part =
            submissions.subspan(from, std::min(together_max, submissions.size() - from));
        hash(part, jobs);
        std::size_t known = 0;
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (entries_[i] == nullptr) continue;
            verdicts[from + i].hash = digest_of(hashes_[known++]);
            seen.expect(part[i].job, verdicts[from + i].hash);
        }
        for (std::size_t i = 0; i < part.size(); ++i) {
            Verdict& verdict = verdicts[from + i];
            if (entries_[i] == nullptr) {
                verdict.judgement = Judgement::unknown_job;
                continue;
            }
            const JobTable::Entry& entry = *entries_[i];
            verdict.block = meets(verdict.hash, entry.job->network_target);
            if (verdict.block) verdict.header = header_of(*entry.job, part[i]);
            verdict.judgement = judge(part[i], entry, verdict.hash, seen, now);
            verdict.proven =
                verdict.judgement == Judgement::accepted ||
                (verdict.judgement == Judgement::stale && proves_work(part[i], verdict.hash, seen));
        }
    }
}

}  // namespace pool
