#include "stratum/shard.h"

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/result.h"
#include "stratum/shard_visit.h"

namespace stratum {
namespace {

// More wait for no turn's end: bounds what one read of a flooding peer may pile up.
constexpr std::size_t batch_max = 4096;
// Ephemeral keys made ahead in a second: a third of a millisecond's work at most, for others wait.
constexpr std::size_t keys_a_tick = 4;
constexpr std::chrono::milliseconds tick_over{500};
// An address that mines is never banned: beside the first share of each connection, which is told
// at once, to know once in a while is enough.
constexpr std::chrono::seconds mined_told_every{15};

}  // namespace

Shard::Shard(ShardOptions options, pool::ShareLog& log,
             std::shared_ptr<const AccountDirectory> directory, OnCandidate on_candidate)
    : options_(std::move(options)),
      log_(log),
      directory_(std::move(directory)),
      on_candidate_(std::move(on_candidate)),
      checker_(options_.hasher),
      prefixes_(options_.prefixes, options_.seed),
      greeter_(nullptr),
      declared_(jobs_, options_.used_tokens, options_.seed)
{
    set_identity(options_.identity);
    pool::check(directory_ != nullptr, "an empty directory is a directory");
    const std::size_t size = options_.session.extranonce2_bytes;
    pool::check(size >= 2 && size <= 8, "no miner submits a smaller or larger extranonce2");
    options_.v2.chain = options_.session.chain;
    options_.v2.difficulty = options_.session.difficulty;
    options_.v2.rolled_bytes = options_.session.extranonce2_bytes;
}

Shard::~Shard() = default;

Shard::Worlds Shard::worlds(const Wording& job, pool::SteadyTime now)
{
    return {.v1 = {.options = options_.session,
                   .jobs = jobs_,
                   .current = job.v1,
                   .directory = *directory_,
                   .grid = grid_,
                   .prefixes = prefixes_,
                   .batch = batch_,
                   .metrics = metrics_,
                   .gate = options_.gate,
                   .known = options_.known,
                   .json = json_,
                   .parted = parted_,
                   .now = now},
            .v2 = {.options = options_.v2,
                   .jobs = jobs_,
                   .current = job.v2,
                   .next = prepared_ ? &prepared_->v2 : nullptr,
                   .directory = *directory_,
                   .grid = grid_,
                   .prefixes = prefixes_,
                   .batch = batch_,
                   .metrics = metrics_,
                   .gate = options_.gate,
                   .greeter = greeter_,
                   .declared = declared_,
                   .now = now}};
}

void Shard::set_identity(std::shared_ptr<const v2::Identity> identity)
{
    const bool declares = options_.declare_jobs && identity != nullptr;
    declared_.set_key(declares ? std::make_shared<const v2::TokenKey>(identity->key.secret)
                               : nullptr);
    greeter_.set_identity(std::move(identity));
}

void Shard::on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes, pool::Now now,
                     std::size_t records)
{
    Worlds around = worlds(current_, now.steady);
    with(id, around, [this, bytes, records, now](auto& session, auto& world) {
        read_within_budget(session, bytes, records, now, [&] {
            if constexpr (std::is_same_v<decltype(session), v1::Session&>) {
                session.on_bytes(bytes, world, now, records);
            } else {
                session.on_bytes(bytes, world, now);  // Noise inside TLS is spoken by nobody
            }
        });
        note_wish(session);
        look_soon(session);
        touch(session);
    });
    if (batch_.submissions.size() >= batch_max) flush(now);
}

bool Shard::pace(pool::Now now)
{
    Worlds around = worlds(current_, now.steady);
    for (const pool::SessionId id : spread_.due(now.steady)) {
        with(id, around, [this](auto& session, auto& world) {
            session.on_job(world);
            if (session.owes_jobs()) look_soon(session);
            touch(session);
        });
    }
    for (const pool::SessionId id : ahead_.due(now.steady)) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        if (auto* const two = std::get_if<v2::Session>(&found->second)) {
            two->on_next_job(around.v2);
            touch(*two);
        }
    }
    send_away(now.steady);
    tell(now.steady);
    tick_some(around, now);
    return pacing();
}

void Shard::on_tick(pool::Now now)
{
    bursts_.tick(now.steady);
    if (!ticking_.active()) {
        tells_gate_ = now.steady - mined_told_ >= mined_told_every;
        if (tells_gate_) mined_told_ = now.steady;
        ticking_.begin(calls_.take(now.steady), tick_over, now.steady);
    }
    Worlds around = worlds(current_, now.steady);
    tick_some(around, now);
    tell_next(now.steady);
    if (v2_open()) greeter_.prepare(keys_a_tick);
    flush(now);
    drop_vain_wishes();
    send_variant(now);
    if (auto marked = log_.tick(now.wall); !marked) {
        pool::log::error("share_log_tick_failed", {{"detail", marked.error().detail}});
    }
    if (now.steady >= age_out_at_) {
        past_workers_.age_out(now);
        age_out_at_ = now.steady + std::chrono::hours{1};
    }
    metrics_.prefixes_leased.set(static_cast<std::int64_t>(prefixes_.leased()));
    metrics_.prefixes_resting.set(static_cast<std::int64_t>(prefixes_.resting()));
    metrics_.custom_jobs_live.set(static_cast<std::int64_t>(jobs_.declared()));
}

// Thousands at once, each out of cold memory, would keep a turn's shares waiting.
void Shard::tick_some(Worlds& around, pool::Now now)
{
    for (const pool::SessionId id : ticking_.due(now.steady)) {
        with(id, around, [this, now](auto& session, auto& world) {
            session.on_tick(world, now);
            note_wish(session);
            touch(session);
            if (tells_gate_) tell_gate(session, now);
            auto next = session.next_look(world.options, now.steady);
            const bool news = session.told_accepted != session.accepted();
            if (news) next = std::min(next, mined_told_ + mined_told_every);
            session.stirred = false;
            if (session.called_at <= now.steady) session.called_at = pool::SteadyTime::max();
            // Who is called before that is asked again then: two calls for each would pile up.
            if (next >= session.called_at) return;
            session.called_at = next;
            calls_.put(session.id(), next);
        });
    }
}

void Shard::take_effects(Effects& effects, pool::Now now, std::size_t closes_max)
{
    for (Effects::Write& write : effects.writes) effects.reuse(write.bytes);
    effects.writes.clear();
    effects.closes.clear();
    effects.authorised.clear();
    effects.authorised.swap(authorised_);
    taken_.clear();
    taken_.swap(dirty_);
    for (const pool::SessionId id : taken_) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;
        take_output(id, found->second, effects);
        std::visit(
            [this, id = id, now](auto& session) {
                // Its last shares are still to be answered: flush comes first, then it is listed
                // again. One that waits for its close stays listed.
                session.listed = session.ended() && !session.has_unanswered();
                if (!session.listed) return;
                ending_.push_back(id);
                settle(session, now);
            },
            found->second);
    }
    for (; closes_max > 0 && !ending_.empty(); ending_.pop_front()) {
        const pool::SessionId id = ending_.front();
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;  // its peer was faster
        const auto reason =
            std::visit([](const auto& session) { return session.ended(); }, found->second);
        effects.closes.push_back({id, reason.value_or(EndReason::peer_left)});
        forget(id, now);
        --closes_max;
    }
}

void Shard::take_output(pool::SessionId id, Session& any, Effects& effects)
{
    std::visit(
        [&effects, id](auto& session) {
            if (!session.has_output()) return;
            Effects::Write& write =
                effects.writes.emplace_back(Effects::Write{id, effects.spare_buffer()});
            session.take_output(write.bytes);
        },
        any);
}

void Shard::set_directory(std::shared_ptr<const AccountDirectory> directory)
{
    pool::check(directory != nullptr, "an empty directory is a directory");
    directory_ = std::move(directory);
}

void Shard::hold_jobs(pool::SessionId id)
{
    with(id, [](auto& session) { session.hold_jobs(); });
}

void Shard::release_jobs(pool::SessionId id, pool::Now now)
{
    Worlds around = worlds(current_, now.steady);
    with(id, around, [this](auto& session, auto& world) {
        session.release_jobs(world);
        look_soon(session);
        touch(session);
    });
}

}  // namespace stratum
