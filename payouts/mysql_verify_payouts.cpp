#include "payouts/mysql_verify_payouts.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "payouts/mysql_payouts.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

std::string key_of(std::uint64_t batch, std::string_view kind)
{
    return "batch:" + std::to_string(batch) + ":" + std::string{kind};
}

bool is_cancel(const PayoutTx& tx) { return tx.purpose == TxPurpose::cancel; }

bool explained(const PayoutBatch& batch, const LedgerEvent& event)
{
    if (event.kind == "reserve") return event.transfers == reserving(batch.items);
    if (event.kind == "settle") {
        return batch.state == BatchState::confirmed &&
               std::any_of(batch.txs.begin(), batch.txs.end(), [&](const PayoutTx& tx) {
                   return !is_cancel(tx) && event.transfers == settling(batch.items, tx.fee);
               });
    }
    if (batch.state != BatchState::cancelled) return false;
    // Before anything was made it cost nothing.
    if (batch.txs.empty()) return event.transfers == returning(batch.items, {});
    // Nor does it when something else has spent the anchor.
    const bool written_off =
        std::any_of(batch.writeoffs.begin(), batch.writeoffs.end(),
                    [](const PayoutWriteoff& each) { return !each.approved_by.empty(); });
    if (written_off) return event.transfers == returning(batch.items, {});
    return std::any_of(batch.txs.begin(), batch.txs.end(), [&](const PayoutTx& tx) {
        return is_cancel(tx) && event.transfers == returning(batch.items, tx.fee);
    });
}

}  // namespace

Result<std::string> payout_event_difference(MysqlConnection& db, const LedgerEvent& event)
{
    std::uint64_t id = 0;
    const char* end = event.ref.data() + event.ref.size();
    const auto read = std::from_chars(event.ref.data(), end, id);
    if (read.ptr != end || event.key != key_of(id, event.kind)) {
        return "event " + event.key + " is about another payout than it says";
    }
    const auto batch = read_batch(db, id);
    if (!batch && batch.error().code == pool::Error::Code::not_found) {
        return "event " + event.key + " is about a payout that does not exist";
    }
    if (!batch) return fail(batch.error());
    if (explained(*batch, event)) return std::string{};
    return "event " + event.key +
           " moves other amounts than the items and transactions of its payout say";
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
