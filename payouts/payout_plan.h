#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pool/node/wallet.h"

/// A payout batch's life (docs/money.md, "Paying out"): what to do next. Pure.
///
/// Every transaction of a batch spends the batch's anchor, an output that was written down before
/// the first of them was made. So the chain itself takes one of them at most, whatever else
/// happens. Money returns to its owners only when a cancelling spend of the anchor is final.
namespace payouts {

enum class BatchState : std::uint8_t {
    draft,       ///< reserved; waits for approval
    approved,    ///< may be paid
    built,       ///< has an anchor; may have a transaction that waits for its signatures
    ready,       ///< "signed": a whole transaction is stored, nobody has seen it yet
    broadcast,   ///< nodes have it
    confirmed,   ///< paid for good, settled in the books
    cancelling,  ///< on its way back; paid after all if a payment is mined first
    cancelled,   ///< returned
};
std::string_view to_string(BatchState state);
std::optional<BatchState> batch_state_from(std::string_view word);

enum class TxPurpose : std::uint8_t { pay, bump, cancel };
std::string_view to_string(TxPurpose purpose);
std::optional<TxPurpose> tx_purpose_from(std::string_view word);

/// One of a batch's transactions.
struct AttemptView {
    TxPurpose purpose = TxPurpose::pay;
    bool whole = false;  ///< signed and stored
    pool::TxStanding standing;
};

struct BatchView {
    BatchState state = BatchState::draft;
    bool anchored = false;
    std::vector<AttemptView> attempts;  ///< oldest first
    bool stopped = false;               ///< the hold switch
    bool bump_wanted = false;
    /// Of what has spent the anchor instead, for a payout that was written off.
    std::optional<pool::TxStanding> foreign;
};

enum class BatchStep : std::uint8_t {
    wait,
    choose_anchor,
    build,      ///< a payment, of `purpose`
    send,       ///< attempt `attempt`, to all nodes, again and again
    settle,     ///< attempt `attempt` is final: paid
    give_back,  ///< attempt `attempt` is final: cancelled
    close,      ///< settled or returned, and too deep to be looked at any longer
};

struct BatchPlan {
    BatchStep step = BatchStep::wait;
    TxPurpose purpose = TxPurpose::pay;
    std::size_t attempt = 0;
    bool alarm = false;  ///< what was settled or returned has left the chain, or the other is in it
    friend bool operator==(const BatchPlan&, const BatchPlan&) = default;
};

inline constexpr std::uint32_t final_depth = 6;
inline constexpr std::uint32_t forgotten_depth = 100;

/// Post: settle and give_back only for an attempt that is final_depth deep.
BatchPlan plan(const BatchView& batch);

}  // namespace payouts
