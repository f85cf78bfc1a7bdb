#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/target.h"
#include "pool/share/record.h"
#include "pool/share/share.h"
#include "stratum/work_meter.h"

namespace stratum {

struct ShareCounts {
    std::uint64_t accepted = 0;
    std::uint64_t stale = 0;
    std::uint64_t rejected = 0;  ///< everything else that was refused
};

/// An account that workers of a connection mine for.
struct MinedAccount {
    pool::AccountKey key;
    pool::MemberHandle handle;  ///< 0 until its first recorded share
};

/// A worker of a connection, by whichever protocol it came.
struct Worker {
    std::size_t account = 0;  ///< which of the connection's accounts
    std::string name;         ///< folded
    std::string given;        ///< the whole user name as the miner sent it last: found by it first
    pool::WorkerHandle handle;  ///< 0 until its first recorded share
    ShareCounts counts;
    WorkMeter meter;
    pool::UnixMillis last_share;  ///< accepted; 0 before the first
};

/// What pages and admins are shown of a worker. Hashrates in hashes a second.
struct WorkerSnapshot {
    std::string account;
    std::string worker;
    double hashrate_1m = 0;
    double hashrate_10m = 0;
    ShareCounts counts;
    pool::UnixMillis last_share;
};

struct SessionSnapshot {
    pool::SessionId id;
    std::string peer;
    std::string user_agent;
    pool::UnixMillis connected;
    double difficulty = 0;                ///< of the last job sent; 0 before
    std::vector<WorkerSnapshot> workers;  ///< empty before authorize
};

}  // namespace stratum
