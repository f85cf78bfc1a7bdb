#include "payouts/mysql_payout_events.h"

#include <string>

#include "pool/base/json.h"

namespace payouts {
namespace {

LedgerEvent event_of(const PayoutBatch& batch, std::string_view kind, std::string_view who,
                     pool::UnixMillis at)
{
    LedgerEvent event;
    event.kind = kind;
    event.key = "batch:" + std::to_string(batch.id) + ":" + event.kind;
    event.ref = std::to_string(batch.id);
    event.actor = who;
    event.at = at;
    return event;
}

}  // namespace

LedgerEvent reserve_event(const PayoutBatch& batch)
{
    LedgerEvent event = event_of(batch, "reserve", batch.created_by, batch.created_at);
    pool::JsonWriter json{event.payload};
    json.begin_object().key("batch").unsigned_integer(batch.id);
    json.key("digest").string(pool::to_hex(batch.digest)).end_object();
    event.transfers = reserving(batch.items);
    return event;
}

LedgerEvent closing_event(const PayoutBatch& batch, const PayoutTx& tx, pool::UnixMillis at)
{
    const bool paid = tx.purpose != TxPurpose::cancel;
    LedgerEvent event = event_of(batch, paid ? "settle" : "cancel", "zubrd", at);
    pool::JsonWriter json{event.payload};
    json.begin_object().key("batch").unsigned_integer(batch.id);
    json.key("txid").string(pool::to_display_hex(tx.txid));
    json.key("fee_sat").integer(tx.fee.value).end_object();
    event.transfers = paid ? settling(batch.items, tx.fee) : returning(batch.items, tx.fee);
    return event;
}

LedgerEvent give_up_event(const PayoutBatch& batch, std::string_view who, pool::UnixMillis at)
{
    LedgerEvent event = event_of(batch, "cancel", who, at);
    pool::JsonWriter json{event.payload};
    json.begin_object().key("batch").unsigned_integer(batch.id).key("fee_sat").integer(0);
    json.end_object();
    event.transfers = returning(batch.items, {});
    return event;
}

LedgerEvent writeoff_event(const PayoutBatch& batch, const PayoutWriteoff& writeoff,
                           pool::UnixMillis at)
{
    LedgerEvent event = event_of(batch, "cancel", writeoff.approved_by, at);
    pool::JsonWriter json{event.payload};
    json.begin_object().key("batch").unsigned_integer(batch.id);
    json.key("spent_by").string(pool::to_display_hex(writeoff.spent_by));
    json.key("asked_by").string(writeoff.asked_by).end_object();
    event.transfers = returning(batch.items, {});
    return event;
}

}  // namespace payouts
