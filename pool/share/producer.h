#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
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
#include "pool/share/known_scripts.h"
#include "pool/share/recent_map.h"
#include "pool/share/record.h"
#include "pool/share/share_clock.h"
#include "pool/share/share_log.h"

namespace pool {

/// What miners may make by mining under ever more names and addresses.
struct ProducerLimits {
    /// Names of an account's workers that are remembered; those beyond are one worker,
    /// Producer::worker_beyond.
    std::uint32_t workers = 10'000;
    /// Accounts by address that begin within an hour, as many at once; 0: no limit.
    std::uint32_t accounts_an_hour = 50'000;
    /// Of accounts that began in an earlier life: they begin at any time, and are none of these.
    /// Null: there are none.
    std::shared_ptr<const KnownScripts> known{};
    /// Names, and likewise accounts: of more those go that were not asked for for longest. Whoever
    /// comes back is declared anew, under another number; the one that was handed out stays good.
    std::size_t remembered = 300'000;
};

/// The ShareLog of one Stratum loop, over its journal: numbers records, keeps their time from
/// going back, and declares accounts and workers before they are first named.
///
/// A life begins with a start record, written together with the first thing that is: handles of
/// the former life mean nothing after it. Used on the loop's thread.
class Producer : public ShareLog {
public:
    static constexpr std::string_view worker_beyond = "other";

    /// name: the stream's, "<server id>-<loop>". journal: of this producer alone, already
    /// advanced beyond what Redis and MySQL have. steady: the monotonic clock.
    Producer(
        std::string name, Journal& journal,
        std::function<SteadyTime()> steady = [] { return std::chrono::steady_clock::now(); },
        ProducerLimits limits = {});

    const std::string& name() const { return name_; }
    /// Time of the newest record; 0 when there is none. Any thread.
    UnixMillis newest() const { return {static_cast<std::uint64_t>(newest_.value())}; }
    /// So often a name was one too many. Any thread.
    std::uint64_t names_folded() const { return names_folded_.value(); }
    /// Names and accounts by address; on the loop's thread.
    std::size_t remembered() const { return workers_.size() + by_script_.size(); }

    MemberHandle member(const AccountKey& account) override;
    WorkerHandle worker(MemberHandle member, std::string_view name) override;
    Result<void> append(std::span<ShareRecord> records, UnixMillis now) override;
    UnixMillis time_of(UnixMillis now) const override;
    Result<void> note_job(const JobRecord& job, UnixMillis now) override;
    Result<void> tick(UnixMillis now) override;

private:
    bool may_begin_account(const Script& script);
    void forget_name(std::uint64_t member);
    UnixMillis time_for(UnixMillis now);
    void declare(UnixMillis at);
    Result<void> write(UnixMillis at);

    std::string name_;
    Journal& journal_;
    std::function<SteadyTime()> steady_;
    ProducerLimits limits_;
    ShareClock clock_;
    UnixMillis last_at_;
    Gauge newest_;
    Counter names_folded_;
    bool back_complained_ = false;
    bool ahead_complained_ = false;

    RecentMap<Script, MemberHandle> by_script_;
    RecentMap<std::uint64_t, MemberHandle> by_row_;
    RecentMap<std::pair<std::uint64_t, std::string>, WorkerHandle> workers_;
    std::unordered_map<std::uint64_t, std::uint32_t> named_;  // workers of each member
    // No number is given twice in a life: sessions keep theirs for as long as they last.
    std::uint64_t members_made_ = 0;
    std::uint32_t workers_made_ = 0;
    std::uint32_t accounts_left_;  // of those that may begin now
    SteadyTime accounts_since_;

    std::vector<Record> undeclared_;  // goes out before anything else; kept until it did
    std::vector<RecordBytes> batch_;  // reused from turn to turn
};

}  // namespace pool
