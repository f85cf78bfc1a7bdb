#include "payouts/payout_funds.h"

#include <algorithm>

#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"
#include "pool/bitcoin/psbt.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;
using pool::Sats;
using Place = pool::TxStanding::Place;

/// The transaction that has left the wallet, as far as anybody can tell.
const PayoutTx* tx_in_flight(const PayoutBatch& batch)
{
    const PayoutTx* newest = nullptr;
    for (const PayoutTx& tx : batch.txs) {
        if (tx.standing.place == Place::in_chain) return &tx;
        if (tx.standing.place == Place::waiting) newest = &tx;
    }
    return newest;
}

/// What a transaction spends, and does not pay to others or the network.
Result<Sats> own_outputs(const PayoutTx& tx, Sats paid)
{
    const auto psbt = pool::parse_psbt(tx.psbt);
    if (!psbt) return fail(psbt.error());
    Sats spent;
    for (const std::optional<pool::TxOutput>& output : psbt->spent) {
        if (output) spent += output->value;
    }
    return spent - paid - tx.fee;
}

std::string what_it_has_not_seen(const FundsCheck& check)
{
    std::string what = "the wallet has not seen ";
    if (!check.unseen.empty()) {
        what += "block " + check.unseen + ", which the books count";
    } else if (check.unseen_payout > 0) {
        what += "the end of payout " + std::to_string(check.unseen_payout);
    } else {
        what += std::to_string(check.recent.value) +
                " sat that were booked (bookcoins in) later than the blocks that it knows";
    }
    return what + ": is its node behind?";
}

}  // namespace

Result<void> PayoutFunds::add_payouts(FundsCheck& check)
{
    const auto ids = open_batches(db_);
    if (!ids) return fail(ids.error());
    for (const std::uint64_t id : *ids) {
        if (auto connected = db_.connect(); !connected) return connected;
        auto batch = read_batch(db_, id);
        if (!batch) return fail(batch.error());
        if (batch->state == BatchState::confirmed || batch->state == BatchState::cancelled) {
            continue;
        }
        if (auto seen = worker_.see(*batch); !seen) return seen;
        const PayoutTx* tx = tx_in_flight(*batch);
        if (tx == nullptr) continue;
        Sats paid;
        if (tx->purpose != TxPurpose::cancel) {
            for (const PayoutItem& item : batch->items) paid += item.pays();
        }
        check.in_flight += paid + tx->fee;
        if (tx->standing.place != Place::waiting) continue;
        const auto own = own_outputs(*tx, paid);
        if (!own) return fail(own.error());
        check.change += *own;
    }
    return {};
}

// Its node is syncing, stands on another tip than those that the books believe, or the wallet is
// another one.
Result<std::string> PayoutFunds::unseen_block()
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto coinbases = coinbases_in_chain(db_);
    if (!coinbases) return fail(coinbases.error());
    for (const ChainCoinbase& each : *coinbases) {
        const auto standing = wallet_.standing(each.txid);
        if (!standing) return fail(standing.error());
        if (standing->place != Place::in_chain) return pool::to_display_hex(each.block);
    }
    return "";
}

Result<std::uint64_t> PayoutFunds::unseen_payout()
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto ids = ended_batches(db_);
    if (!ids) return fail(ids.error());
    for (const std::uint64_t id : *ids) {
        if (auto connected = db_.connect(); !connected) return fail(connected.error());
        auto batch = read_batch(db_, id);
        if (!batch) return fail(batch.error());
        if (auto seen = worker_.see(*batch); !seen) return fail(seen.error());
        const auto in_chain = [](const auto& each) {
            return each.standing.place == Place::in_chain;
        };
        const bool known = std::any_of(batch->txs.begin(), batch->txs.end(), in_chain) ||
                           std::any_of(batch->writeoffs.begin(), batch->writeoffs.end(), in_chain);
        if (!known) return id;
    }
    return 0;
}

Result<void> PayoutFunds::add_unseen(FundsCheck& check)
{
    auto block = unseen_block();
    if (!block) return fail(block.error());
    check.unseen = std::move(*block);
    const auto payout = unseen_payout();
    if (!payout) return fail(payout.error());
    check.unseen_payout = *payout;
    return {};
}

Result<FundsCheck> PayoutFunds::compare()
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    FundsCheck check;
    if (auto added = add_payouts(check); !added) return fail(added.error());
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto books = booked_funds(db_);
    if (!books) return fail(books.error());
    check.books = *books;
    const auto wallet = wallet_.totals();
    if (!wallet) return fail(wallet.error());
    check.wallet = *wallet;
    check.difference = books->wallet + books->immature + books->uncredited - books->orphaned -
                       check.in_flight - wallet->spendable - wallet->immature;
    const Sats most = options_.hot_wallet_max;
    check.above_max = most > Sats{} && wallet->spendable > most;
    if (check.missing() <= Sats{}) return check;
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto recent = coins_booked_in_since(db_, wallet->through);
    if (!recent) return fail(recent.error());
    check.recent = *recent;
    if (auto added = add_unseen(check); !added) return fail(added.error());
    return check;
}

Result<void> PayoutFunds::look(pool::Now now)
{
    const bool due = watch_.due(now.steady);
    if (due || balances_.more()) {
        if (auto looked = look_at_balances(now); !looked) return looked;
    }
    if (due) {
        if (auto looked = look_at_wallet(now); !looked) return looked;
    }
    worker_.pause(wrong_balance_.empty() ? doubt_ : wrong_balance_);
    return {};
}

Result<void> PayoutFunds::look_at_balances(pool::Now now)
{
    auto wrong = balances_.look(db_, now.steady);
    if (!wrong) return fail(wrong.error());
    if (balances_.more()) return {};
    wrong_balance_ = std::move(*wrong);
    if (!wrong_balance_.empty() && !held_for_balance_) {
        pool::log::error("balance_differs_from_transfers", {{"reason", wrong_balance_}});
    }
    return keep_held(wrong_balance_, held_for_balance_, now);
}

// The wallet away is told by whoever needs it: without it nothing leaves anyway.
Result<void> PayoutFunds::look_at_wallet(pool::Now now)
{
    const auto check = compare();
    if (!check) {
        watch_.missed(now.steady);
        if (!compared_) doubt_ = std::string{not_compared} + ": " + check.error().detail;
        return {};
    }
    compared_ = true;
    const FundsSeen before = watch_.told();
    const bool behind = check->behind();
    if (watch_.saw({check->difference, check->lacking(), behind, check->above_max}, now.steady)) {
        tell(before, *check);
    }
    doubt_.clear();
    const std::string lacks =
        "the wallet lacks " + std::to_string(check->lacking().value) + " sat of what the books say";
    if (behind) {
        doubt_ = what_it_has_not_seen(*check);
    } else if (watch_.doubtful()) {
        doubt_ = lacks;
    }
    const bool sure = told().lacking > Sats{};
    return keep_held(sure ? lacks : "", held_for_wallet_, now);
}

void PayoutFunds::tell(const FundsSeen& before, const FundsCheck& check) const
{
    if (told().difference != before.difference && told().difference == Sats{}) {
        pool::log::info("books_match_wallet", {});
    } else if (told().difference != before.difference) {
        pool::log::error("books_differ_from_wallet", {{"difference_sat", told().difference.value},
                                                      {"lacking_sat", told().lacking.value}});
    }
    if (told().behind && !before.behind) {
        pool::log::warn("wallet_behind_books", {{"reason", what_it_has_not_seen(check)}});
    }
    if (told().above_max && !before.above_max) {
        pool::log::warn("hot_wallet_above_max", {{"spendable_sat", check.wallet.spendable.value},
                                                 {"max_sat", options_.hot_wallet_max.value}});
    }
}

// Told once, so that people's words of release are not taken back at each look; and again should
// they have been released all the same.
Result<void> PayoutFunds::keep_held(const std::string& why, bool& told, pool::Now now)
{
    if (why.empty()) {
        told = false;
        return {};
    }
    if (auto connected = db_.connect(); !connected) return connected;
    const auto row = read_control(db_, "payouts");
    if (!row) return fail(row.error());
    if (told && row->has_value()) return {};
    if (auto held = worker_.hold_now(why, now); !held) return held;
    told = true;
    return {};
}

}  // namespace payouts
