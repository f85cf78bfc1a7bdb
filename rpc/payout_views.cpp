#include "rpc/payout_views.h"

#include "pool/base/bytes.h"
#include "pool/base/json.h"

namespace rpc {
namespace {

using payouts::BatchState;
using payouts::PayoutBatch;
using pool::JsonWriter;

constexpr std::uint64_t second_ms = 1000;

void amount(JsonWriter& json, std::string_view name, pool::Sats sats)
{
    json.key(name).integer(sats.value);
}

void head(JsonWriter& json, const PayoutBatch& batch)
{
    json.key("payout").unsigned_integer(batch.id);
    json.key("state").string(batch.id == 0 ? "dry run" : to_string(batch.state));
    amount(json, "total_sat", batch.total);
    json.key("digest").string(pool::to_hex(batch.digest));
    json.key("created_by").string(batch.created_by);
    json.key("created_at").unsigned_integer(batch.created_at.value / second_ms);
    json.key("request_id").string(batch.request_id);
    json.key("fee_payer")
        .string(batch.fee_payer == payouts::FeePayer::pool ? "pool" : "recipients");
    amount(json, "fee_max_sat", batch.fee_max);
    json.key("signs").string(batch.offline ? "offline" : "wallet");
    json.key("trouble").string(batch.trouble);
}

void items(JsonWriter& json, const PayoutBatch& batch, bool changed)
{
    for (const payouts::PayoutItem& item : batch.items) {
        if (item.recently_changed != changed) continue;
        json.begin_object().key("account").string(item.name);
        json.key("address").string(item.address);
        json.key("script").string(pool::to_hex(item.script));
        amount(json, "amount_sat", item.amount);
        amount(json, "fee_share_sat", item.fee_share);
        json.key("recently_changed").boolean(item.recently_changed).end_object();
    }
}

std::string_view place_of(const pool::TxStanding& standing)
{
    switch (standing.place) {
        case pool::TxStanding::Place::unknown:
            return "unknown";
        case pool::TxStanding::Place::waiting:
            return "waiting";
        case pool::TxStanding::Place::in_chain:
            return "in chain";
        case pool::TxStanding::Place::conflicted:
            return "conflicted";
    }
    return "unknown";
}

void transactions(JsonWriter& json, const PayoutBatch& batch)
{
    json.key("transactions").begin_array();
    for (const payouts::PayoutTx& tx : batch.txs) {
        json.begin_object().key("attempt").unsigned_integer(tx.attempt);
        json.key("purpose").string(to_string(tx.purpose));
        json.key("txid").string(pool::to_display_hex(tx.txid));
        amount(json, "fee_sat", tx.fee);
        json.key("signed").boolean(!tx.raw.empty());
        json.key("place").string(place_of(tx.standing));
        json.key("depth").unsigned_integer(tx.standing.depth).end_object();
    }
    json.end_array();
}

void writeoffs(JsonWriter& json, const PayoutBatch& batch)
{
    json.key("writeoffs").begin_array();
    for (const payouts::PayoutWriteoff& each : batch.writeoffs) {
        json.begin_object().key("spent_by").string(pool::to_display_hex(each.spent_by));
        json.key("asked_by").string(each.asked_by).key("approved_by").string(each.approved_by);
        json.key("place").string(place_of(each.standing));
        json.key("depth").unsigned_integer(each.standing.depth).end_object();
    }
    json.end_array();
}

}  // namespace

std::string batch_json(const PayoutBatch& batch)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    head(json, batch);
    json.key("anchor");
    if (batch.anchor) {
        json.string(pool::to_display_hex(batch.anchor->txid) + ":" +
                    std::to_string(batch.anchor->index));
    } else {
        json.null();
    }
    // What approvers must look at first stands first.
    json.key("items").begin_array();
    items(json, batch, true);
    items(json, batch, false);
    json.end_array().key("approvals").begin_array();
    for (const payouts::PayoutApproval& approval : batch.approvals) {
        json.begin_object().key("admin").string(approval.admin);
        json.key("at").unsigned_integer(approval.at.value / second_ms).end_object();
    }
    json.end_array();
    json.key("approvals_needed").unsigned_integer(payouts::approvals_needed(batch));
    transactions(json, batch);
    writeoffs(json, batch);
    json.key("passed_over").begin_array();
    for (const payouts::PassedOver& each : batch.passed_over) {
        json.begin_object().key("account").string(each.name);
        amount(json, "available_sat", each.available);
        json.key("code").string(each.why.code).key("reason").string(each.why.reason);
        amount(json, "limit_sat", each.why.limit);
        json.key("about").string(each.why.about).end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string batches_json(const std::vector<PayoutBatch>& batches)
{
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const PayoutBatch& batch : batches) {
        json.begin_object();
        head(json, batch);
        json.end_object();
    }
    json.end_array();
    return out;
}

std::string hold_json(const payouts::HoldState& hold)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("stopped").boolean(hold.stopped).key("by").string(hold.by);
    json.key("reason").string(hold.reason);
    json.key("release_asked_by").string(hold.released_by).end_object();
    return out;
}

std::string overview_json(const payouts::HoldState& hold, const std::vector<PayoutBatch>& payouts,
                          const payouts::FundsCheck& funds)
{
    pool::Sats open;
    std::uint64_t count = 0;
    for (const PayoutBatch& each : payouts) {
        if (each.state == BatchState::confirmed || each.state == BatchState::cancelled) continue;
        open = open + each.total;
        ++count;
    }
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("hold").raw(hold_json(hold));
    json.key("open").unsigned_integer(count);
    amount(json, "open_sat", open);
    json.key("newest");
    if (payouts.empty()) {
        json.null();
    } else {
        json.begin_object();
        head(json, payouts.front());
        json.end_object();
    }
    json.key("funds").raw(funds_json(funds)).end_object();
    return out;
}

std::string funds_json(const payouts::FundsCheck& check)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    amount(json, "difference_sat", check.difference);
    amount(json, "lacking_sat", check.lacking());
    json.key("block_not_seen").string(check.unseen);
    amount(json, "books_wallet_sat", check.books.wallet);
    amount(json, "books_immature_sat", check.books.immature);
    amount(json, "blocks_not_booked_sat", check.books.uncredited);
    amount(json, "blocks_orphaned_sat", check.books.orphaned);
    amount(json, "in_flight_sat", check.in_flight);
    amount(json, "own_change_sat", check.change);
    amount(json, "wallet_sat", check.wallet.spendable);
    amount(json, "wallet_immature_sat", check.wallet.immature);
    json.key("wallet_above_max").boolean(check.above_max).end_object();
    return out;
}

namespace {

void coin_object(JsonWriter& json, const payouts::CoinEntry& entry)
{
    json.begin_object().key("number").unsigned_integer(entry.id);
    json.key("direction")
        .string(entry.wish.in ? "in" : "out")
        .key("whose")
        .string(entry.wish.whose);
    amount(json, "sat", entry.wish.amount);
    json.key("reason").string(entry.wish.reason).key("asked_by").string(entry.asked_by);
    json.key("asked_at").unsigned_integer(entry.asked_at.value / second_ms);
    json.key("booked_by").string(entry.booked_by);
    json.key("request_id").string(entry.wish.request_id).end_object();
}

}  // namespace

std::string coin_json(const payouts::CoinEntry& entry)
{
    std::string out;
    JsonWriter json{out};
    coin_object(json, entry);
    return out;
}

std::string coins_json(const std::vector<payouts::CoinEntry>& entries)
{
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const payouts::CoinEntry& entry : entries) coin_object(json, entry);
    json.end_array();
    return out;
}

}  // namespace rpc
