#include "payouts/mysql_verify_payouts.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "payouts/mysql_payout_events.h"
#include "payouts/mysql_payouts.h"
#include "payouts/payout_approval.h"
#include "pool/bitcoin/psbt.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;
using pool::Sats;

bool is_cancel(const PayoutTx& tx) { return tx.purpose == TxPurpose::cancel; }

bool same(const LedgerEvent& a, const LedgerEvent& b)
{
    return canonical_text(a) == canonical_text(b);
}

bool spends(const pool::Transaction& tx, const std::optional<pool::OutPoint>& coin)
{
    return std::any_of(tx.inputs.begin(), tx.inputs.end(), [&](const pool::TxInput& input) {
        return coin == pool::OutPoint{input.previous, input.previous_index};
    });
}

/// The transaction as it is stored, with its signatures if it has them. Nothing: it is not the one
/// that its id says.
std::optional<pool::Transaction> stored(const PayoutTx& tx, const pool::Psbt& psbt)
{
    pool::Transaction whole = psbt.tx;
    if (!tx.raw.empty()) {
        auto parsed = pool::parse_transaction(tx.raw);
        if (!parsed || !pool::same_but_signatures(psbt.tx, *parsed)) return std::nullopt;
        whole = std::move(*parsed);
    }
    if (txid_of(whole) != tx.txid) return std::nullopt;
    return whole;
}

/// It spends the anchor, and pays the items to the byte and satoshi (a cancel: none of them) with
/// at most one more output for what is left; the fee is what is left then.
bool pays_the_items(const PayoutBatch& batch, const PayoutTx& tx)
{
    const auto psbt = pool::parse_psbt(tx.psbt);
    if (!psbt) return false;
    const auto whole = stored(tx, *psbt);
    if (!whole || !spends(*whole, batch.anchor)) return false;
    const auto wanted = is_cancel(tx) ? std::vector<pool::TxOutput>{} : outputs_of(batch.items);
    const std::vector<pool::TxOutput>& outputs = whole->outputs;
    if (outputs.size() < wanted.size() || outputs.size() > wanted.size() + 1) return false;
    if (!std::equal(wanted.begin(), wanted.end(), outputs.begin())) return false;
    Sats left;
    for (const std::optional<pool::TxOutput>& spent : psbt->spent) {
        if (!spent) return false;
        left += spent->value;
    }
    for (const pool::TxOutput& output : outputs) left = left - output.value;
    return left == tx.fee;
}

bool closed_by(const PayoutBatch& batch, const PayoutTx& tx, const LedgerEvent& event)
{
    return same(closing_event(batch, tx, event.at), event) && pays_the_items(batch, tx);
}

bool returned_rightly(const PayoutBatch& batch, const LedgerEvent& event)
{
    // Before there is an anchor it costs nothing, and one person may say so.
    if (!batch.anchor) {
        return batch.txs.empty() && !event.actor.empty() &&
               same(give_up_event(batch, event.actor, event.at), event);
    }
    const bool written_off = std::any_of(
        batch.writeoffs.begin(), batch.writeoffs.end(), [&](const PayoutWriteoff& each) {
            return !each.approved_by.empty() && each.approved_by != each.asked_by &&
                   same(writeoff_event(batch, each, event.at), event);
        });
    return written_off || std::any_of(batch.txs.begin(), batch.txs.end(), [&](const PayoutTx& tx) {
               return is_cancel(tx) && closed_by(batch, tx, event);
           });
}

bool explained(const PayoutBatch& batch, const LedgerEvent& event)
{
    if (event.kind == "reserve") return same(reserve_event(batch), event);
    if (event.kind == "cancel") {
        return batch.state == BatchState::cancelled && returned_rightly(batch, event);
    }
    return batch.state == BatchState::confirmed &&
           std::any_of(batch.txs.begin(), batch.txs.end(), [&](const PayoutTx& tx) {
               return !is_cancel(tx) && closed_by(batch, tx, event);
           });
}

/// What is wrong with the items, or with the words of people behind them; "": nothing.
std::string unapproved(const PayoutBatch& batch)
{
    Sats total;
    for (const PayoutItem& item : batch.items) total += item.amount;
    if (total != batch.total ||
        items_digest(batch.id, batch.fee_payer, batch.fee_max, batch.items) != batch.digest) {
        return "payout " + std::to_string(batch.id) + " holds other items than its digest says";
    }
    const bool ended_early = batch.state == BatchState::cancelled && !batch.anchor;
    if (batch.state == BatchState::draft || ended_early) return "";
    const auto good = check_approval(batch);
    return good ? "" : good.error().detail;
}

}  // namespace

Result<std::string> payout_event_difference(MysqlConnection& db, const LedgerEvent& event)
{
    std::uint64_t id = 0;
    const char* end = event.ref.data() + event.ref.size();
    const auto read = std::from_chars(event.ref.data(), end, id);
    if (read.ptr != end || event.key != "batch:" + std::to_string(id) + ":" + event.kind) {
        return "event " + event.key + " is about another payout than it says";
    }
    const auto batch = read_batch(db, id);
    if (!batch && batch.error().code == pool::Error::Code::not_found) {
        return "event " + event.key + " is about a payout that does not exist";
    }
    if (!batch) return fail(batch.error());
    // Every payout has one of these.
    if (event.kind == "reserve") {
        if (std::string wrong = unapproved(*batch); !wrong.empty()) return wrong;
    }
    if (explained(*batch, event)) return std::string{};
    return "event " + event.key +
           " is not what follows from the items, transactions and words of its payout";
}

Result<std::string> payouts_without_events(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT b.id, k.kind FROM payout_batch b JOIN (SELECT 'reserve' kind UNION ALL SELECT "
        "'settle' UNION ALL SELECT 'cancel') k ON k.kind = 'reserve' OR (k.kind = 'settle' AND "
        "b.state = 'confirmed') OR (k.kind = 'cancel' AND b.state = 'cancelled') "
        "WHERE NOT EXISTS (SELECT 1 FROM ledger_event e WHERE e.idem_key = "
        "CONCAT('batch:', b.id, ':', k.kind)) ORDER BY b.id LIMIT 1");
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::string{};
    return "payout " + std::to_string(rows->front().u64(0)) + " has no event \"" +
           rows->front().text(1) + "\"";
}

}  // namespace payouts
