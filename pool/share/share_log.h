#pragma once

#include <span>
#include <string_view>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/share/record.h"
#include "pool/share/share.h"

namespace pool {

/// Where a Stratum loop leaves its shares: what append() has taken survives kill -9.
/// One for each loop, used on its thread. An interface because the simulation needs a fake.
class ShareLog {
public:
    virtual ~ShareLog() = default;

    /// This life's handle of an account or worker; declared in the log at first use (with the
    /// next append). Called when a share is accepted, not before. member() gives 0 when too many
    /// accounts began lately: the share must be refused, and may be tried again.
    virtual MemberHandle member(const AccountKey& account) = 0;
    virtual WorkerHandle worker(MemberHandle member, std::string_view name) = 0;

    /// Writes the records (share, block, stale) of one loop turn, and what had to be declared, in
    /// one go. Sets each record's seq, time (never going back) and slot. An error means that none
    /// of them counts and the shares must be refused openly: io (disk full).
    virtual Result<void> append(std::span<ShareRecord> records, UnixMillis now) = 0;

    /// The time that a record written now would bear: `now`, but never before an earlier record.
    virtual UnixMillis time_of(UnixMillis now) const = 0;

    /// Notes a job that this loop has begun to send.
    virtual Result<void> note_job(const JobRecord& job, UnixMillis now) = 0;

    /// Once a second or so: writes a mark when a new slot has begun and nothing was appended in
    /// it, so that sealing never waits for an idle loop.
    virtual Result<void> tick(UnixMillis now) = 0;
};

}  // namespace pool
