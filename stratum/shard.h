#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/share/check.h"
#include "pool/share/seen.h"
#include "pool/share/share.h"
#include "pool/share/share_log.h"
#include "pool/work/job_table.h"
#include "stratum/batch.h"
#include "stratum/burst_budget.h"
#include "stratum/call_list.h"
#include "stratum/census.h"
#include "stratum/effects.h"
#include "stratum/extranonce.h"
#include "stratum/gate.h"
#include "stratum/metrics.h"
#include "stratum/miner.h"
#include "stratum/past_workers.h"
#include "stratum/promise_grid.h"
#include "stratum/spread.h"
#include "stratum/user_name.h"
#include "stratum/v1/render.h"
#include "stratum/v1/session.h"
#include "stratum/v2/session.h"
#include "stratum/variants.h"

namespace stratum {

/// Secret: with it anybody can tell every session's name.
using SessionKey = std::array<std::uint8_t, 16>;

struct ShardOptions {
    v1::SessionOptions session;
    v2::SessionOptions v2;  ///< chain, difficulty and extranonce are those of `session`
    std::shared_ptr<const v2::Identity> identity;  ///< null: v2 is off
    bool declare_jobs = false;  ///< v2: miners may put their blocks together themselves
    /// Shared by all loops of the server. Not null (checked).
    std::shared_ptr<v2::UsedTokens> used_tokens = std::make_shared<v2::UsedTokens>();
    std::uint32_t loop = 0;  ///< this loop's number; < 4096
    PrefixRange prefixes;    ///< prefix_range(server id, loop, loops)
    /// Where prefixes and tokens begin: from a random source, different in each life. Miners see
    /// numbers that follow from it.
    std::uint64_t seed = 0;
    /// Names v1's sessions, that nobody can guess another's: from a random source of secrets.
    SessionKey session_key{};
    /// Outlives the shard; is told who mines. Null: nobody is delayed for bad shares.
    Gate* gate = nullptr;
    KnownDifficulties* known = nullptr;  ///< likewise; null: nobody's difficulty is remembered
    pool::HeaderHasher hasher;           ///< how shares are hashed
    /// A routine job goes to all within this, one to miners who wait at once.
    std::chrono::milliseconds routine_over{1000};
};

/// The sessions of one Stratum loop, its jobs, its judging: bytes in, effects out. No I/O but the
/// share log it is given, no clock. Everything on the loop's thread; metrics() from any.
///
/// A turn of the loop: on_bytes for what was read, then flush, then take_effects.
class Shard {
public:
    /// Gets a block before anything else happens with the share, and before it is answered: see to
    /// it that it can't be lost, send it, wait for nothing.
    using OnCandidate = std::function<void(pool::BlockCandidate)>;

    /// log: outlives the shard. directory: may be empty, not null.
    Shard(ShardOptions options, pool::ShareLog& log,
          std::shared_ptr<const AccountDirectory> directory, OnCandidate on_candidate);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// An id for a connection of which nothing is known yet. Never used again.
    pool::SessionId reserve();
    /// A connection that speaks Stratum v1. peer: shown to admins. now: when it connected.
    /// extranonce2_bytes: what it may roll; 0, or more than the pool has: as the pool has it.
    void open(pool::SessionId id, const std::string& peer, const DifficultyLimits& difficulty,
              pool::Now now, std::uint8_t extranonce2_bytes = 0);
    pool::SessionId open(const std::string& peer, pool::Now now);
    /// A connection that speaks Stratum v2. v2_open() must hold.
    void open_v2(pool::SessionId id, const std::string& peer, const DifficultyLimits& difficulty,
                 pool::Now now);
    /// Counts a connection that ended before anybody knew what it speaks.
    void count_end(EndReason reason) { metrics_.of(reason).add(); }
    bool v2_open() const { return greeter_.open(); }
    /// For handshakes from now on; null: v2 is off.
    void set_identity(std::shared_ptr<const v2::Identity> identity);
    /// Bytes of a connection; of one that the shard has given up they are ignored. records: of TLS
    /// that they came in, which take_records has charged: each counts as a line at least.
    void on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes, pool::Now now,
                  std::size_t records = 0);
    /// Records of TLS, of so many bytes together, have come: charges them to its address, before
    /// any is opened for on_bytes. False: none is to be, for the session is over, or is from here
    /// on since its address has used up what it may send.
    bool take_records(pool::SessionId id, std::size_t records, std::size_t bytes, pool::Now now);
    /// It is there, and not over.
    bool hears(pool::SessionId id) const;
    /// Ends a session, if it is not over: it is closed with the others of its turn.
    void end(pool::SessionId id, EndReason reason);
    /// Acknowledgements that wait for more shares (Stratum v2) are said now: before `closed`, after
    /// which nobody takes what a session says.
    void acknowledge(pool::SessionId id, pool::Now now);
    /// The peer or the server ended the connection. Shares that it had sent are judged still.
    /// Gives why it really ended: the shard may have ended it before, and not closed it yet.
    EndReason closed(pool::SessionId id, EndReason reason, pool::Now now);

    /// A new job for everybody: a routine one by and by (see pace), any other at once; that also
    /// ends a routine one's round. What was submitted before is judged first, against the old tip.
    /// job->extranonce_bytes must be prefix_bytes + options.session.extranonce2_bytes (checked).
    /// send_now: called after the first 8 sessions and then after every 64, to take effects and
    /// write them; without it all is left to the end of the turn.
    void on_job(std::shared_ptr<const pool::Job> job, pool::Now now,
                const std::function<void()>& send_now = {});
    /// While a routine job, or the word to connect again, is on its way, or sessions wait for their
    /// tick or their close: every hundredth of a second or so. Sees to those whose turn it is;
    /// false when nobody waits any more.
    bool pace(pool::Now now);
    bool pacing() const
    {
        return spread_.active() || ahead_.active() || leaving_.active() || telling_.active() ||
               ticking_.active() || !ending_.empty();
    }
    /// A job that may come soon, but for its previous block and times: its lines are written now,
    /// so that on_job only puts these in. Miners of v2 get it ahead, by and by (see pace).
    void prepare(std::shared_ptr<const pool::Job> job, pool::Now now);
    /// About once a second: deadlines, late starts, difficulties that can't wait for the next job,
    /// marks in the share log. Of sessions those that something has happened to since, or that have
    /// something to do by now; of many each has its turn by and by (see pace).
    void on_tick(pool::Now now);
    /// The end of a turn: judges all submissions together, hands out block candidates, appends the
    /// shares to the log, and answers. An accepted share is answered only after append() took it.
    void flush(pool::Now now);
    /// To close one takes some ten microseconds: of thousands that are over in the same moment,
    /// each turn closes this many, in order. They are heard no more meanwhile.
    static constexpr std::size_t closes_a_turn = 32;
    /// Moves what is to be sent and closed into `effects` (cleared first).
    void take_effects(Effects& effects, pool::Now now, std::size_t closes_max = closes_a_turn);

    /// For authorize from now on; connections keep what they were told.
    void set_directory(std::shared_ptr<const AccountDirectory> directory);
    /// The peer has not read what was sent (see v1::Session), or has now.
    void hold_jobs(pool::SessionId id);
    void release_jobs(pool::SessionId id, pool::Now now);
    /// Asks all who mine to connect again, one after the other within this time (see pace); those
    /// who have no work yet, or come still, once they have.
    void ask_to_reconnect(std::chrono::milliseconds over, pool::Now now);
    /// A line for the people in front of all miners that have work, one after the other (see pace).
    /// Miners may show only so much: one a minute, and of those that come meanwhile the last, once
    /// the minute is over. A node that comes and goes floods nobody.
    void announce(std::string_view text, pool::Now now);
    /// An admin's words. False when there is no such session.
    bool kick(pool::SessionId id);
    bool fix_difficulty(pool::SessionId id, pool::Difficulty difficulty);  ///< from the next job on
    /// What the port of this session allows from the next job on.
    void set_bounds(pool::SessionId id, pool::Difficulty least, pool::Difficulty most);
    /// Begins a worker's counts anew, of all connections, now and before. Gives of how many.
    std::size_t reset_worker(const std::string& account, const std::string& name);

    std::vector<SessionSnapshot> snapshot(pool::Now now) const;
    /// Copies a part of what snapshot() and past_workers() give. False: that was the last one.
    /// census: as made, or as the call before left it; what it has found so far may be taken out.
    bool count_some(Census& census, pool::Now now) const;
    /// What workers did on connections that have ended.
    std::vector<WorkerSnapshot> past_workers(pool::Now now) const
    {
        return past_workers_.snapshot(now);
    }
    /// Whether it mines for anybody, or may.
    bool authorised(pool::SessionId id) const;
    /// Shares that were judged, or are to be at the end of this turn.
    std::uint64_t submitted() const { return metrics_.judged() + batch_.submissions.size(); }
    std::size_t session_count() const { return sessions_.size(); }
    const ShardMetrics& metrics() const { return metrics_; }
    ShardMetrics& metrics() { return metrics_; }

private:
    using Session = std::variant<v1::Session, v2::Session>;
    // A job as each protocol words it.
    struct Wording {
        v1::RenderedJob v1;
        v2::WireJob v2;
    };
    struct Worlds {
        v1::World v1;
        v2::World v2;
    };
    Wording worded(const std::shared_ptr<const pool::Job>& job, std::uint64_t tip) const;
    Worlds worlds(const Wording& job, pool::SteadyTime now);
    template <typename Act>
    bool with(pool::SessionId id, Act act);
    template <typename Act>
    static void visit(Session& any, Worlds& around, Act act);
    template <typename Act>
    void with(pool::SessionId id, Worlds& around, Act act);
    void rush(pool::SteadyTime now, const std::function<void()>& send_now);
    void rush_some(std::span<const pool::SessionId> some, pool::SteadyTime now);
    void take_in(std::shared_ptr<const pool::Job> job, pool::Now now);
    void note_later(const pool::Job& job);
    void tell_declarators(pool::Now now);
    void tick_some(Worlds& around, pool::Now now);
    void send_next(pool::Now now);
    void send_variant(pool::Now now);
    template <typename AnySession>
    bool note_wish(AnySession& session);
    template <typename AnySession>
    void look_soon(AnySession& session);
    void drop_vain_wishes();
    template <typename AnySession>
    void touch(AnySession& session);
    template <typename AnySession, typename Read>
    void read_within_budget(AnySession& session, std::span<const std::uint8_t> bytes,
                            std::size_t records, pool::Now now, Read read);
    bool may_burst(const std::optional<IpAddress>& address, pool::SessionId id, double cost,
                   pool::Now now);
    void charge_burst(const std::optional<IpAddress>& address, pool::SessionId id, double cost,
                      pool::Now now);
    void crowd_out(pool::SessionId id);
    Worker& worker(const Batch::Origin& origin);
    MinedAccount& account(const Batch::Origin& origin, const Worker& worker);
    void judge(pool::Now now);
    void hand_out_candidate(std::size_t at, pool::Now now);
    bool log_shares(pool::Now now);
    pool::Result<void> note_jobs(pool::Now now);
    void note_length();
    void line_up(pool::SessionId id);
    const std::vector<pool::SessionId>& all_sessions();
    void send_away(pool::SteadyTime now);
    void tell(pool::SteadyTime now);
    void tell_next(pool::SteadyTime now);
    void note_log(const pool::Result<void>& outcome);
    void answer(std::size_t at, bool logged, pool::Now now);
    template <typename AnySession>
    void tell_gate(AnySession& session, pool::Now now);
    template <typename AnySession>
    void settle(AnySession& session, pool::Now now);
    void take_output(pool::SessionId id, Session& any, Effects& effects);
    void forget(pool::SessionId id, pool::Now now);

    ShardOptions options_;
    pool::ShareLog& log_;
    std::shared_ptr<const AccountDirectory> directory_;
    OnCandidate on_candidate_;
    ShardMetrics metrics_;
    pool::JobTable jobs_;
    pool::SeenShares seen_;
    pool::ShareChecker checker_;
    PrefixPool prefixes_;
    v1::PartedSessions parted_;
    PastWorkers past_workers_;
    BurstBudget bursts_;
    pool::SteadyTime age_out_at_;
    PromiseGrid grid_;
    Wording current_;
    v2::Greeter greeter_;
    v2::DeclaredJobs declared_;
    pool::SteadyTime current_since_;
    Variants variants_;
    bool variant_wanted_ = false;
    std::vector<pool::SessionId> wishing_;  // for other work before the next job comes
    struct Prepared {
        std::shared_ptr<const pool::Job> job;
        v1::PreparedNotify notify;
        v2::WireJob v2;
    };
    std::optional<Prepared> prepared_;
    Spread spread_;
    Spread ahead_;
    Spread leaving_;
    Spread telling_;
    CallList calls_;
    Spread ticking_;
    bool leaving_begun_ = false;
    bool tells_gate_ = false;  // this round of ticks
    std::string told_;         // by telling_
    std::optional<std::string> to_tell_;
    std::optional<pool::SteadyTime> told_at_;
    pool::JsonDocument json_;
    std::unordered_map<std::uint64_t, Session> sessions_;
    std::vector<pool::SessionId> order_;  // as they came; some may have gone since
    std::uint64_t opened_ = 0;
    std::vector<pool::SessionId> authorised_;  // not told yet
    pool::SteadyTime mined_told_;
    std::vector<pool::SessionId> dirty_;  // have something to send or to close
    std::vector<pool::SessionId> taken_;  // dirty_, while it is gone through
    std::vector<pool::SessionId> gone_;   // closed, with shares still to be judged
    std::deque<pool::SessionId> ending_;  // have ended, and said their last; to be closed
    std::vector<pool::JobRecord> unnoted_;
    bool log_failed_ = false;

    // The turn's submissions and what becomes of them; kept for their memory.
    Batch batch_;
    std::vector<pool::Verdict> verdicts_;
    std::vector<pool::ShareRecord> records_;
};

}  // namespace stratum
