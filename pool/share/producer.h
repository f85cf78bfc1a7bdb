#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/base/metrics.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/share/journal.h"
#include "pool/share/record.h"
#include "pool/share/share_clock.h"
#include "pool/share/share_log.h"

namespace pool {

/// The ShareLog of one Stratum loop, over its journal: numbers records, keeps their time from
/// going back, and declares accounts and workers before they are first named.
///
/// A life begins with a start record, written together with the first thing that is: handles of
/// the former life mean nothing after it. Used on the loop's thread.
class Producer : public ShareLog {
public:
    /// Names of an account's workers in one life, as `workers_max` bounds them. Miners choose them,
    /// each with a share; those beyond are one worker, `worker_beyond`.
    static constexpr std::uint32_t workers_max_default = 10'000;
    static constexpr std::string_view worker_beyond = "other";

    /// name: the stream's, "<server id>-<loop>". journal: of this producer alone, already
    /// advanced beyond what Redis and MySQL have. steady: the monotonic clock.
    Producer(
        std::string name, Journal& journal,
        std::function<SteadyTime()> steady = [] { return std::chrono::steady_clock::now(); },
        std::uint32_t workers_max = workers_max_default);

    const std::string& name() const { return name_; }
    /// Time of the newest record; 0 when there is none. Any thread.
    UnixMillis newest() const { return {static_cast<std::uint64_t>(newest_.value())}; }
    /// So often a name was one too many. Any thread.
    std::uint64_t names_folded() const { return names_folded_.value(); }

    MemberHandle member(const AccountKey& account) override;
    WorkerHandle worker(MemberHandle member, std::string_view name) override;
    Result<void> append(std::span<ShareRecord> records, UnixMillis now) override;
    UnixMillis time_of(UnixMillis now) const override;
    Result<void> note_job(const JobRecord& job, UnixMillis now) override;
    Result<void> tick(UnixMillis now) override;

private:
    UnixMillis time_for(UnixMillis now);
    void declare(UnixMillis at);
    Result<void> write(UnixMillis at);

    std::string name_;
    Journal& journal_;
    std::function<SteadyTime()> steady_;
    std::uint32_t workers_max_;
    ShareClock clock_;
    UnixMillis last_at_;
    Gauge newest_;
    Counter names_folded_;
    bool back_complained_ = false;
    bool ahead_complained_ = false;

    std::map<Script, MemberHandle> by_script_;
    std::unordered_map<std::uint64_t, MemberHandle> by_row_;
    std::map<std::pair<std::uint64_t, std::string>, WorkerHandle, std::less<>> workers_;
    std::unordered_map<std::uint64_t, std::uint32_t> named_;  // workers of each member
    std::uint64_t members_made_ = 0;
    std::uint32_t workers_made_ = 0;

    std::vector<Record> undeclared_;  // goes out before anything else; kept until it did
    std::vector<RecordBytes> batch_;  // reused from turn to turn
};

}  // namespace pool
