#pragma once

#include <cstdint>
#include <memory>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/work/job.h"

namespace stratum {

/// Whether an id is that of other work which Variants has made, not of a job of the desk's or a
/// declared one.
constexpr bool is_variant(pool::JobId job)
{
    constexpr std::uint64_t mark = 0x80000000;
    return (job.value & mark) != 0 && job.value <= UINT32_MAX;
}

/// Makes other work of a job's template, for miners whose difficulty can not wait for the next job:
/// a new difficulty comes with new work only, since firmware begins its extranonce anew with every
/// job, so the same work under another id would bring the same shares again. The coinbase's
/// sequence number is free for it. Eight at once, then one a second, and a tenth of a second
/// apart: with their life of ten minutes that leaves room in the job table. No clock.
class Variants {
public:
    /// False: make() would give none.
    bool may_be_due(pool::SteadyTime now) const;
    /// loop: ids of different loops below 2048, and of a loop within a day, differ. Null: there
    /// were too many lately, or the job's coinbase has no room. Counts as made all the same.
    std::shared_ptr<pool::Job> make(const pool::Job& job, std::uint32_t loop, pool::Now now);

private:
    bool take_turn(pool::SteadyTime now);

    std::uint32_t made_ = 0;
    double tokens_ = 0;
    pool::SteadyTime last_;
};

}  // namespace stratum
