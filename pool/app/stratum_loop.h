#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"
#include "pool/share/journal.h"
#include "pool/share/producer.h"
#include "pool/share/redis_share_log.h"
#include "stratum/server.h"

namespace pool {

/// What one Stratum loop shows of itself.
struct LoopSnapshot {
    std::vector<stratum::SessionSnapshot> sessions;
    std::vector<stratum::WorkerSnapshot> past_workers;
    std::uint64_t backlog = 0;  ///< records in the journal that Redis does not have
    bool redis_ok = false;      ///< it answers, and takes them
    std::string redis_trouble;  ///< of one that answers and does not: see RedisShareLog::trouble
    /// Time of the oldest record in the journal that Redis does not have.
    std::optional<UnixMillis> unshipped_since{};
    bool journal_ok = false;  ///< shares can be written down
};

/// One Stratum loop with all that is its own: thread, listener, sessions, journal, Redis stream.
/// Made and stopped by the app's thread; everything it is told goes by posting to its loop.
class StratumLoop {
public:
    struct Options {
        std::string producer;  ///< "<server id>-<loop>"
        std::filesystem::path journal_directory;
        RedisOptions redis;
        std::uint64_t unbooked_max = RedisShareLog::unbooked_max_default;
        stratum::ServerOptions server;
        ProducerLimits limits;
        /// Over so long miners are asked, one after the other, to leave by themselves.
        std::chrono::seconds drain{0};
        std::uint64_t booked = 0;       ///< MySQL knows records up to here
        std::uint64_t start_after = 0;  ///< Redis or MySQL know records up to here
    };

    /// Opens the journal and the share log. Errors: io, invalid (a journal that is damaged).
    static Result<std::unique_ptr<StratumLoop>> open(Options options);
    ~StratumLoop();

    /// Opens the ports and starts the thread. ports: in place of the configured ones, none or all.
    /// Returns those that were opened.
    Result<std::vector<std::uint16_t>> start(
        std::shared_ptr<const stratum::AccountDirectory> directory,
        const std::vector<std::uint16_t>& ports, stratum::Shard::OnCandidate on_candidate);
    void set_tls(std::shared_ptr<const stratum::TlsContext> context);
    /// Accepts nobody any more and asks all miners to connect again, one after the other within
    /// this time, or else Options::drain.
    void drain(std::optional<std::chrono::seconds> over);
    /// `done` gets the number of connections of that account (and worker, unless it is empty); it
    /// runs on this loop.
    void fix_difficulty(std::string account, std::string worker, Difficulty difficulty,
                        std::function<void(std::size_t)> done);
    /// See stratum::Server::set_bounds; `done` runs on this loop.
    void set_bounds(std::uint16_t port, Difficulty least, Difficulty most,
                    std::function<void(std::optional<std::size_t>)> done);
    /// Begins a worker's counts anew; `done` gets of how many connections, on this loop.
    void reset_worker(std::string account, std::string worker,
                      std::function<void(std::size_t)> done);
    /// The newest records of the journal, oldest first; `done` runs on this loop. limit: <= 1000.
    void newest_records(std::size_t limit, std::function<void(std::vector<RecordBytes>)> done);
    /// Closes the connections that `meant` says; `done` gets how many, on this loop.
    void disconnect(std::function<bool(const stratum::SessionSnapshot&)> meant,
                    std::function<void(std::size_t)> done);
    /// Drains, then answers what was submitted and closes the connections.
    void begin_stop();
    /// Ends the draining that begin_stop began. Stays orderly: what was submitted is answered.
    void hurry();
    /// The thread has ended, or has nothing more to do.
    bool over() const { return over_; }
    /// begin_stop, and ends the thread once the last bytes are out.
    void stop();

    /// written: runs on this loop once the job was written to all whose turn is now (a routine job
    /// goes out by and by).
    void publish(std::shared_ptr<const Job> job, std::function<void()> written);
    /// A job that may come soon, but for its previous block and times: rendered ahead.
    void prepare(std::shared_ptr<const Job> job);
    void set_directory(std::shared_ptr<const stratum::AccountDirectory> directory);
    /// For v2 handshakes from now on.
    void set_identity(std::shared_ptr<const stratum::v2::Identity> identity);
    /// A line that miners show to people.
    void announce(std::string text);
    /// MySQL has everything up to `seq`: the journal may forget it.
    /// resend: what follows is missing in Redis and must be sent again.
    void set_mark(std::uint64_t seq, bool resend);
    /// A sign of life: `done` runs on this loop.
    void ping(std::function<void()> done) { loop_.post(std::move(done)); }
    /// `done` runs on this loop, some turns later: it is copied in parts.
    void snapshot(std::function<void(LoopSnapshot)> done);

    const std::string& producer() const { return options_.producer; }
    /// See RedisShareLog::shipped. Any thread.
    std::uint64_t shipped() const { return shipper_.shipped(); }
    /// Of its journal: see RedisShareLog::lacks_from. Any thread.
    std::uint64_t lacks_from() const { return shipper_.lacks_from(); }
    /// See RedisShareLog::unbooked_since. Any thread.
    UnixMillis unbooked_since() const { return shipper_.unbooked_since(); }
    /// Time of its newest record; 0 when there is none. Any thread.
    UnixMillis newest_record() const { return log_.newest(); }
    const stratum::ShardMetrics& metrics() const { return server_->metrics(); }
    const stratum::ServerTimes& times() const { return server_->times(); }
    const std::deque<stratum::PortSessions>& sessions_by_port() const
    {
        return server_->sessions_by_port();
    }
    /// See Producer::names_folded. Any thread.
    std::uint64_t names_folded() const { return log_.names_folded(); }
    const Histogram& redis_times() const { return shipper_.times(); }

private:
    StratumLoop(Options options, Journal journal);
    void close_all();
    // Says whether it did something with a session. Called on the loop.
    using Act = std::function<bool(const stratum::SessionSnapshot&)>;
    struct Visiting;
    void visit(Act act, std::function<void(std::size_t)> done);
    void visit_on(const std::shared_ptr<Visiting>& visiting);
    struct Counting;
    void count_on(const std::shared_ptr<Counting>& counting);

    Options options_;
    Loop loop_;
    Journal journal_;
    Producer log_;
    RedisShareLog shipper_;
    std::unique_ptr<stratum::Server> server_;
    std::thread thread_;
    Watch lingering_;
    Watch draining_;
    SteadyTime drain_until_;
    bool stopping_ = false;
    std::atomic<bool> over_ = false;
};

}  // namespace pool
