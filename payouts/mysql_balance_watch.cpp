#include "payouts/mysql_balance_watch.h"

#include <chrono>

namespace payouts {

using pool::fail;
using pool::Result;

namespace {

constexpr std::chrono::hours anew_after{24};
constexpr std::uint64_t rows_at_once = 10'000;

const std::string debit_side =
    "SELECT debit_id, SUM(amount_sat) FROM ledger_transfer WHERE event_id > ? AND event_id <= ? "
    "GROUP BY debit_id";
const std::string credit_side =
    "SELECT credit_id, SUM(amount_sat) FROM ledger_transfer WHERE event_id > ? AND event_id <= ? "
    "GROUP BY credit_id";

}  // namespace

Result<std::string> BalanceWatch::look(MysqlConnection& db, pool::SteadyTime now)
{
    if (through_ == 0 || now - begun_ >= anew_after) begin(now);
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    if (auto level = db.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); !level) {
        return fail(level.error());
    }
    auto snapshot = db.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    if (!snapshot) return fail(snapshot.error());
    const auto same = is_as_read(db);
    if (same && !*same) begin(now);
    auto found = same ? look_inside(db) : fail(same.error());
    if (db.connected()) (void)db.run("ROLLBACK");
    if (!found) through_ = 0;  // half of a part may be in the sums
    return found;
}

void BalanceWatch::begin(pool::SteadyTime now)
{
    sums_.clear();
    through_ = 0;
    newest_ = {};
    begun_ = now;
}

// Of a replica that was behind when it was promoted the newest events are gone, and others have
// their numbers, or will have. A hash stands for its event and all before it.
Result<bool> BalanceWatch::is_as_read(MysqlConnection& db) const
{
    if (through_ == 0) return true;
    const auto rows = db.query("SELECT hash FROM ledger_event WHERE id = ?", {through_});
    if (!rows) return fail(rows.error());
    return !rows->empty() && rows->front().digest(0) == newest_;
}

// Events have their numbers in the order in which they were committed (post()): none comes later
// with a lower one.
Result<std::string> BalanceWatch::look_inside(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT COALESCE(MAX(event_id), 0), COUNT(*) FROM (SELECT event_id FROM ledger_transfer "
        "WHERE event_id > ? ORDER BY event_id, line LIMIT ?) part",
        {through_, part_});
    if (!rows) return fail(rows.error());
    const SqlRow& part = rows->front();
    if (part.u64(1) > 0) {
        if (auto added = add(db, part.u64(0)); !added) return fail(added.error());
    }
    more_ = part.u64(1) == part_;
    return more_ ? Result<std::string>{""} : compare(db);
}

Result<void> BalanceWatch::add(MysqlConnection& db, std::uint64_t through)
{
    for (const std::string& side : {debit_side, credit_side}) {
        const auto rows = db.query(side, {through_, through});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            Sums& sums = sums_[row.u64(0)];
            (side == debit_side ? sums.debits : sums.credits) += row.u64(1);
        }
    }
    const auto newest = db.query("SELECT hash FROM ledger_event WHERE id = ?", {through});
    if (!newest) return fail(newest.error());
    newest_ = newest->empty() ? pool::Digest{} : newest->front().digest(0);
    through_ = through;
    return {};
}

Result<std::string> BalanceWatch::compare(MysqlConnection& db) const
{
    for (std::uint64_t last = 0;;) {
        const auto rows = db.query(
            "SELECT a.id, a.code, b.debits_sat, b.credits_sat "
            "FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id "
            "WHERE a.id > ? ORDER BY a.id LIMIT ?",
            {last, rows_at_once});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            last = row.u64(0);
            if (row.null(2)) return row.text(1) + " has no balance";
            const auto found = sums_.find(last);
            const Sums sums = found == sums_.end() ? Sums{} : found->second;
            if (row.u64(2) == sums.debits && row.u64(3) == sums.credits) continue;
            return row.text(1) + " differs from its transfers";
        }
        if (rows->size() < rows_at_once) return "";
    }
}

}  // namespace payouts
