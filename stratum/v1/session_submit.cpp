// Shares: from a submit to a Submission, and from its verdict to the reply.
#include <algorithm>
#include <string_view>
#include <utility>

#include "pool/base/release_memory.h"
#include "stratum/user_name.h"
#include "stratum/v1/session.h"

namespace stratum::v1 {
namespace {

// Shares rolled under the wider mask of before are on their way when a mask narrows.
constexpr std::chrono::seconds old_mask_for{10};
constexpr std::size_t waiting_kept = 16;

struct Refusal {
    ErrorCode code;
    std::string_view text;
};

// The texts are short and stable: firmware shows them, and farms count them.
Refusal refusal_of(pool::Judgement judgement)
{
    switch (judgement) {
        case pool::Judgement::unknown_job:
            return {ErrorCode::job_not_found, "Job not found"};
        case pool::Judgement::stale:
            return {ErrorCode::job_not_found, "Stale"};
        case pool::Judgement::duplicate:
            return {ErrorCode::duplicate, "Duplicate share"};
        case pool::Judgement::low_difficulty:
            return {ErrorCode::low_difficulty, "Low difficulty share"};
        case pool::Judgement::time_too_old:
            return {ErrorCode::other, "Time too old"};
        case pool::Judgement::time_too_new:
            return {ErrorCode::other, "Time too new"};
        case pool::Judgement::version_not_allowed:
            return {ErrorCode::other, "Invalid version mask"};
        case pool::Judgement::unauthorised:
            return {ErrorCode::unauthorized, "Unauthorized worker"};
        case pool::Judgement::accepted:
        case pool::Judgement::unspecified:
            break;
    }
    return {ErrorCode::other, "Rejected"};
}

// zeros: of the pool's, between its prefix and what a miner with a short counter has rolled.
pool::Extranonce joined(const ExtranoncePrefix& prefix, std::size_t zeros, const Submit& call)
{
    pool::Extranonce extranonce;
    const auto after =
        std::copy(prefix.bytes.begin(), prefix.bytes.end(), extranonce.bytes.begin());
    const auto length = static_cast<std::ptrdiff_t>(call.extranonce2_length);
    std::copy(call.extranonce2.begin(), call.extranonce2.begin() + length,
              after + static_cast<std::ptrdiff_t>(zeros));
    extranonce.prefix_length = prefix_bytes;
    extranonce.length = static_cast<std::uint8_t>(prefix_bytes + zeros + call.extranonce2_length);
    return extranonce;
}

}  // namespace

// The worker of a user name, made when it is new. Nothing when there are too many: a name beside a
// connection's first counts for its address, as a channel of v2 does.
std::optional<std::size_t> Session::add_worker(UserName user, std::string_view given,
                                               const Turn& turn)
{
    const World& world = turn.world;
    if (!roster_.find(user)) {
        if (roster_.size() >= world.options.workers_max) return std::nullopt;
        const bool counts = !roster_.empty() && world.gate != nullptr && address_;
        if (counts && !world.gate->open_channel(*address_)) return std::nullopt;
    }
    return roster_.add(std::move(user), given, world.options.workers_max, turn.now.steady);
}

void Session::give_back(Gate* gate) const
{
    if (gate == nullptr || !address_ || roster_.size() < 2) return;
    gate->close_channels(*address_, roster_.size() - 1);
}

// Nothing for a worker that was authorised and is no more.
std::optional<std::size_t> Session::unless_left(std::size_t worker) const
{
    const bool left = std::find(left_.begin(), left_.end(), worker) != left_.end();
    return left ? std::nullopt : std::optional{worker};
}

// Whom a submit is for: an authorised worker; else a new worker of an account that is authorised
// here, for pools take workers as free text; else the only worker that authorised.
std::optional<std::size_t> Session::worker_of(std::string_view given, const Turn& turn)
{
    if (roster_.empty()) return std::nullopt;
    given = trimmed_user_name(given);
    if (const auto known = roster_.spelt(given)) return unless_left(*known);

    auto user = parse_user_name(given, turn.world.options.chain, turn.world.directory);
    if (user) {
        // No room for another name: the money still goes to the right account.
        if (const auto any = roster_.one_of(user->account)) {
            const auto worker = add_worker(std::move(*user), given, turn);
            return worker ? unless_left(*worker) : any;
        }
    }
    return several_ ? std::nullopt : std::optional<std::size_t>{0};
}

const SentJob* Session::find_sent(pool::JobId job) const
{
    // Newest first: nearly every share is for the last job or the one before.
    const auto found = std::find_if(sent_.rbegin(), sent_.rend(),
                                    [job](const SentJob& sent) { return sent.job == job; });
    if (found != sent_.rend()) return &*found;
    if (resumed_ == nullptr) return nullptr;
    const std::vector<SentJob>& old = resumed_->left.sent;
    const auto before = std::find_if(old.begin(), old.end(),
                                     [job](const SentJob& sent) { return sent.job == job; });
    return before == old.end() ? nullptr : &*before;
}

bool Session::in_mask_grace(pool::SteadyTime now) const
{
    return now < mask_changed_ + old_mask_for;
}

std::uint32_t Session::mask_for(const pool::Job& job, pool::SteadyTime now) const
{
    // Rental proxies roll without ever having asked: they get the pool's mask.
    std::uint32_t wanted = mask_wanted_;
    if (in_mask_grace(now)) wanted |= mask_before_;
    return job.rolling_mask & wanted;
}

void Session::refuse_submit(const Turn& turn, ErrorCode code, std::string_view text,
                            std::optional<std::size_t> worker)
{
    shares_.judged(true);
    end_if_bad(turn.world.options.bad_shares_max);
    if (ended_ && worker) blame(*worker);
    append_error(out(), turn.id, code, text);
}

// Only what no header can be built from is refused here; the rest is hashed first, for it may be
// a block whatever is wrong with it.
void Session::on(const Submit& call, const Turn& turn)
{
    World& world = turn.world;
    if (!prefix_) {
        world.metrics.malformed_submits.add();
        return refuse_submit(turn, ErrorCode::not_subscribed, "Not subscribed");
    }
    const SentJob* sent = call.job ? find_sent(*call.job) : nullptr;
    const auto* entry = sent != nullptr ? world.jobs.find(sent->job) : nullptr;
    const bool right_length = call.extranonce2_length == extranonce2_bytes_;
    if (entry != nullptr && right_length) return hand_in(call, *sent, *entry->job, turn);

    if (entry == nullptr) {
        world.metrics.of(pool::Judgement::unknown_job).add();
    } else {
        world.metrics.malformed_submits.add();
    }
    const auto worker = worker_of(call.worker, turn);
    if (!worker) return refuse_submit(turn, ErrorCode::unauthorized, "Unauthorized worker");
    ShareCounts& counts = roster_.worker(*worker).counts;
    ++(entry == nullptr ? counts.unknown_job : counts.other);
    if (entry == nullptr) {
        return refuse_submit(turn, ErrorCode::job_not_found, "Job not found", worker);
    }
    refuse_submit(turn, ErrorCode::other, "Invalid extranonce2 size", worker);
}

void Session::hand_in(const Submit& call, const SentJob& sent, const pool::Job& job,
                      const Turn& turn)
{
    const auto worker = worker_of(call.worker, turn);
    const std::uint32_t mask = mask_for(job, turn.now.steady);
    const std::uint32_t bits = call.version_bits.value_or(0);
    const bool allowed = (bits & ~mask) == 0;

    Batch& batch = turn.world.batch;
    batch.submissions.push_back({.job = job.id,
                                 .extranonce = joined(prefix_.value_or(ExtranoncePrefix{}),
                                                      zeros(turn.world.options), call),
                                 .time = call.time,
                                 .nonce = call.nonce,
                                 .version = job.version | bits,
                                 .version_allowed = allowed,
                                 .authorised = worker.has_value(),
                                 .promise = turn.world.grid.of(sent.difficulty)});
    batch.origins.push_back({id_, worker, sent.difficulty, false});
    if (!allowed) {
        // What did the miner hash? Old firmware puts its bits on top of the version, newer one
        // drops what the mask forbids. The share is refused either way; a block is a block.
        pool::Submission masked = batch.submissions.back();
        masked.version = job.version | (bits & mask);
        batch.submissions.push_back(masked);
        batch.origins.push_back({id_, worker, sent.difficulty, true});
    }
    waiting_.push_back({std::string{turn.id}, {}});
}

void Session::end_if_bad(std::uint32_t bad_max)
{
    if (shares_.bad() >= bad_max) end(EndReason::too_many_bad_shares);
}

// Who named nothing at subscribe is asked, once its first share shows that the handshake, in which
// some take any line for an answer, is well behind it.
void Session::ask_version()
{
    if (!user_agent_.empty() || std::exchange(asked_version_, true)) return;
    append_get_version(out_);  // ahead of what was to be said after the share's reply
}

// It has lost the job, or fishes with old ones: let it begin anew.
void Session::end_if_late(std::uint32_t stale_max)
{
    if (late_.bad() >= stale_max) end(EndReason::too_many_stale_shares);
}

// A miner that sends low shares and no others has lost a set_difficulty: it is told once more.
void Session::note_low_share(pool::Judgement judgement)
{
    constexpr std::uint32_t suspicious = 20;
    if (judgement != pool::Judgement::low_difficulty) return;
    if (++low_shares_ == suspicious) repeat_difficulty_ = true;
}

void Session::note_proof(pool::Difficulty difficulty, pool::SteadyTime now)
{
    const pool::Difficulty newest = sent_.empty() ? difficulty : sent_.back().difficulty;
    if (difficulty >= newest || !proven_) proven_ = difficulty;
    if (!policy_.bears(difficulty, newest, now)) {
        proven_ = policy_.next();  // where it begins when it comes back
        end(EndReason::too_many_easy_shares);
    }
}

void Session::answer(const Batch::Origin& origin, const Outcome& outcome, pool::Now now)
{
    pool::check(answered_ < waiting_.size(), "each verdict answers one submit");
    Waiting& waiting = waiting_[answered_++];
    const bool accepted = outcome.judgement == pool::Judgement::accepted;
    if (accepted && outcome.logged) {
        append_result(out_, waiting.id, true);
        policy_.on_share(origin.difficulty, now.steady);
        ++accepted_;
        first_share_.came(outcome.job, now.steady);
        note_proof(origin.difficulty, now.steady);
        ask_version();
        bad_requests_ = 0;
        refused_names_ = 0;
        full_refusals_ = 0;
        low_shares_ = 0;
    } else if (accepted) {
        append_error(
            out_, waiting.id, ErrorCode::other,
            outcome.too_new ? "Too many new accounts, try later" : "Share log unavailable");
    } else {
        note_low_share(outcome.judgement);
        const Refusal refusal = refusal_of(outcome.judgement);
        append_error(out_, waiting.id, refusal.code, refusal.text);
    }
    // Without its work it is no share that came late: any nonce for an old job would be one.
    const bool late = outcome.judgement == pool::Judgement::stale && outcome.proven;
    shares_.judged(!accepted && !late);
    late_.judged(late);
    out_.append(waiting.after);
    if (answered_ == waiting_.size()) {
        // A burst leaves its memory behind only where it was small.
        if (waiting_.capacity() > waiting_kept) pool::release_memory(waiting_);
        waiting_.clear();
        answered_ = 0;
    }

    if (origin.worker) roster_.count(*origin.worker, outcome, now);
}

}  // namespace stratum::v1
