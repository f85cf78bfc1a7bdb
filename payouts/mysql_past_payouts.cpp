// The payouts of History.
#include <optional>
#include <utility>

#include "payouts/mysql_history_impl.h"
#include "pool/base/json.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;
using pool::Sats;
using pool::TxId;
using pool::UnixMillis;

// Of a payout's transactions the newest that is signed; once it is settled, the event has the one
// that the chain took, whichever that was.
constexpr std::string_view columns =
    "b.id, b.state, b.created_at_ms, b.total_sat, t.txid, t.fee_sat, t.made_at_ms, e.payload, "
    "e.at_ms, b.confirmations";
constexpr std::string_view standing =
    "LEFT JOIN payout_tx t ON t.batch_id = b.id AND t.attempt = (SELECT MAX(x.attempt) FROM "
    "payout_tx x WHERE x.batch_id = b.id AND x.raw IS NOT NULL AND x.purpose <> 'cancel') "
    "LEFT JOIN ledger_event e ON e.idem_key = CONVERT(CONCAT('batch:', b.id, ':settle') USING "
    "ascii) COLLATE ascii_bin ";
constexpr std::string_view shown = "b.state NOT IN ('draft', 'cancelling', 'cancelled') ";
// The payment of one on its way back may be mined yet.
constexpr std::string_view followed = "b.state NOT IN ('draft', 'cancelled') ";

/// What the event says that the chain took.
void read_settled(const std::string& payload, PayoutRow& payout)
{
    pool::JsonDocument document;
    const auto value = document.parse(payload, {});
    if (!value) return;
    const auto text = value->find("txid").string();
    const auto digest = text ? pool::digest_from_display_hex(*text) : std::nullopt;
    if (digest) payout.txid = TxId{*digest};
    if (const auto fee = value->find("fee_sat").int64()) payout.fee = Sats{*fee};
}

PayoutRow payout_of(const SqlRow& row)
{
    PayoutRow payout;
    payout.id = row.u64(0);
    payout.state = row.text(1);
    payout.at = UnixMillis{row.null(6) ? row.u64(2) : row.u64(6)};
    payout.total = Sats{row.sats(3)};
    payout.confirmations = static_cast<std::uint32_t>(row.u64(9));
    const bool sent = payout.state == "broadcast" || payout.state == "confirmed";
    if (sent && !row.null(4)) {
        payout.txid = TxId{row.digest(4)};
        payout.fee = Sats{row.sats(5)};
    }
    if (row.null(7)) return payout;
    payout.at = UnixMillis{row.u64(8)};
    read_settled(row.text(7), payout);
    return payout;
}

std::string payouts_where(std::string_view states)
{
    return "SELECT " + std::string{columns} +
           ", (SELECT COUNT(*) FROM payout_item i WHERE i.batch_id = b.id) FROM payout_batch b " +
           std::string{standing} + "WHERE " + std::string{states} +
           "AND b.id < ? ORDER BY b.id DESC LIMIT ?";
}

Result<std::vector<PayoutRow>> payout_rows(const Result<SqlRows>& rows)
{
    if (!rows) return fail(rows.error());
    std::vector<PayoutRow> out;
    for (const SqlRow& row : *rows) {
        out.push_back(payout_of(row));
        out.back().recipients = row.u64(10);
    }
    return out;
}

}  // namespace

Result<std::vector<PayoutRow>> History::payouts(std::uint32_t limit,
                                                std::optional<std::uint64_t> before)
{
    return payout_rows(
        impl_->query(payouts_where(shown), {before.value_or(INT64_MAX), Impl::bounded(limit)}));
}

Result<std::vector<PayoutRow>> History::payouts_to_follow(std::uint32_t limit)
{
    return payout_rows(
        impl_->query(payouts_where(followed), {std::uint64_t{INT64_MAX}, Impl::bounded(limit)}));
}

Result<std::vector<PaidRow>> History::payouts_of(std::string_view account, std::uint32_t limit,
                                                 const std::optional<PaidPlace>& behind)
{
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    const std::uint64_t batch = behind ? behind->payout : INT64_MAX;
    const auto rows = impl_->query(
        "SELECT " + std::string{columns} +
            ", i.address, i.amount_sat, i.fee_share_sat, i.line FROM payout_item i JOIN "
            "payout_batch b ON "
            "b.id = i.batch_id " +
            std::string{standing} + "WHERE i.account_id = ? AND " + std::string{shown} +
            "AND (b.id < ? OR (b.id = ? AND i.line > ?)) ORDER BY b.id DESC, i.line LIMIT ?",
        {*id, batch, batch, behind ? behind->line : 0, Impl::bounded(limit)});
    if (!rows) return fail(rows.error());
    std::vector<PaidRow> out;
    for (const SqlRow& row : *rows) {
        out.push_back(
            {payout_of(row), row.u64(13), row.text(10), Sats{row.sats(11)}, Sats{row.sats(12)}});
    }
    return out;
}

}  // namespace payouts
