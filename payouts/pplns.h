#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "pool/base/types.h"
#include "pool/base/uint256.h"

/// PPLNS-SU/1 (docs/money.md): who is paid what for a block. Pure, exact, integers only.
///
/// A share scores its chance of being a block, in units of 10^-18. Scores are summed by slot of a
/// minute. A block found in slot b pays the newest N units of score in the slots before b; the
/// oldest of them is cut so that it is N to the unit.
namespace payouts {

/// An amount of score (or of anything that is shared out) of one account.
struct AccountAmount {
    pool::AccountId account;
    pool::U128 amount = 0;
    friend bool operator==(const AccountAmount&, const AccountAmount&) = default;
};

/// The account of the pool's own reserve: it has no row, pays no fee, and owns the seed slot.
inline constexpr pool::AccountId reserve_account{0};

/// Splits `total` in proportion to `weights`, to the unit.
///
/// Each gets floor(total * weight / sum); what the floors lose goes one each to the largest
/// remainders, ties to the lower account. The same on any machine, in any order of input.
///
/// weights: one entry an account (checked), any order; zeros stay in and get nothing. Their sum
/// is below 2^128 (checked).
/// Post: sorted by account; sums to exactly `total`, or all zero when the weights are.
std::vector<AccountAmount> apportion(pool::U128 total, std::span<const AccountAmount> weights);

/// The score of one sealed slot, all accounts together.
struct SlotTotal {
    std::uint64_t slot = 0;
    pool::U128 score = 0;
};

/// The slot at a window's old end, of which only a part is in it.
struct Cut {
    std::uint64_t slot = 0;
    pool::U128 kept = 0;  ///< score that is in the window
    pool::U128 of = 0;    ///< score of the whole slot
    friend bool operator==(const Cut&, const Cut&) = default;
};

/// Which slots a window holds.
struct WindowBounds {
    std::optional<std::uint64_t> first;       ///< oldest slot with a part in it; nothing: empty
    std::optional<std::uint64_t> first_full;  ///< oldest slot that is in it whole
    std::optional<Cut> cut;                   ///< at `first`, when that is not whole
    pool::U128 total = 0;                     ///< <= N; less when history is short
};

/// Finds a window's old end.
class WindowSearch {
public:
    /// size: N in units of 10^-18, > 0.
    explicit WindowSearch(pool::U128 size) : size_(size) {}

    /// Slots before the block's, newest first (checked). False: the window is full.
    bool add(const SlotTotal& slot);
    const WindowBounds& bounds() const { return bounds_; }

private:
    pool::U128 size_;
    std::optional<std::uint64_t> last_;
    WindowBounds bounds_;
};

/// The weights of a window's accounts.
///
/// full: summed scores of the slots from first_full on to the block's, one entry an account.
/// cut_slot: scores of the slot that is cut; empty when none is.
/// Post: sorted by account, none zero; sums to bounds.total if the inputs do (checked).
std::vector<AccountAmount> window_weights(const WindowBounds& bounds,
                                          std::span<const AccountAmount> full,
                                          std::span<const AccountAmount> cut_slot);

/// What is kept back from an account's share of a block, in hundredths of a percent.
struct Terms {
    unsigned fee_bps = 0;
    unsigned donation_bps = 0;  ///< fee and donation together at most 10000 (checked)
    friend bool operator==(const Terms&, const Terms&) = default;
};

/// One account's part of a block.
struct Credit {
    pool::AccountId account;
    pool::U128 weight = 0;
    pool::Sats gross;  ///< = fee + donation + net
    pool::Sats fee;
    pool::Sats donation;
    pool::Sats net;
    Terms terms{};  ///< by which fee and donation were taken; the reserve has none
    friend bool operator==(const Credit&, const Credit&) = default;
};

/// Splits a block's reward over a window.
///
/// reward: >= 0. weights: as window_weights gives them. The reserve keeps all of its part.
/// Returns nothing for an empty window: the whole reward is then the reserve's.
/// Post: sorted by account; gross sums to exactly `reward`.
std::vector<Credit> settle(pool::Sats reward, std::span<const AccountAmount> weights,
                           const Terms& usual, const std::map<pool::AccountId, Terms>& special);

}  // namespace payouts
