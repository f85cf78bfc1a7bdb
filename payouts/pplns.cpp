#include "payouts/pplns.h"

#include <algorithm>

#include "pool/base/result.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::check;
using pool::Sats;
using pool::U128;
using pool::Uint256;

constexpr unsigned bps_whole = 10'000;

bool by_account(const AccountAmount& a, const AccountAmount& b) { return a.account < b.account; }

U128 sum_of(std::span<const AccountAmount> amounts)
{
    U128 sum = 0;
    for (const AccountAmount& each : amounts) {
        check(sum + each.amount >= sum, "scores of a window fit 128 bits");
        sum += each.amount;
    }
    return sum;
}

struct Remainder {
    U128 value = 0;
    std::size_t index = 0;  // in order of account, so a lower index is a lower account
};

Sats part_of(Sats gross, unsigned bps)
{
    const U128 scaled = static_cast<U128>(gross.value) * bps;
    return {static_cast<std::int64_t>(scaled / bps_whole)};
}

}  // namespace

std::vector<AccountAmount> apportion(U128 total, std::span<const AccountAmount> weights)
{
    std::vector<AccountAmount> parts(weights.begin(), weights.end());
    std::sort(parts.begin(), parts.end(), by_account);
    const auto twice = std::adjacent_find(
        parts.begin(), parts.end(),
        [](const AccountAmount& a, const AccountAmount& b) { return a.account == b.account; });
    check(twice == parts.end(), "an account has one weight");

    const U128 sum = sum_of(parts);
    std::vector<Remainder> remainders;
    remainders.reserve(parts.size());
    U128 left = sum == 0 ? 0 : total;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (sum == 0) {
            parts[i].amount = 0;
            continue;
        }
        // The product of two 128-bit numbers; the quotient is at most `total` again.
        const auto [quotient, remainder] =
            Uint256::divide(Uint256::product(total, parts[i].amount), Uint256::from_u128(sum));
        parts[i].amount = quotient.low128();
        left -= parts[i].amount;
        remainders.push_back({remainder.low128(), i});
    }
    check(left <= remainders.size(), "floors lose less than one unit each");
    std::sort(remainders.begin(), remainders.end(), [](const Remainder& a, const Remainder& b) {
        return a.value != b.value ? a.value > b.value : a.index < b.index;
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) {
        ++parts[remainders[i].index].amount;
    }
    return parts;
}

bool WindowSearch::add(const SlotTotal& slot)
{
    check(!last_ || slot.slot < *last_, "a window is walked from its newest slot back");
    last_ = slot.slot;
    const U128 room = size_ - bounds_.total;
    if (room == 0) return false;
    if (slot.score == 0) return true;

    bounds_.first = slot.slot;
    if (slot.score > room) {
        bounds_.cut = Cut{slot.slot, room, slot.score};
        bounds_.total = size_;
        return false;
    }
    bounds_.first_full = slot.slot;
    bounds_.total += slot.score;
    return bounds_.total < size_;
}

std::vector<AccountAmount> window_weights(const WindowBounds& bounds,
                                          std::span<const AccountAmount> full,
                                          std::span<const AccountAmount> cut_slot)
{
    std::vector<AccountAmount> all(full.begin(), full.end());
    if (bounds.cut) {
        check(sum_of(cut_slot) == bounds.cut->of, "a sealed slot keeps its scores");
        const auto kept = apportion(bounds.cut->kept, cut_slot);
        all.insert(all.end(), kept.begin(), kept.end());
    }
    std::sort(all.begin(), all.end(), by_account);
    std::vector<AccountAmount> weights;
    for (const AccountAmount& each : all) {
        if (each.amount == 0) continue;
        if (!weights.empty() && weights.back().account == each.account) {
            weights.back().amount += each.amount;
        } else {
            weights.push_back(each);
        }
    }
    check(sum_of(weights) == bounds.total, "a window's weights are the scores of its slots");
    return weights;
}

std::vector<Credit> settle(Sats reward, std::span<const AccountAmount> weights, const Terms& usual,
                           const std::map<AccountId, Terms>& special)
{
    check(reward.value >= 0, "a coinbase pays nothing or more");
    std::vector<Credit> credits;
    if (sum_of(weights) == 0) return credits;

    std::vector<AccountAmount> sorted(weights.begin(), weights.end());
    std::sort(sorted.begin(), sorted.end(), by_account);
    const auto parts = apportion(static_cast<U128>(reward.value), sorted);
    credits.reserve(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Credit credit;
        credit.account = parts[i].account;
        credit.weight = sorted[i].amount;
        credit.gross = {static_cast<std::int64_t>(parts[i].amount)};
        if (credit.account != reserve_account) {
            const auto own = special.find(credit.account);
            const Terms& terms = own == special.end() ? usual : own->second;
            check(terms.fee_bps <= bps_whole && terms.donation_bps <= bps_whole - terms.fee_bps,
                  "fee and donation leave something or nothing, never less");
            credit.terms = terms;
            credit.fee = part_of(credit.gross, terms.fee_bps);
            credit.donation = part_of(credit.gross, terms.donation_bps);
        }
        credit.net = credit.gross - credit.fee - credit.donation;
        credits.push_back(credit);
    }
    return credits;
}

}  // namespace payouts
