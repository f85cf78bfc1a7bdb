#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/target.h"
#include "pool/share/record.h"
#include "pool/share/share.h"
#include "stratum/batch.h"
#include "stratum/first_share.h"
#include "stratum/work_meter.h"

namespace stratum {

struct ShareCounts {
    std::uint64_t accepted = 0;
    std::uint64_t stale = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t low_difficulty = 0;
    std::uint64_t unknown_job = 0;
    std::uint64_t time = 0;     ///< too old or too new
    std::uint64_t version = 0;  ///< bits rolled that may not be
    std::uint64_t other = 0;    ///< everything else that was refused

    std::uint64_t judged() const { return accepted + stale + rejected(); }
    std::uint64_t rejected() const
    {
        return duplicate + low_difficulty + unknown_job + time + version + other;
    }
    void add(const ShareCounts& more)
    {
        accepted += more.accepted;
        stale += more.stale;
        duplicate += more.duplicate;
        low_difficulty += more.low_difficulty;
        unknown_job += more.unknown_job;
        time += more.time;
        version += more.version;
        other += more.other;
    }
};

/// An account that workers of a connection mine for.
struct MinedAccount {
    pool::AccountKey key;
    pool::MemberHandle handle;  ///< 0 until its first recorded share
    std::size_t worker = 0;     ///< one that mines for it: the one it came with
};

/// A worker of a connection, by whichever protocol it came.
struct Worker {
    std::size_t account = 0;  ///< which of the connection's accounts
    std::string name;         ///< folded
    /// The whole user name as the miner sent it last, without blanks around it (at most
    /// user_name_bytes_max): found by it first.
    std::string given;
    pool::WorkerHandle handle;  ///< 0 until its first recorded share
    ShareCounts counts;
    WorkMeter meter;
    pool::Uint256 best_hash = pool::Uint256::max();  ///< lowest of those accepted
    pool::UnixMillis last_share;                     ///< accepted; 0 before the first

    /// Counts what became of one of its submissions.
    void count(const Outcome& outcome, pool::Now now);
    /// It had a verdict once.
    bool judged() const { return last_share.value > 0 || counts.judged() > 0; }
    /// As if it were new, but for what it is working at: counts and best share begin anew.
    void reset()
    {
        counts = {};
        best_hash = pool::Uint256::max();
    }
};

/// Begins the counts of a connection's worker anew. False: there is none of that name.
bool reset_worker(std::span<Worker> workers, std::span<const MinedAccount> accounts,
                  std::string_view account, std::string_view name);

/// What pages and admins are shown of a worker.
struct WorkerSnapshot {
    std::string account;
    std::string worker;
    FadingRates rates;
    ShareCounts counts;
    pool::Uint256 best_hash = pool::Uint256::max();  ///< that, before the first accepted share
    pool::UnixMillis last_share;
};

/// Of a connection's workers: all, or the first and those that had a verdict on a share. Names are
/// free, and nobody but an admin who looks for one is told of a name alone.
enum class Shown : std::uint8_t { all, judged };

struct SessionSnapshot {
    pool::SessionId id;
    std::string peer;
    std::string user_agent;
    pool::UnixMillis connected;
    double difficulty = 0;                           ///< of the last job sent; 0 before
    std::size_t names = 0;                           ///< how many workers it has, shown or not
    std::vector<WorkerSnapshot> workers;             ///< empty before authorize
    std::optional<FirstShare::Times> first_share{};  ///< nothing before the first one
};

}  // namespace stratum
