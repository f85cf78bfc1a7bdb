#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/prefetch.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/target.h"
#include "pool/share/share.h"
#include "pool/work/job_table.h"
#include "stratum/batch.h"
#include "stratum/conduct.h"
#include "stratum/difficulty_policy.h"
#include "stratum/extranonce.h"
#include "stratum/first_share.h"
#include "stratum/gate.h"
#include "stratum/ip_address.h"
#include "stratum/known_difficulties.h"
#include "stratum/metrics.h"
#include "stratum/miner.h"
#include "stratum/promise_grid.h"
#include "stratum/roster.h"
#include "stratum/user_name.h"
#include "stratum/v1/codec.h"
#include "stratum/v1/framing.h"
#include "stratum/v1/messages.h"
#include "stratum/v1/parted.h"
#include "stratum/v1/render.h"

namespace stratum::v1 {

struct SessionOptions {
    pool::Chain chain = pool::Chain::main;
    DifficultyLimits difficulty;
    std::uint8_t extranonce2_bytes = 8;  ///< 2 ..= 8: what every known miner can submit
    bool resume = false;  ///< who comes back with a session id gets the same extranonce prefix
    std::size_t workers_max = 1000;  ///< a connection; proxies bring hundreds
    /// Of the last 256 judged submits, how many may be bad before the connection is closed. Stale
    /// ones that have the work of their job are not bad: they are late.
    std::uint32_t bad_shares_max = 160;
    std::uint32_t stale_shares_max = 224;     ///< of the last 256: it works on old jobs only
    std::size_t line_bytes = 8192;            ///< <= line_bytes_max
    std::size_t line_bytes_handshake = 4096;  ///< before a worker has authorised
    pool::JsonLimits json = line_limits;      ///< of a line; a plain mining.submit has no depth
    std::size_t job_line_bytes = 3584;  ///< longer mining.notify lines are counted: firmware breaks
    double lines_per_second = 10'000;   ///< sustained; more closes the connection. 0: no limit
    double lines_burst = 50'000;        ///< a line counts for as many as its bytes are worth
    /// More answers than that in one turn, and nobody reads them: the connection is closed.
    std::size_t answers_bytes = std::size_t{256} << 10;
    /// Unknown or senseless ones, or names that nobody has or that may not come now, without a good
    /// share between; of names as many as workers_max once a worker has authorised, and ten times
    /// that for which there is no room.
    std::size_t bad_requests_max = 32;
    std::chrono::seconds first_line_within{15};
    std::chrono::seconds subscribe_within{30};
    std::chrono::seconds authorize_within{60};
    std::chrono::seconds line_within{15};        ///< from its first byte to its end
    std::chrono::seconds start_unauthorized{3};  ///< work for those that only subscribe
    /// Or 20 times what a share at the last job's difficulty takes the miner on average, as far as
    /// that is known; a week at most.
    std::chrono::minutes idle_max{30};
};

/// The job that a loop sends now, as all its connections get it. Empty before the first.
struct RenderedJob {
    std::shared_ptr<const pool::Job> job;
    NotifyLines notify;
    pool::Difficulty hardest;  ///< no share need be better than a block
    std::uint64_t tip = 0;     ///< counts changes of the previous block
};

/// What a session may see and use of its shard during a call.
struct World {
    const SessionOptions& options;
    const pool::JobTable& jobs;
    const RenderedJob& current;
    const AccountDirectory& directory;
    const PromiseGrid& grid;
    PrefixPool& prefixes;
    Batch& batch;
    ShardMetrics& metrics;
    Gate* gate;                ///< null: nobody is delayed
    KnownDifficulties* known;  ///< null: everybody begins at the port's start
    pool::JsonDocument& json;
    PartedSessions& parted;
    pool::SteadyTime now;  ///< of the turn
};

/// One Stratum v1 connection as a state machine: bytes, jobs and ticks in; text and submissions
/// out. No I/O, no clock.
///
/// Replies leave strictly in the order of the requests: what follows a submit waits for its
/// verdict. Notices never come before the reply that the client is waiting for.
class Session {
public:
    /// subscription: shown to the client as its session id; hard to guess. extranonce2_bytes: of
    /// this connection, <= SessionOptions::extranonce2_bytes; what is less is zeros of the pool's.
    Session(pool::SessionId id, std::string peer, std::uint64_t subscription,
            const DifficultyLimits& difficulty, std::uint8_t extranonce2_bytes, pool::Now now);

    /// records: of TLS that they came in, 0 without it; the bytes may be none. Each line, each
    /// record and each 256 bytes count for options.lines_per_second, whichever are more.
    void on_bytes(std::span<const std::uint8_t> bytes, World& world, pool::Now now,
                  std::size_t records = 0);
    /// `world.current` is new.
    void on_job(World& world);
    /// `world.current` is other work of the newest job, because wants_job_now().
    void on_variant(World& world) { on_job(world); }
    /// Has what on_job looks at outside of the session itself fetched from memory.
    void prefetch() const
    {
        if (sent_.empty()) return;
        pool::prefetch(sent_.front());
        pool::prefetch(sent_.back());
    }
    /// The peer has not read what was sent: jobs are left out until it has, then the newest goes.
    void hold_jobs() { held_ = true; }
    void release_jobs(World& world);
    /// client.reconnect without an address, to those who mine: the server is going away. False:
    /// it does not mine yet.
    [[nodiscard]] bool ask_to_reconnect();
    bool owes_jobs() const { return false; }
    /// True when the next regular job is too far off: the difficulty is wrong by four times or
    /// more, the miner seems to have missed the last one, or it came back to a job that it had.
    bool wants_job_now() const;
    void on_tick(World& world, pool::Now now);
    /// When on_tick has something to do again, if nothing else happens until then.
    pool::SteadyTime next_look(const SessionOptions& options, pool::SteadyTime now) const;

    /// The verdict on this session's oldest submission that has none yet. Counts it, too.
    void answer(const Batch::Origin& origin, const Outcome& outcome, pool::Now now);
    /// Ends a session of whose last 256 submits `bad_max` or more were bad.
    void end_if_bad(std::uint32_t bad_max);
    /// Ends one of whose last 256 `stale_max` or more were stale.
    void end_if_late(std::uint32_t stale_max);

    pool::SessionId id() const { return id_; }
    const std::optional<ExtranoncePrefix>& prefix() const { return prefix_; }
    std::uint64_t subscription() const { return subscription_; }
    /// What is left to the connection that resumes this one; nothing unless it had a worker.
    /// since: its prefix goes back now.
    std::optional<Parted> part(pool::SteadyTime since) const;
    /// Notes where the first worker may begin when it comes back.
    void leave_word(KnownDifficulties& known, pool::SteadyTime now) const;
    bool authorised() const { return !roster_.empty(); }
    /// Of its names, what the gate has counted.
    void give_back(Gate* gate) const;
    std::uint64_t accepted() const { return accepted_; }
    bool has_unanswered() const { return !waiting_.empty(); }
    Worker& worker(std::size_t at) { return roster_.worker(at); }
    MinedAccount& account(std::size_t at) { return roster_.account(at); }
    /// This worker's share was the one too many; the first such word counts.
    void blame(std::size_t worker) { blamed_ = blamed_.value_or(worker); }
    /// Who answers for how it has ended, if anybody mines on it: its first worker unless it was
    /// another.
    std::optional<std::size_t> blamed() const
    {
        return roster_.empty() ? std::nullopt : std::optional{blamed_.value_or(0)};
    }

    bool has_output() const { return !out_.empty(); }
    /// into: empty; its memory becomes the session's.
    void take_output(std::string& into)
    {
        into.swap(out_);
        piled_ = 0;
    }
    /// The connection is to be closed once the output is out.
    const std::optional<EndReason>& ended() const { return ended_; }
    const std::string& peer() const { return peer_; }
    const std::optional<IpAddress>& address() const { return address_; }  ///< of the peer
    void end(EndReason reason);
    /// Shows a line to the people in front of the miner, once it has work.
    void announce(std::string_view text);
    /// From the next job on, whatever the miner asks for.
    void fix_difficulty(pool::Difficulty difficulty) { policy_.fix(difficulty); }
    void set_bounds(pool::Difficulty least, pool::Difficulty most)
    {
        policy_.set_bounds(least, most);
    }
    /// Begins a worker's counts anew. False: it mines for none of that name.
    bool reset_worker(std::string_view account, std::string_view name)
    {
        return roster_.reset(account, name);
    }

    SessionSnapshot snapshot(pool::Now now, Shown shown) const;

    /// The shard's notes that this session is on its list of those with something to send, and of
    /// those that wish for other work.
    bool listed = false;
    bool wishes = false;
    /// The shard's notes: it is looked at with the next tick; and when at the latest.
    bool stirred = false;
    pool::SteadyTime called_at = pool::SteadyTime::max();
    /// The shard's note that it is to be asked to connect again as soon as it mines.
    bool to_leave = false;
    /// Its gate knows how it has ended.
    bool settled = false;
    /// The shard's notes: what it has told its server of this session.
    bool told_authorised = false;
    std::uint64_t told_accepted = 0;

private:
    // What every handler of a request gets.
    struct Turn {
        World& world;
        pool::Now now;
        std::string_view id;  // the request's, as JSON text
        bool wants_reply;
    };
    // What the connection before left, and the session id that this one had before.
    struct Resumed {
        Parted left;
        std::uint64_t subscription = 0;
    };
    // A submit without its verdict, and what was to be said after its reply.
    struct Waiting {
        std::string id;
        std::string after;
    };

    void take_lines(World& world, pool::Now now, double worth);
    void on_line(std::string_view line, World& world, pool::Now now);
    void on(const Configure& call, const Turn& turn);
    void on(const Subscribe& call, const Turn& turn);
    void on(const Authorize& call, const Turn& turn);
    void on(const Submit& call, const Turn& turn);
    void on(const SuggestDifficulty& call, const Turn& turn);
    void on(const SuggestTarget& call, const Turn& turn);
    void on(const SubscribeExtranonce& call, const Turn& turn);
    void on(const MultiVersion& call, const Turn& turn);
    void on(const Capabilities& call, const Turn& turn);
    void on(const GetTransactions& call, const Turn& turn);
    void on(const Ping& call, const Turn& turn);
    void on(const AgentCapabilities& call, const Turn& turn);
    void on(const Report& call, const Turn& turn);
    void on(const Leave& call, const Turn& turn);
    void on(const Deauthorize& call, const Turn& turn);
    void on(const Answer& call, const Turn& turn);
    void on(const UnknownMethod& call, const Turn& turn);
    void on(const BadParams& call, const Turn& turn);
    void on(const NoMethod& call, const Turn& turn);

    std::string& out() { return waiting_.empty() ? out_ : waiting_.back().after; }
    void thank(const Turn& turn);
    std::optional<ExtranoncePrefix> resume(std::optional<std::uint64_t> session, const Turn& turn);
    std::optional<ExtranoncePrefix> leave_to_owner(const Turn& turn);
    std::uint8_t zeros(const SessionOptions& options) const
    {
        return static_cast<std::uint8_t>(options.extranonce2_bytes - extranonce2_bytes_);
    }
    void count_bad_request(const Turn& turn);
    void end_if_guessing(const SessionOptions& options);
    void start_if_ready(World& world);
    void start_anew(const World& world);
    void send_job(World& world);
    void send(const World& world, pool::Difficulty difficulty);
    void send_again(World& world);
    bool waits_for_other_work() const;
    bool only_subscribed() const;
    bool already_sent(const pool::Job& job) const;
    struct Deadline {
        pool::SteadyTime at;
        EndReason reason;
    };
    Deadline deadline(const SessionOptions& options, pool::SteadyTime now) const;

    void begin_where_it_was(const Turn& turn);
    std::string first_worker() const;
    void announce_mask(const pool::Job& job);
    void suggest(pool::Difficulty difficulty, const Turn& turn);
    void apply_password(std::string_view password, const Turn& turn);
    std::optional<std::size_t> add_worker(UserName user, std::string_view given, const Turn& turn);
    std::optional<std::size_t> worker_of(std::string_view given, const Turn& turn);
    std::optional<std::size_t> unless_left(std::size_t worker) const;

    void ask_version();
    void note_low_share(pool::Judgement judgement);
    void note_proof(pool::Difficulty difficulty, pool::SteadyTime now);
    void refuse_submit(const Turn& turn, ErrorCode code, std::string_view text,
                       std::optional<std::size_t> worker = std::nullopt);
    void hand_in(const Submit& call, const SentJob& sent, const pool::Job& job, const Turn& turn);
    const SentJob* find_sent(pool::JobId job) const;
    bool in_mask_grace(pool::SteadyTime now) const;
    std::uint32_t mask_for(const pool::Job& job, pool::SteadyTime now) const;

    pool::SessionId id_;
    std::string peer_;
    std::optional<IpAddress> address_;
    std::uint64_t subscription_;
    std::uint8_t extranonce2_bytes_;
    pool::Now opened_;
    pool::SteadyTime heard_;  // the last byte
    std::string user_agent_;
    std::string about_;  // of configure's info
    LineReader reader_;
    std::string out_;
    std::vector<Waiting> waiting_;
    std::size_t answered_ = 0;  // of waiting_
    std::size_t piled_ = 0;     // bytes of answers, those that wait for a verdict too
    std::optional<EndReason> ended_;

    std::optional<ExtranoncePrefix> prefix_;  // since subscribe
    pool::SteadyTime subscribed_;
    Roster roster_;  // since authorize
    std::optional<std::size_t> blamed_;
    std::vector<std::size_t> left_;  // of its workers: the miner has taken leave for them
    bool authorize_refused_ = false;
    bool several_ = false;  // names have authorised: those that shares brought do not count
    bool takes_set_extranonce_ = false;  // it has said so
    bool asked_version_ = false;
    bool heard_line_ = false;
    std::optional<pool::SteadyTime> line_begun_;
    std::size_t bad_requests_ = 0;
    std::size_t refused_names_ = 0;  // likewise without a good share between, as the next
    std::size_t full_refusals_ = 0;  // of names, when it had all that it may have
    std::uint64_t accepted_ = 0;
    std::optional<pool::Difficulty> proven_;  // of the last accepted share that names a worker

    DifficultyPolicy policy_;
    std::vector<SentJob> sent_;  // in order of sending
    FirstShare first_share_;
    std::unique_ptr<Resumed> resumed_;
    int waited_ticks_ = 0;          // of one that came back, for other work
    std::uint64_t last_tip_ = 0;    // RenderedJob::tip of the last job sent
    std::uint32_t low_shares_ = 0;  // since the last accepted one
    bool repeat_difficulty_ = false;
    bool held_ = false;
    bool job_owed_ = false;
    BadShares shares_;
    BadShares late_;
    Pace lines_;

    bool rolling_ = false;  // asked for by mining.configure
    std::uint32_t mask_wanted_ = 0xffffffff;
    std::uint32_t mask_before_ = 0xffffffff;
    pool::SteadyTime mask_changed_;
    std::optional<std::uint32_t> mask_announced_;
};

}  // namespace stratum::v1
