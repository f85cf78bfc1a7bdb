#include "payouts/payout_writeoff.h"

#include <algorithm>

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

}  // namespace

Result<void> PayoutWriteoffs::check_spend(const PayoutBatch& batch, const pool::TxId& spent_by)
{
    const std::string name = pool::to_display_hex(spent_by);
    const auto raw = wallet_.transaction(spent_by);
    if (!raw) return fail(raw.error());
    const auto tx = pool::parse_transaction(*raw);
    if (!tx) return fail(tx.error());
    const bool spends =
        std::any_of(tx->inputs.begin(), tx->inputs.end(), [&](const pool::TxInput& input) {
            return batch.anchor == pool::OutPoint{input.previous, input.previous_index};
        });
    if (!spends) {
        return fail(Error::Code::invalid, "transaction " + name +
                                              " does not spend the anchor of "
                                              "payout " +
                                              std::to_string(batch.id) + ": getpayout shows it");
    }
    for (const PayoutTx& own : batch.txs) {
        const auto psbt = pool::parse_psbt(own.psbt);
        // With inputs that are not segwit the signed one has another id than the one stored.
        const bool same = own.txid == spent_by || (psbt && same_but_signatures(psbt->tx, *tx));
        if (!same) continue;
        return fail(Error::Code::refused, "transaction " + name +
                                              " is the payout's own: it is "
                                              "settled or returned by itself");
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
    return worker_.agreed(spent_by);
}

Result<void> PayoutWriteoffs::end(const PayoutBatch& batch, const PayoutWriteoff& writeoff,
                                  pool::Now now)
{
    if (auto put = approve_writeoff(db_, batch.id, writeoff, now.wall); !put) return put;
    if (auto moved = move_batch(db_, batch.id, batch.state, BatchState::cancelled); !moved) {
        return moved;
    }
    if (auto posted = post(db_, writeoff_event(batch, writeoff, now.wall)); !posted) return posted;
    return hold_payouts(
        db_, "payout " + std::to_string(batch.id) + " was written off: book its spend", now.wall);
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
    if (auto good = check_spend(*seen, spent_by); !good) return good;
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
        return end(*batch, {spent_by, asked->asked_by, who, {}}, now);
    });
    if (!done) return done;
    pool::log::warn(ended ? "payout_written_off" : "payout_writeoff_asked",
                    {{"payout", id}, {"user", who}, {"spent_by", pool::to_display_hex(spent_by)}});
    return {};
}

}  // namespace payouts
