#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/histogram.h"
#include "pool/base/metrics.h"
#include "pool/base/result.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/tcp.h"
#include "pool/share/share_log.h"
#include "stratum/gate.h"
#include "stratum/ip_address.h"
#include "stratum/shard.h"
#include "stratum/tls.h"

namespace stratum {

/// One listening port and its policy.
struct PortOptions {
    pool::Endpoint listen;  ///< port 0: the kernel chooses
    DifficultyLimits difficulty{};
    std::uint8_t extranonce2_bytes = 0;  ///< of v1 miners; 0: as the pool has it
    bool tls_only = false;               ///< plain text is turned away
    std::vector<Network> proxies{};      ///< who may send a PROXY header; nobody else may
    bool proxy_only = false;             ///< a connection without a PROXY header is turned away
};

struct ServerOptions {
    std::vector<PortOptions> ports;
    bool reuse_port = false;  ///< several loops on one port
    int backlog = 4096;
    std::size_t write_queue_max = std::size_t{256} << 10;  ///< more is unread: the peer is dropped
    std::chrono::seconds write_stall_max{60};              ///< unsent bytes for so long: likewise
    /// So many may be connected and not authorised; then accepting pauses, and those who take
    /// longer than shed_after make room (see WaitingRoom).
    std::size_t handshaking_max = 8192;
    std::chrono::seconds shed_after{3};
    /// So often deadlines are looked at. A round of the waiting room is one tick.
    std::chrono::milliseconds tick{1000};
    /// A turn that brings a block and takes longer, to the last answer, is counted and logged: what
    /// a reply says is the same for a share and a block, and when it comes shall tell no more.
    std::chrono::nanoseconds block_answer_max = std::chrono::milliseconds{20};
    ShardOptions shard;
};

/// How long a loop took, by the monotonic clock.
struct ServerTimes {
    pool::Histogram judged;     ///< each share: all of its turn hashed, judged and journaled
    pool::Histogram answered;   ///< each share: from its turn's first bytes to its answer's last
    pool::Histogram published;  ///< each urgent job: until the loop has written it to all
};

/// Sessions that are open on a port, by what they speak. The loop counts, any thread reads.
struct PortSessions {
    std::uint16_t port = 0;  ///< as the kernel has it
    pool::Gauge v1;
    pool::Gauge v2;
};

/// The sockets of one Stratum loop: tells by the first bytes what a connection speaks (see
/// first_bytes.h), takes PROXY headers and TLS off, carries bytes between it and the shard, tells
/// the shard the time, and decides nothing about shares. Made, used and dropped on the loop's
/// thread (or before run() / after it); `metrics()`, `times()` and `sessions_by_port()` from any
/// thread.
class Server {
public:
    /// loop, log, options.shard.gate (not null, checked): outlive the server. on_candidate: called
    /// on the loop, before the share is logged or answered.
    Server(pool::Loop& loop, ServerOptions options, pool::ShareLog& log,
           std::shared_ptr<const AccountDirectory> directory, Shard::OnCandidate on_candidate);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Opens the ports; returns them in the order of options.ports. Errors: as TcpListener::listen.
    pool::Result<std::vector<std::uint16_t>> start();
    /// A new job for every connection: judged, rendered and written before it returns.
    void publish(std::shared_ptr<const pool::Job> job);
    /// A job that may be published soon, but for its previous block and times.
    void prepare(std::shared_ptr<const pool::Job> job);
    void set_directory(std::shared_ptr<const AccountDirectory> directory);
    /// For new connections. Null: TLS is turned away.
    void set_tls(std::shared_ptr<const TlsContext> context);
    /// For v2 handshakes from now on; null: v2 is off.
    void set_identity(std::shared_ptr<const v2::Identity> identity);
    /// A line for the people in front of all miners that have work: one a minute, see Shard.
    void announce(std::string_view text);
    /// Accepts nobody any more and asks all miners to connect again, one after the other within
    /// this time; those that stay are served.
    void drain(std::chrono::milliseconds over);
    /// Accepts nobody any more, answers what has been submitted, closes every connection once its
    /// last bytes are out.
    void stop();

    bool kick(pool::SessionId id);
    bool fix_difficulty(pool::SessionId id, pool::Difficulty difficulty);
    /// What a port allows, for who is connected and who comes; the start moves with it. Gives the
    /// number of those who are connected, nothing when there is no such port. least <= most.
    std::optional<std::size_t> set_bounds(std::uint16_t port, pool::Difficulty least,
                                          pool::Difficulty most);
    std::size_t reset_worker(const std::string& account, const std::string& name);
    std::vector<SessionSnapshot> snapshot() const;
    std::size_t connections() const;
    bool count_some(Census& census) const;  ///< see Shard::count_some
    const ShardMetrics& metrics() const;
    const ServerTimes& times() const;
    /// In the order of options.ports, once start() has returned; they stay where they are.
    const std::deque<PortSessions>& sessions_by_port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace stratum
