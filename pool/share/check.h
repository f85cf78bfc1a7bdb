#pragma once

#include <span>
#include <vector>

#include "pool/base/time.h"
#include "pool/share/seen.h"
#include "pool/share/share.h"
#include "pool/work/job_table.h"

namespace pool {

/// Judges what miners claim, in the order they claimed it (charter, decision 4).
///
/// Rebuilds each coinbase, folds the merkle branch, hashes the headers (all of them in one call)
/// and then asks, for each: is the job known -> does the hash meet the network's target (a block,
/// whatever else is wrong with the share) -> is the worker authorised -> is the job stale -> are
/// time and version in range -> does it meet the target promised for its job -> was it not here
/// before.
///
/// submissions: any number; those of one loop turn together hash fastest.
/// seen: gains each hash that is accepted, or stale but proven, no other.
/// now: bounds the header time from above (two hours ahead).
/// verdicts: cleared, then one for each submission, in order.
/// Cannot fail: anything a miner sends has a verdict. Pure but for `seen`.
void check_batch(std::span<const Submission> submissions, const JobTable& jobs, SeenShares& seen,
                 UnixTime now, std::vector<Verdict>& verdicts);

/// The coinbase (without witness) that a submission's extranonce makes.
Bytes coinbase_of(const Job& job, const Extranonce& extranonce);

}  // namespace pool
