#include "pool/share/check.h"

#include "pool/base/result.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

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

void check_batch(std::span<const Submission> submissions, const JobTable& jobs, SeenShares& seen,
                 UnixTime now, std::vector<Verdict>& verdicts)
{
    verdicts.assign(submissions.size(), Verdict{});
    std::vector<HeaderBytes> headers;
    std::vector<std::size_t> places;  // whose header it is
    headers.reserve(submissions.size());
    places.reserve(submissions.size());
    for (std::size_t i = 0; i < submissions.size(); ++i) {
        const JobTable::Entry* entry = jobs.find(submissions[i].job);
        if (entry == nullptr) {
            verdicts[i].judgement = Judgement::unknown_job;
            continue;
        }
        headers.push_back(header_of(*entry->job, submissions[i]));
        places.push_back(i);
    }

    std::vector<Digest> hashes(headers.size());
    sha256d_headers(headers, hashes);

    for (std::size_t at = 0; at < places.size(); ++at) {
        const Submission& submission = submissions[places[at]];
        const JobTable::Entry& entry = *jobs.find(submission.job);
        Verdict& verdict = verdicts[places[at]];
        verdict.header = headers[at];
        verdict.hash = hashes[at];
        verdict.block = meets(verdict.hash, entry.job->network_target);
        verdict.judgement = judge(submission, entry, verdict.hash, seen, now);
        verdict.proven =
            verdict.judgement == Judgement::accepted ||
            (verdict.judgement == Judgement::stale && proves_work(submission, verdict.hash, seen));
    }
}

}  // namespace pool
