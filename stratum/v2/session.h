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

#include "pool/base/prefetch.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/work/job_table.h"
#include "stratum/batch.h"
#include "stratum/conduct.h"
#include "stratum/difficulty_policy.h"
#include "stratum/extranonce.h"
#include "stratum/first_share.h"
#include "stratum/further_count.h"
#include "stratum/gate.h"
#include "stratum/ip_address.h"
#include "stratum/metrics.h"
#include "stratum/miner.h"
#include "stratum/promise_grid.h"
#include "stratum/roster.h"
#include "stratum/user_name.h"
#include "stratum/v2/channel.h"
#include "stratum/v2/declared_jobs.h"
#include "stratum/v2/declaring.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/greeter.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_declaration.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/wire_job.h"

namespace stratum::v2 {

struct SessionOptions {
    pool::Chain chain = pool::Chain::main;
    DifficultyLimits difficulty;
    std::uint8_t rolled_bytes = 8;    ///< of an extended channel's extranonce
    std::size_t channels_max = 1000;  ///< a connection; proxies bring hundreds
    std::size_t workers_max = 1000;   ///< likewise
    double opens_per_second = 4;      ///< of channels, sustained; channels_max at once
    /// Unknown or senseless ones, or names that nobody has, without a good share between; of names
    /// as many as channels_max once there was a channel.
    std::size_t bad_requests_max = 32;
    std::uint32_t bad_shares_max = 160;  ///< of the last 256; more closes the connection
    double frames_per_second = 10'000;   ///< sustained; more closes the connection. 0: no limit
    double frames_burst = 50'000;
    /// More answers than that in one turn, and nobody reads them: the connection is closed. Jobs
    /// that channels get one by one take a part of it at a time: a proxy may have a thousand.
    std::size_t answers_bytes = std::size_t{256} << 10;
    std::uint32_t ack_shares_max = 16;  ///< acknowledged together at most
    /// Longer ago than that, and a share is acknowledged at once; else at the next tick.
    std::chrono::milliseconds ack_within{1000};
    std::chrono::seconds handshake_within{5};
    std::chrono::seconds setup_within{10};
    std::chrono::seconds channel_within{60};  ///< to the first one, or after the last has closed
    std::chrono::seconds frame_within{15};    ///< from its first byte to its end
    /// Of each direction. Looked at once in a few seconds, or in an hour while there are more than
    /// can be used up until then, so it must leave some.
    std::uint64_t nonces_max = std::uint64_t{1} << 63;
    std::chrono::minutes idle_max{30};  ///< or 20 times its mean share interval; a week at most
    DeclaringOptions declaring;
};

/// What a session may see and use of its shard during a call.
struct World {
    const SessionOptions& options;
    const pool::JobTable& jobs;
    const WireJob& current;
    const WireJob* next;  ///< the empty job of a tip that is still to come; null: none
    const AccountDirectory& directory;
    const PromiseGrid& grid;
    PrefixPool& prefixes;
    Batch& batch;
    ShardMetrics& metrics;
    Gate* gate;  ///< null: nobody is delayed
    Greeter& greeter;
    DeclaredJobs& declared;
    pool::SteadyTime now;  ///< of the turn
};

/// One Stratum v2 connection as a state machine: bytes, jobs and ticks in; bytes and submissions
/// out. No I/O, no clock.
///
/// Handshake, then SetupConnection, then channels. Anything that can not be a frame of ours ends
/// the connection; what is well formed and senseless is answered with the reference's error codes.
class Session {
public:
    Session(pool::SessionId id, std::string peer, const SessionOptions& options, pool::Now now);

    void on_bytes(std::span<const std::uint8_t> bytes, World& world, pool::Now now);
    /// `world.current` is new.
    void on_job(World& world);
    /// `world.current` is other work of the newest job, for channels that can not wait for the next
    /// regular one: it brings them their difficulty. Of many some, wants_job_now() then still.
    void on_variant(World& world);
    /// Has what on_job looks at outside of the session itself fetched from memory.
    void prefetch() const
    {
        if (!channels_.empty()) pool::prefetch(channels_.front());
    }
    /// `world.next` is new: it goes out now, so that its tip needs one short message only.
    void on_next_job(World& world);
    /// The peer has not read what was sent: jobs are left out until it has, then the newest goes.
    void hold_jobs() { held_ = true; }
    void release_jobs(World& world);
    /// The chain has moved: custom jobs that came before it are looked at again.
    void on_tip(World& world, pool::Now now);
    void on_tick(World& world, pool::Now now);
    /// When on_tick has something to do again, if nothing else happens until then.
    pool::SteadyTime next_look(const SessionOptions& options, pool::SteadyTime now) const;
    /// Some channels wait for the newest job: there was too much to say at once.
    bool owes_jobs() const { return jobs_owed_; }
    /// A channel's difficulty is so far off that it should not wait for the next regular job.
    bool wants_job_now() const;

    /// The verdict on this session's oldest submission that has none yet. Counts it, too.
    void answer(const Batch::Origin& origin, const Outcome& outcome, pool::Now now);

    pool::SessionId id() const { return id_; }
    /// What waits for more shares to be acknowledged with.
    void acknowledge_all(pool::SteadyTime now);
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
    /// Gives back every channel's prefix and every custom job; how many channels there were. The
    /// session is over.
    std::size_t release(PrefixPool& prefixes, DeclaredJobs& declared, Gate* gate,
                        pool::SteadyTime now);

    bool has_output() const { return !out_.empty(); }
    /// into: empty; its memory becomes the session's.
    void take_output(std::string& into)
    {
        into.swap(out_);
        piled_ = 0;
    }
    /// The connection is to be closed once the output is out.
    const std::optional<EndReason>& ended() const { return ended_; }
    void end(EndReason reason);
    /// To be asked after answer().
    void end_if_bad(std::uint32_t bad_max);
    void end_if_late(std::uint32_t stale_max);
    const std::string& peer() const { return peer_; }
    const std::optional<IpAddress>& address() const { return address_; }  ///< of the peer
    /// Reconnect without an address, to those who mine: the server is going away. False: it does
    /// not mine yet.
    [[nodiscard]] bool ask_to_reconnect();
    /// v2 has no words for people.
    void announce(std::string_view) {}
    void fix_difficulty(pool::Difficulty difficulty);
    /// Of its channels, and of those to come.
    void set_bounds(pool::Difficulty least, pool::Difficulty most);
    /// Begins a worker's counts anew. False: it mines for none of that name.
    bool reset_worker(std::string_view account, std::string_view name)
    {
        return roster_.reset(account, name);
    }

    SessionSnapshot snapshot(pool::Now now, Shown shown) const;

    bool authorised() const { return !roster_.empty() || (declaring_ && declaring_->tokens > 0); }
    std::uint64_t accepted() const { return accepted_; }

    /// What the shard has told its server of this session.
    bool told_authorised = false;
    std::uint64_t told_accepted = 0;
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

private:
    enum class Stage : std::uint8_t { handshake, setup, mining, declaring };
    struct Turn {
        World& world;
        pool::Now now;
    };
    // A share without its verdict.
    struct Waiting {
        std::uint32_t channel = 0;
        std::uint32_t sequence = 0;
    };

    std::size_t on_handshake(std::span<const std::uint8_t> bytes, World& world, pool::Now now);
    void on_frame(const FrameReader::Frame& frame, const Turn& turn);
    void on_extension_frame(const FrameReader::Frame& frame, const Turn& turn);
    void on_mining_frame(const FrameReader::Frame& frame, const Turn& turn);
    void on_declaring_frame(const FrameReader::Frame& frame, const Turn& turn);
    template <typename Message>
    void take(const FrameReader::Frame& frame, const Turn& turn);
    void on(const SetupConnection& call, const Turn& turn);
    void on(const RequestExtensions& call, const Turn& turn);
    void on(const OpenStandard& call, const Turn& turn);
    void on(const OpenExtended& call, const Turn& turn);
    void on(const UpdateChannel& call, const Turn& turn);
    void on(const CloseChannel& call, const Turn& turn);
    void on(const SubmitStandard& call, const Turn& turn);
    void on(const SubmitExtended& call, const Turn& turn, pool::ByteSpan rest);
    void on(const AllocateToken& call, const Turn& turn);
    void on(const DeclareJob& call, const Turn& turn);
    void on(const SetCustomJob& call, const Turn& turn);

    bool selects_work() const;
    Declaring& declaring();
    std::vector<Channel*> meant_by(std::uint32_t number);
    std::optional<std::string_view> set_custom(const SetCustomJob& call, const Turn& turn);
    bool may_wait(const SetCustomJob& call, const World& world) const;
    void answer_held(const Turn& turn);
    struct Room {
        bool found = false;
        std::optional<pool::JobId> in_place_of;
    };
    Room room_for(const std::vector<Channel*>& channels, std::size_t live_max);
    void note_successor(const Declaring::Live& successor);
    void forget(pool::JobId job);
    bool is_mined_on(pool::JobId job, const std::vector<Channel*>& but = {}) const;
    void tend_declared(const Turn& turn);
    void retarget(World& world, int exponents);

    void refuse_setup(std::uint32_t flags, std::string_view code);
    void count_bad_request(const Turn& turn);
    struct Deadline {
        pool::SteadyTime at;
        EndReason reason;
    };
    Deadline deadline(const SessionOptions& options, pool::SteadyTime now) const;
    std::uint64_t nonces_used() const;
    std::chrono::seconds nonces_last(const SessionOptions& options) const;
    std::optional<std::chrono::duration<double>> share_interval(pool::SteadyTime now) const;

    struct Wish {
        std::uint32_t request = 0;
        std::string_view user;
        float hash_rate = 0;
        pool::Uint256 target_max;
        ChannelKind kind = ChannelKind::standard;
    };
    Channel* open(const Wish& wish, const Turn& turn);
    Channel& add_channel(const Wish& wish, ExtranoncePrefix prefix, std::size_t worker,
                         const Turn& turn);
    void refuse_open(std::uint32_t request, std::string_view code, const Turn& turn);
    void say_refusal(std::uint32_t request, std::string_view code, const Turn& turn);
    void end_if_guessing(const SessionOptions& options);
    Channel* find_any(std::uint32_t id);
    Channel* find(std::uint32_t id);  // that the miner has not closed
    void drop_closed(World& world, pool::SteadyTime now);
    std::uint32_t group() const;
    bool announce_target(Channel& channel, const World& world);
    void note_urgency(Channel& channel);
    void start(Channel& channel, const World& world);
    void say_owed(const World& world, std::size_t bytes_max);
    void say_owed(const World& world);
    template <typename May>
    bool say_in_turn(const World& world, std::size_t bytes_max, May may);
    bool tell_alike(const World& world);
    static bool lacks_job(const Channel& channel, const World& world);
    static bool is_behind(const Channel& channel, const World& world);
    void say_target(Channel& channel, const World& world);
    void say_job(Channel& channel, const World& world);
    void tell_group(const World& world, bool future);
    void note_job(Channel& channel, const World& world);
    void send_job(const Channel& channel, const World& world, bool future);
    void send_ahead(Channel& channel, const World& world);
    bool activate_ahead(const World& world);
    bool speaks_to_group() const;

    void refuse_submit(std::uint32_t channel, std::uint32_t sequence, std::string_view code);
    void refuse_unjudged(const SubmitStandard& call, std::string_view code, const Turn& turn);
    // A share as far as both kinds of channels have it.
    struct Claim {
        SubmitStandard fields;
        std::optional<pool::ByteSpan> rolled;  // an extended channel's part of the extranonce
        pool::ByteSpan rest;                   // what followed the message
    };
    void submit(const Claim& claim, const Turn& turn);
    std::size_t worker_of(const Channel& channel, pool::ByteSpan rest, const Turn& turn);
    void acknowledge(Channel& channel, pool::SteadyTime now);

    template <typename Message>
    void send(const Message& message);
    void send_for(std::uint32_t channel, std::string_view frame);

    pool::SessionId id_;
    std::string peer_;
    std::optional<IpAddress> address_;
    pool::Now opened_;
    pool::SteadyTime heard_;
    DifficultyLimits difficulty_;  // of its port
    std::string user_agent_;
    Stage stage_ = Stage::handshake;
    pool::Bytes act1_;
    Ciphers ciphers_;
    FrameReader reader_;
    std::optional<pool::SteadyTime> frame_begun_;
    std::string out_;
    std::size_t piled_ = 0;  // bytes of answers in out_
    std::vector<Waiting> waiting_;
    std::size_t answered_ = 0;  // of waiting_
    std::uint32_t ack_shares_max_;
    std::chrono::milliseconds ack_within_;
    std::optional<EndReason> ended_;

    std::uint32_t flags_ = 0;  // of SetupConnection
    bool negotiated_ = false;
    bool worker_names_ = false;  // extension 0x0002
    Roster roster_;
    std::optional<std::size_t> blamed_;
    std::vector<Channel> channels_;  // by rising id
    FurtherCount further_;           // of channels and of the roster's names
    std::uint32_t next_channel_;
    std::size_t urgent_ = 0;       // of them
    std::uint32_t last_told_ = 0;  // the last of them that was told of a job by itself
    FirstShare first_share_;
    std::size_t bad_requests_ = 0;
    std::size_t refused_names_ = 0;                 // of channels: nobody has them, or not now
    std::size_t full_refusals_ = 0;                 // of channels, when it had all that it may have
    std::optional<pool::SteadyTime> unused_since_;  // its last channel was closed then
    std::uint64_t accepted_ = 0;
    BadShares shares_;
    BadShares late_;
    Pace frames_;
    Pace opens_;
    bool held_ = false;
    bool job_held_ = false;                 // one came meanwhile
    bool jobs_owed_ = false;                // some channels wait for the newest job
    std::unique_ptr<Declaring> declaring_;  // null for who declares nothing: nearly everybody
};

}  // namespace stratum::v2
