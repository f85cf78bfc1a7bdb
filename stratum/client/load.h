#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"
#include "stratum/client/latency.h"
#include "stratum/client/process_sample.h"
#include "stratum/client/v2_session.h"

namespace stratum::client {

/// What a load run is to do. Shares are not mined: the pool must accept any hash (difficulty
/// 2^-32), or the run measures how fast it refuses.
struct LoadOptions {
    pool::Endpoint pool;
    std::string user;  ///< connection n mines as `user`.wn
    std::string password = "x";
    unsigned connections = 1;
    unsigned in_flight = 1;  ///< closed loop: shares without an answer, a connection
    double rate = 0;         ///< open loop, when above 0: shares a second, all connections together
    std::chrono::milliseconds warm_up{500};
    std::chrono::milliseconds duration{3000};
    std::uint64_t shares_max = 0;  ///< ends the run, when above 0
    int watched_pid = 0;           ///< whose CPU time and memory to measure, when above 0
    bool same_root = false;        ///< only the nonce changes: such shares are cheaper to check
    std::optional<V2Wish> v2;      ///< speaks Stratum v2, else v1
    unsigned processes = 1;        ///< see run_joined()
    unsigned first = 0;            ///< number of the first connection
};

struct LoadReport {
    double seconds = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    std::string last_refusal;  ///< the pool's answer, whole
    LatencyCounts latency;     ///< from the moment a share was meant to be sent
    ProcessSample before;      ///< of the watched process
    ProcessSample after;
    double own_cpu_seconds = 0;

    double per_second() const;
    double per_server_cpu_second() const;  ///< 0 when nothing was watched
};

/// One JSON object on one line.
std::string to_json(const LoadOptions& options, const LoadReport& report);

/// Opens the connections, waits until all have work, loads the pool and measures, on the caller's
/// thread. Connections that the pool closes end the run.
/// Errors: unavailable, with a sentence; refused, when the pool does not know the user.
pool::Result<LoadReport> run_load(const LoadOptions& options);
/// The same, but begins only once `may_begin` says so: asked again and again when all have work.
pool::Result<LoadReport> run_load(const LoadOptions& options,
                                  const std::function<bool()>& may_begin);

/// The load of `options.processes` processes, which share out connections and rate, begin together
/// and are added up: where one core makes too little. To be called before any thread is started.
/// Errors: as of run_load, of the first process that has one.
pool::Result<LoadReport> run_joined(const LoadOptions& options);

}  // namespace stratum::client
