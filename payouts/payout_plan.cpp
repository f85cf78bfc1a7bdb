#include "payouts/payout_plan.h"

#include <array>

namespace payouts {
namespace {

using Place = pool::TxStanding::Place;

template <typename Enum>
struct Word {
    Enum value;
    std::string_view word;
};

constexpr std::array states{
    Word<BatchState>{BatchState::draft, "draft"},
    Word<BatchState>{BatchState::approved, "approved"},
    Word<BatchState>{BatchState::built, "built"},
    Word<BatchState>{BatchState::ready, "signed"},
    Word<BatchState>{BatchState::broadcast, "broadcast"},
    Word<BatchState>{BatchState::confirmed, "confirmed"},
    Word<BatchState>{BatchState::cancelling, "cancelling"},
    Word<BatchState>{BatchState::cancelled, "cancelled"},
};
constexpr std::array purposes{
    Word<TxPurpose>{TxPurpose::pay, "pay"},
    Word<TxPurpose>{TxPurpose::bump, "bump"},
    Word<TxPurpose>{TxPurpose::cancel, "cancel"},
};

template <typename Words, typename Enum>
std::string_view word_of(const Words& words, Enum value)
{
    for (const auto& each : words) {
        if (each.value == value) return each.word;
    }
    return "unknown";
}

template <typename Enum, typename Words>
std::optional<Enum> value_of(const Words& words, std::string_view word)
{
    for (const auto& each : words) {
        if (each.word == word) return each.value;
    }
    return std::nullopt;
}

bool cancels(const AttemptView& attempt) { return attempt.purpose == TxPurpose::cancel; }

std::optional<std::size_t> in_chain(const BatchView& batch, std::uint32_t depth)
{
    for (std::size_t i = 0; i < batch.attempts.size(); ++i) {
        const auto& standing = batch.attempts[i].standing;
        if (standing.place == Place::in_chain && standing.depth >= depth) return i;
    }
    return std::nullopt;
}

/// The newest whole transaction: it has the highest fee.
BatchPlan send_newest(const BatchView& batch, bool cancelling)
{
    if (in_chain(batch, 1)) return {};
    for (std::size_t i = batch.attempts.size(); i-- > 0;) {
        if (!batch.attempts[i].whole || cancels(batch.attempts[i]) != cancelling) continue;
        return {.step = BatchStep::send, .attempt = i};
    }
    return {};
}

/// A transaction of this kind, unless one waits for its signatures already.
BatchPlan build(const BatchView& batch, TxPurpose purpose)
{
    const bool unsigned_one = !batch.attempts.empty() && !batch.attempts.back().whole &&
                              cancels(batch.attempts.back()) == (purpose == TxPurpose::cancel);
    if (unsigned_one) return {};
    return {.step = BatchStep::build, .purpose = purpose};
}

BatchPlan plan_cancelling(const BatchView& batch)
{
    for (const AttemptView& attempt : batch.attempts) {
        if (cancels(attempt) && attempt.whole && !batch.bump_wanted) {
            return send_newest(batch, true);
        }
    }
    if (in_chain(batch, 1)) return {};
    const BatchPlan next = build(batch, TxPurpose::cancel);
    return next.step == BatchStep::wait ? send_newest(batch, true) : next;
}

BatchPlan plan_broadcast(const BatchView& batch)
{
    if (batch.stopped || in_chain(batch, 1)) return {};
    if (batch.bump_wanted) {
        const BatchPlan next = build(batch, TxPurpose::bump);
        if (next.step != BatchStep::wait) return next;
    }
    return send_newest(batch, false);
}

/// The books have followed; the chain may yet think otherwise.
BatchPlan plan_ended(const BatchView& batch)
{
    const bool returned = batch.state == BatchState::cancelled;
    if (const auto there = in_chain(batch, 1)) {
        BatchPlan next;
        next.alarm = cancels(batch.attempts[*there]) != returned;
        if (!next.alarm && in_chain(batch, forgotten_depth)) next.step = BatchStep::close;
        return next;
    }
    if (batch.foreign && batch.foreign->place == Place::in_chain) {
        const bool forgotten = batch.foreign->depth >= forgotten_depth;
        return {.step = forgotten ? BatchStep::close : BatchStep::wait};
    }
    BatchPlan next = send_newest(batch, returned);
    next.alarm = next.step == BatchStep::send || batch.foreign;
    return next;
}

}  // namespace

std::string_view to_string(BatchState state) { return word_of(states, state); }
std::optional<BatchState> batch_state_from(std::string_view word)
{
    return value_of<BatchState>(states, word);
}
std::string_view to_string(TxPurpose purpose) { return word_of(purposes, purpose); }
std::optional<TxPurpose> tx_purpose_from(std::string_view word)
{
    return value_of<TxPurpose>(purposes, word);
}

BatchPlan plan(const BatchView& batch)
{
    if (batch.state == BatchState::confirmed || batch.state == BatchState::cancelled) {
        return plan_ended(batch);
    }
    if (batch.state == BatchState::draft) return {};
    // Whoever sent it, and whatever was wanted since: the chain has decided.
    if (const auto deep = in_chain(batch, final_depth)) {
        const bool returned = cancels(batch.attempts[*deep]);
        return {.step = returned ? BatchStep::give_back : BatchStep::settle, .attempt = *deep};
    }
    switch (batch.state) {
        case BatchState::approved:
            if (batch.stopped) return {};
            return {.step = BatchStep::choose_anchor};
        case BatchState::built:
            if (batch.stopped) return {};
            return build(batch, TxPurpose::pay);
        case BatchState::ready:  // bumped too: nodes may refuse the first as too cheap
        case BatchState::broadcast:
            return plan_broadcast(batch);
        case BatchState::cancelling:
            return plan_cancelling(batch);
        case BatchState::draft:
        case BatchState::confirmed:
        case BatchState::cancelled:
            break;
    }
    return {};
}

}  // namespace payouts
