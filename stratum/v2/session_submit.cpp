// Shares: from a submit to a Submission, and from its verdict to what the miner is told.
#include <algorithm>
#include <cstddef>
#include <string>

#include "pool/base/release_memory.h"
#include "stratum/v2/session_send.h"
#include "stratum/v2/worker_name.h"

namespace stratum::v2 {
namespace {

constexpr std::size_t waiting_kept = 16;

std::string_view code_of(const Outcome& outcome)
{
    switch (outcome.judgement) {
        case pool::Judgement::unknown_job:
            return "invalid-job-id";
        case pool::Judgement::stale:
            return "stale-share";
        case pool::Judgement::duplicate:
            return "duplicate-share";
        case pool::Judgement::low_difficulty:
            return "difficulty-too-low";
        case pool::Judgement::version_not_allowed:
            return "invalid-non-rollable-version-bit";
        case pool::Judgement::time_too_old:
        case pool::Judgement::time_too_new:
        case pool::Judgement::unauthorised:
        case pool::Judgement::accepted:  // good, but the share log could not take it
        case pool::Judgement::unspecified:
            break;
    }
    return "invalid-share";
}

SubmitStandard common_part(const SubmitExtended& call)
{
    return {.channel = call.channel,
            .sequence = call.sequence,
            .job = call.job,
            .nonce = call.nonce,
            .time = call.time,
            .version = call.version};
}

}  // namespace

void Session::on(const SubmitStandard& call, const Turn& turn)
{
    submit({.fields = call, .rolled = std::nullopt, .rest = {}}, turn);
}

void Session::on(const SubmitExtended& call, const Turn& turn, pool::ByteSpan rest)
{
    submit({.fields = common_part(call), .rolled = call.extranonce.value, .rest = rest}, turn);
}

// Only what no header can be built from is refused here; the rest is hashed first, for it may be
// a block whatever is wrong with it.
void Session::submit(const Claim& claim, const Turn& turn)
{
    const SubmitStandard& call = claim.fields;
    World& world = turn.world;
    Channel* channel = find(call.channel);
    const ChannelKind kind = claim.rolled ? ChannelKind::extended : ChannelKind::standard;
    if (channel == nullptr || channel->kind != kind) {
        world.metrics.malformed_submits.add();
        refuse_unjudged(call, "invalid-channel-id", turn);
        return count_bad_request(turn);
    }
    const auto [id, target] = channel->sent.numbered(call.job);
    const auto* entry = target == nullptr ? nullptr : world.jobs.find(id);
    if (entry == nullptr) {
        world.metrics.of(pool::Judgement::unknown_job).add();
        ++roster_.worker(channel->worker).counts.unknown_job;
        return refuse_unjudged(call, "invalid-job-id", turn);
    }
    const pool::Job& job = *entry->job;
    pool::Extranonce extranonce = padded(channel->prefix, job.extranonce_bytes);
    if (claim.rolled) {
        if (claim.rolled->size() + prefix_bytes != job.extranonce_bytes) {
            world.metrics.malformed_submits.add();
            ++roster_.worker(channel->worker).counts.other;
            return refuse_unjudged(call, "bad-extranonce-size", turn);
        }
        std::copy(claim.rolled->begin(), claim.rolled->end(),
                  extranonce.bytes.begin() + prefix_bytes);
    }
    const std::uint32_t mask = rolling_mask_of(job);
    const bool allowed = ((call.version ^ job.version) & ~mask) == 0;
    world.batch.submissions.push_back({.job = id,
                                       .extranonce = extranonce,
                                       .time = call.time,
                                       .nonce = call.nonce,
                                       .version = call.version,
                                       .version_allowed = allowed,
                                       .authorised = true,
                                       .promise = target->promise});
    world.batch.origins.push_back(
        {id_, worker_of(*channel, claim.rest, turn), target->difficulty, false});
    waiting_.push_back({call.channel, call.sequence});
    ++channel->unjudged;
}

// With extension 0x0002 a share says which worker behind a proxy found it. Where there is no room
// for another name the money still goes to the right account.
std::size_t Session::worker_of(const Channel& channel, pool::ByteSpan rest, const Turn& turn)
{
    if (!worker_names_) return channel.worker;
    const auto name = read_worker_name(rest);
    if (!name) return channel.worker;
    const std::string folded = fold_worker(*name);
    if (const auto known = roster_.find_beside(channel.worker, folded)) return *known;
    const World& world = turn.world;
    const std::size_t names = roster_.size() + 1;
    if (names > world.options.workers_max ||
        !further_.raise(world.gate, address_, channels_.size(), names)) {
        return channel.worker;
    }
    return roster_.add_beside(channel.worker, folded, turn.now.steady);
}

void Session::refuse_submit(std::uint32_t channel, std::uint32_t sequence, std::string_view code)
{
    send(SubmitError{.channel = channel, .sequence = sequence, .code = {code}});
}

void Session::refuse_unjudged(const SubmitStandard& call, std::string_view code, const Turn& turn)
{
    refuse_submit(call.channel, call.sequence, code);
    shares_.judged(true);
    end_if_bad(turn.world.options.bad_shares_max);
    if (const Channel* channel = find_any(call.channel); ended_ && channel != nullptr)
        blame(channel->worker);
}

void Session::end_if_bad(std::uint32_t bad_max)
{
    if (shares_.bad() >= bad_max) end(EndReason::too_many_bad_shares);
}

void Session::end_if_late(std::uint32_t stale_max)
{
    if (late_.bad() >= stale_max) end(EndReason::too_many_stale_shares);
}

void Session::answer(const Batch::Origin& origin, const Outcome& outcome, pool::Now now)
{
    pool::check(answered_ < waiting_.size(), "each verdict answers one submit");
    const Waiting share = waiting_[answered_++];
    if (answered_ == waiting_.size()) {
        // A burst leaves its memory behind only where it was small.
        if (waiting_.capacity() > waiting_kept) pool::release_memory(waiting_);
        waiting_.clear();
        answered_ = 0;
    }
    if (origin.worker) roster_.count(*origin.worker, outcome, now);

    Channel* const channel = find_any(share.channel);
    const bool good = outcome.judgement == pool::Judgement::accepted && outcome.logged;
    if (good) {
        ++accepted_;
        first_share_.came(outcome.job, now.steady);
        bad_requests_ = 0;
        refused_names_ = 0;
        full_refusals_ = 0;
    }
    // Without its work it is no share that came late: any nonce for an old job would be one.
    const bool late = outcome.judgement == pool::Judgement::stale && outcome.proven;
    shares_.judged(outcome.judgement != pool::Judgement::accepted && !late);
    late_.judged(late);
    if (channel == nullptr) return;
    --channel->unjudged;
    if (!good) return refuse_submit(share.channel, share.sequence, code_of(outcome));
    channel->policy.on_share(origin.difficulty, now.steady);
    note_urgency(*channel);
    channel->acks.add(share.sequence, outcome.work);
    if (!channel->policy.bears(origin.difficulty, channel->newest_difficulty(), now.steady)) {
        end(EndReason::too_many_easy_shares);
    }
    if (ended_ || channel->closing || channel->acks.due(now.steady, ack_shares_max_, ack_within_)) {
        acknowledge(*channel, now.steady);
    }
}

void Session::acknowledge(Channel& channel, pool::SteadyTime now)
{
    if (channel.acks.empty()) return;
    const AckBatch::Ack ack = channel.acks.take(now);
    send(SubmitSuccess{.channel = channel.id,
                       .last_sequence = ack.last_sequence,
                       .accepted = ack.accepted,
                       .shares_sum = ack.shares_sum});
}

void Session::acknowledge_all(pool::SteadyTime now)
{
    for (Channel& channel : channels_) acknowledge(channel, now);
}

}  // namespace stratum::v2
