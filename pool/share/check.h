#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pool/base/time.h"
#include "pool/crypto/header_hasher.h"
#include "pool/share/root_cache.h"
#include "pool/share/seen.h"
#include "pool/share/share.h"
#include "pool/work/job_table.h"

namespace pool {

/// Judges what miners claim, in the order they claimed it (charter, decision 4).
///
/// Rebuilds each header from the job's hash plan, hashes all of them together and then asks, for
/// each: is the job known -> does the hash meet the network's target (a block, whatever else is
/// wrong with the share) -> is the worker authorised -> is the job stale -> are time and version
/// in range -> does it meet the target promised for its job -> was it not here before.
///
/// Allocates nothing from share to share. Owned and used by one loop.
class ShareChecker {
public:
    explicit ShareChecker(const HeaderHasher& hasher = HeaderHasher{}) : hasher_(hasher) {}

    /// submissions: any number; those of one loop turn together hash fastest.
    /// seen: gains each hash that is accepted, or stale but proven, no other.
    /// now: bounds the header time from above (two hours ahead).
    /// verdicts: cleared, then one for each submission, in order.
    /// Cannot fail: anything a miner sends has a verdict. Pure but for `seen`.
    void check(std::span<const Submission> submissions, const JobTable& jobs, SeenShares& seen,
               UnixTime now, std::vector<Verdict>& verdicts);

private:
    // More are taken in parts: what a turn brings is judged in few microseconds.
    static constexpr std::size_t together_max = 64;

    void hash(std::span<const Submission> submissions, const JobTable& jobs);
    const Words8* root_of(const Submission& submission, const JobTable::Entry& entry);

    HeaderHasher hasher_;
    RootCache cache_;
    std::uint64_t batch_ = 0;

    // Of the part that is being hashed. Roots to be made grow from the front, those that were
    // known come from the back.
    std::array<const JobTable::Entry*, together_max> entries_{};
    std::array<Words8, together_max> roots_{};
    std::array<RootTask, together_max> root_tasks_{};
    std::array<RootCache::Entry*, together_max> cached_{};
    std::size_t unknown_roots_ = 0;
    std::size_t known_roots_ = 0;
    std::array<HeaderTask, together_max> header_tasks_{};
    std::array<Words8, together_max> hashes_{};  // of the known jobs, in order
};

/// The coinbase (without witness) that a submission's extranonce makes.
Bytes coinbase_of(const Job& job, const Extranonce& extranonce);

}  // namespace pool
