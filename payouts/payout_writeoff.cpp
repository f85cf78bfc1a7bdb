#include "payouts/payout_writeoff.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_hold.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_payout_events.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"
#include "pool/bitcoin/psbt.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

bool may_be_written_off(const PayoutBatch& batch)
{
    const bool ended = batch.state == BatchState::confirmed || batch.state == BatchState::cancelled;
    return batch.anchor.has_value() && !ended;
}

bool spends_anchor(const PayoutBatch& batch, const pool::Transaction& tx)
{
    return std::any_of(tx.inputs.begin(), tx.inputs.end(), [&](const pool::TxInput& input) {
        return batch.anchor == pool::OutPoint{input.previous, input.previous_index};
    });
}

/// The payout's own transaction that `tx` is, whatever signs it. With inputs that are not segwit
/// the one that was mined has another id than the one stored.
const PayoutTx* own_of(const PayoutBatch& batch, const pool::TxId& id, const pool::Transaction& tx)
{
    const auto found = std::find_if(batch.txs.begin(), batch.txs.end(), [&](const PayoutTx& own) {
        const auto psbt = pool::parse_psbt(own.psbt);
        return own.txid == id || (psbt && same_but_signatures(psbt->tx, tx));
    });
    return found == batch.txs.end() ? nullptr : &*found;
}

}  // namespace

Result<PayoutWriteoffs::Spend> PayoutWriteoffs::check_spend(const PayoutBatch& batch,
                                                            const pool::TxId& spent_by)
{
    const std::string name = pool::to_display_hex(spent_by);
    auto raw = wallet_.transaction(spent_by);
    if (!raw) return fail(raw.error());
    const auto tx = pool::parse_transaction(*raw);
    if (!tx) return fail(tx.error());
    if (!spends_anchor(batch, *tx)) {
        return fail(Error::Code::invalid, "transaction " + name +
                                              " does not spend the anchor of "
                                              "payout " +
                                              std::to_string(batch.id) + ": getpayout shows it");
    }
    const PayoutTx* const own = own_of(batch, spent_by, *tx);
    if (own != nullptr) {
        // Of a wallet that knows the stored one this one is found by itself.
        const auto known = wallet_.standing(own->txid);
        if (!known) return fail(known.error());
        if (own->txid == spent_by || known->place == pool::TxStanding::Place::in_chain) {
            return fail(Error::Code::refused, "transaction " + name +
                                                  " is the payout's own: it is "
                                                  "settled or returned by itself");
        }
    }
    const auto standing = wallet_.standing(spent_by);
    if (!standing) return fail(standing.error());
    const bool in_chain = standing->place == pool::TxStanding::Place::in_chain;
    const std::uint32_t depth = in_chain ? standing->depth : 0;
    if (depth < final_depth) {
        return fail(Error::Code::unavailable, "transaction " + name + " is " +
                                                  std::to_string(depth) + " of " +
                                                  std::to_string(final_depth) + " blocks deep");
    }
    if (auto enough = worker_.agreed(spent_by); !enough) return fail(enough.error());
    Spend spend;
    if (own == nullptr) return spend;
    spend.twin = *own;
    spend.twin->txid = spent_by;
    spend.twin->raw = std::move(*raw);
    return spend;
}

Result<void> PayoutWriteoffs::end(const PayoutBatch& batch, const PayoutWriteoff& writeoff,
                                  pool::Now now)
{
    if (auto moved = move_batch(db_, batch.id, batch.state, BatchState::cancelled); !moved) {
        return moved;
    }
    if (auto posted = post(db_, writeoff_event(batch, writeoff, now.wall)); !posted) return posted;
    return hold_payouts(
        db_, "payout " + std::to_string(batch.id) + " was written off: book its spend", now.wall);
}

// The worker finds it in the chain, and settles or returns the payout as it does with any attempt.
Result<void> PayoutWriteoffs::take_twin(const PayoutBatch& batch, PayoutTx twin, pool::Now now)
{
    twin.attempt = batch.txs.back().attempt + 1;
    return insert_tx(db_, batch.id, twin, now.wall);
}

Result<void> PayoutWriteoffs::say(std::uint64_t id, const pool::TxId& spent_by,
                                  const std::string& who, pool::Now now)
{
    const auto seen = read_batch(db_, id);
    if (!seen) return fail(seen.error());
    if (!may_be_written_off(*seen)) {
        return fail(
            Error::Code::conflict,
            "payout " + std::to_string(id) + " has no anchor, or has ended: nothing to write off");
    }
    const auto spend = check_spend(*seen, spent_by);
    if (!spend) return fail(spend.error());
    bool ended = false;
    auto done = worker_.fenced("writeoff", [&]() -> Result<void> {
        const auto batch = read_batch(db_, id);
        if (!batch) return fail(batch.error());
        if (batch->state != seen->state) {
            return fail(Error::Code::conflict, "payout " + std::to_string(id) + " has moved on");
        }
        const auto asked =
            std::find_if(batch->writeoffs.begin(), batch->writeoffs.end(),
                         [&](const PayoutWriteoff& each) { return each.spent_by == spent_by; });
        if (asked == batch->writeoffs.end()) {
            return insert_writeoff(db_, id, {spent_by, who, "", {}}, now.wall);
        }
        if (asked->asked_by == who) {
            return fail(Error::Code::conflict,
                        "you have asked for it already: somebody else has to say the same");
        }
        ended = true;
        const PayoutWriteoff word{spent_by, asked->asked_by, who, {}};
        if (auto put = approve_writeoff(db_, id, word, now.wall); !put) return put;
        return spend->twin ? take_twin(*batch, *spend->twin, now) : end(*batch, word, now);
    });
    if (!done) return done;
    const char* const ending = spend->twin ? "payout_twin_taken" : "payout_written_off";
    pool::log::warn(ended ? ending : "payout_writeoff_asked",
                    {{"payout", id}, {"user", who}, {"spent_by", pool::to_display_hex(spent_by)}});
    return {};
}

}  // namespace payouts
