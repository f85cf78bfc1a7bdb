#include "payouts/mysql_payouts.h"

#include <utility>

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

const std::string batch_columns =
    "SELECT id, request_id, state, signs, fee_payer, total_sat, fee_max_sat, items_digest, "
    "created_by, created_at_ms, anchor_txid, anchor_vout, bump_rate FROM payout_batch ";

std::uint64_t number(Sats amount) { return static_cast<std::uint64_t>(amount.value); }

pool::Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

PayoutBatch batch_in(const SqlRow& row)
{
    PayoutBatch batch;
    batch.id = row.u64(0);
    batch.request_id = row.text(1);
    batch.state = batch_state_from(row.text(2)).value_or(BatchState::draft);
    batch.offline = row.text(3) == "offline";
    batch.fee_payer = row.text(4) == "pool" ? FeePayer::pool : FeePayer::recipients;
    batch.total = Sats{row.sats(5)};
    batch.fee_max = Sats{row.sats(6)};
    batch.digest = row.digest(7);
    batch.created_by = row.text(8);
    batch.created_at = pool::UnixMillis{row.u64(9)};
    if (!row.null(10)) {
        batch.anchor =
            pool::OutPoint{pool::TxId{row.digest(10)}, static_cast<std::uint32_t>(row.u64(11))};
    }
    batch.bump_rate = static_cast<std::uint32_t>(row.u64(12));
    return batch;
}

Result<void> insert_items(MysqlConnection& db, const PayoutBatch& batch)
{
    std::vector<std::vector<SqlValue>> rows;
    std::uint64_t line = 0;
    for (const PayoutItem& item : batch.items) {
        rows.push_back({batch.id, ++line, item.account.value, item.address, item.script,
                        number(item.amount), number(item.fee_share),
                        std::uint64_t{item.recently_changed}});
    }
    return insert_rows(db,
                       "INSERT INTO payout_item (batch_id, line, account_id, address, script, "
                       "amount_sat, fee_share_sat, recently_changed) VALUES",
                       "", rows);
}

Result<void> read_items(MysqlConnection& db, PayoutBatch& batch)
{
    const auto rows = db.query(
        "SELECT i.account_id, a.name, i.address, i.script, i.amount_sat, i.fee_share_sat, "
        "i.recently_changed FROM payout_item i LEFT JOIN account a ON a.id = i.account_id "
        "WHERE i.batch_id = ? ORDER BY i.line",
        {batch.id});
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        batch.items.push_back({pool::AccountId{row.u64(0)}, row.null(1) ? "" : row.text(1),
                               row.text(2), bytes_of(row.text(3)), Sats{row.sats(4)},
                               Sats{row.sats(5)}, row.u64(6) != 0});
    }
    return {};
}

Result<void> read_approvals(MysqlConnection& db, PayoutBatch& batch)
{
    const auto rows = db.query(
        "SELECT admin, items_digest, at_ms FROM payout_approval WHERE batch_id = ? "
        "ORDER BY at_ms, admin",
        {batch.id});
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        batch.approvals.push_back({row.text(0), row.digest(1), pool::UnixMillis{row.u64(2)}});
    }
    return {};
}

Result<void> read_txs(MysqlConnection& db, PayoutBatch& batch)
{
    const auto rows = db.query(
        "SELECT attempt, purpose, txid, psbt, raw, fee_sat FROM payout_tx WHERE batch_id = ? "
        "ORDER BY attempt",
        {batch.id});
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        PayoutTx tx;
        tx.attempt = static_cast<std::uint32_t>(row.u64(0));
        tx.purpose = tx_purpose_from(row.text(1)).value_or(TxPurpose::pay);
        tx.txid = pool::TxId{row.digest(2)};
        tx.psbt = row.text(3);
        if (!row.null(4)) tx.raw = bytes_of(row.text(4));
        tx.fee = Sats{row.sats(5)};
        batch.txs.push_back(std::move(tx));
    }
    return {};
}

Result<void> read_writeoffs(MysqlConnection& db, PayoutBatch& batch)
{
    const auto rows = db.query(
        "SELECT spent_by, asked_by, COALESCE(approved_by, '') FROM payout_writeoff "
        "WHERE batch_id = ? ORDER BY asked_at_ms, spent_by",
        {batch.id});
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        batch.writeoffs.push_back({pool::TxId{row.digest(0)}, row.text(1), row.text(2), {}});
    }
    return {};
}

Result<void> one_row(const Result<SqlDone>& done, std::uint64_t id)
{
    if (!done) return fail(done.error());
    if (done->rows == 1) return {};
    return fail(Error::Code::conflict,
                "payout " + std::to_string(id) + " is in another state by now");
}

}  // namespace

Result<void> insert_batch(MysqlConnection& db, PayoutBatch& batch)
{
    const auto put = db.execute(
        "INSERT INTO payout_batch (request_id, signs, fee_payer, total_sat, fee_max_sat, "
        "created_by, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        {batch.request_id, std::string{batch.offline ? "offline" : "wallet"},
         std::string{batch.fee_payer == FeePayer::pool ? "pool" : "recipients"},
         number(batch.total), number(batch.fee_max), batch.created_by, batch.created_at.value});
    if (!put) return fail(put.error());
    batch.id = put->insert_id;
    batch.digest = items_digest(batch.id, batch.fee_payer, batch.fee_max, batch.items);
    if (auto done = insert_items(db, batch); !done) return done;
    return one_row(db.execute("UPDATE payout_batch SET items_digest = ? WHERE id = ?",
                              {sql(batch.digest), batch.id}),
                   batch.id);
}

Result<PayoutBatch> read_batch(MysqlConnection& db, std::uint64_t id)
{
    const auto rows = db.query(batch_columns + "WHERE id = ?", {id});
    if (!rows) return fail(rows.error());
    if (rows->empty()) {
        return fail(Error::Code::not_found, "there is no payout " + std::to_string(id));
    }
    PayoutBatch batch = batch_in(rows->front());
    if (auto done = read_items(db, batch); !done) return fail(done.error());
    if (auto done = read_approvals(db, batch); !done) return fail(done.error());
    if (auto done = read_txs(db, batch); !done) return fail(done.error());
    if (auto done = read_writeoffs(db, batch); !done) return fail(done.error());
    return batch;
}

Result<std::optional<std::uint64_t>> find_request(MysqlConnection& db, std::string_view request_id)
{
    const auto rows =
        db.query("SELECT id FROM payout_batch WHERE request_id = ?", {sql(request_id)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::nullopt;
    return rows->front().u64(0);
}

Result<std::vector<PayoutBatch>> list_batches(MysqlConnection& db, std::uint32_t limit)
{
    const auto rows = db.query(batch_columns + "ORDER BY id DESC LIMIT ?", {std::uint64_t{limit}});
    if (!rows) return fail(rows.error());
    std::vector<PayoutBatch> batches;
    for (const SqlRow& row : *rows) batches.push_back(batch_in(row));
    return batches;
}

namespace {

Result<std::vector<std::uint64_t>> ids_of(MysqlConnection& db, const std::string& which)
{
    const auto rows = db.query("SELECT id FROM payout_batch WHERE " + which);
    if (!rows) return fail(rows.error());
    std::vector<std::uint64_t> ids;
    for (const SqlRow& row : *rows) ids.push_back(row.u64(0));
    return ids;
}

}  // namespace

Result<std::vector<std::uint64_t>> open_batches(MysqlConnection& db)
{
    return ids_of(db,
                  "state <> 'draft' AND closed = 0 "
                  "AND NOT (state = 'cancelled' AND anchor_txid IS NULL) ORDER BY id");
}

Result<std::vector<std::uint64_t>> ended_batches(MysqlConnection& db)
{
    return ids_of(db,
                  "state IN ('confirmed', 'cancelled') AND anchor_txid IS NOT NULL "
                  "ORDER BY id DESC LIMIT 20");
}

Result<std::vector<std::uint64_t>> unbuilt_batches(MysqlConnection& db)
{
    return ids_of(db, "state IN ('draft', 'approved') ORDER BY id");
}

Result<void> move_batch(MysqlConnection& db, std::uint64_t id, BatchState from, BatchState to)
{
    if (from == to) return {};
    return one_row(db.execute("UPDATE payout_batch SET state = ? WHERE id = ? AND state = ?",
                              {sql(to_string(to)), id, sql(to_string(from))}),
                   id);
}

Result<void> set_anchor(MysqlConnection& db, std::uint64_t id, const pool::OutPoint& anchor)
{
    return one_row(db.execute("UPDATE payout_batch SET state = 'built', anchor_txid = ?, "
                              "anchor_vout = ? WHERE id = ? AND state = 'approved'",
                              {sql(anchor.txid.bytes), std::uint64_t{anchor.index}, id}),
                   id);
}

Result<void> want_bump(MysqlConnection& db, std::uint64_t id, std::uint32_t rate)
{
    const auto done =
        db.execute("UPDATE payout_batch SET bump_rate = ? WHERE id = ?", {std::uint64_t{rate}, id});
    if (!done) return fail(done.error());
    return {};
}

Result<void> close_batch(MysqlConnection& db, std::uint64_t id)
{
    const auto done = db.execute("UPDATE payout_batch SET closed = 1 WHERE id = ?", {id});
    if (!done) return fail(done.error());
    return {};
}

Result<void> write_confirmations(MysqlConnection& db, std::uint64_t id, std::uint32_t confirmations)
{
    const auto done = db.execute("UPDATE payout_batch SET confirmations = ? WHERE id = ?",
                                 {std::uint64_t{confirmations}, id});
    if (!done) return fail(done.error());
    return {};
}

Result<void> insert_approval(MysqlConnection& db, std::uint64_t id, const PayoutApproval& approval)
{
    const auto done = db.execute(
        "INSERT INTO payout_approval (batch_id, admin, items_digest, at_ms) VALUES (?, ?, ?, ?)",
        {id, approval.admin, sql(approval.digest), approval.at.value});
    if (!done) return fail(done.error());
    return {};
}

Result<void> insert_tx(MysqlConnection& db, std::uint64_t id, const PayoutTx& tx,
                       pool::UnixMillis now)
{
    const SqlValue raw = tx.raw.empty() ? SqlValue{std::monostate{}} : SqlValue{tx.raw};
    const auto done = db.execute(
        "INSERT INTO payout_tx (batch_id, attempt, purpose, txid, psbt, raw, fee_sat, made_at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {id, std::uint64_t{tx.attempt}, sql(to_string(tx.purpose)), sql(tx.txid.bytes), tx.psbt,
         raw, number(tx.fee), now.value});
    if (!done) return fail(done.error());
    return {};
}

Result<void> complete_tx(MysqlConnection& db, std::uint64_t id, const PayoutTx& tx)
{
    return one_row(db.execute("UPDATE payout_tx SET raw = ?, txid = ? WHERE batch_id = ? AND "
                              "attempt = ? AND raw IS NULL",
                              {tx.raw, sql(tx.txid.bytes), id, std::uint64_t{tx.attempt}}),
                   id);
}

Result<void> insert_writeoff(MysqlConnection& db, std::uint64_t id, const PayoutWriteoff& writeoff,
                             pool::UnixMillis now)
{
    const auto done = db.execute(
        "INSERT INTO payout_writeoff (batch_id, spent_by, asked_by, asked_at_ms) "
        "VALUES (?, ?, ?, ?)",
        {id, sql(writeoff.spent_by.bytes), writeoff.asked_by, now.value});
    if (!done) return fail(done.error());
    return {};
}

Result<void> approve_writeoff(MysqlConnection& db, std::uint64_t id, const PayoutWriteoff& writeoff,
                              pool::UnixMillis now)
{
    return one_row(
        db.execute("UPDATE payout_writeoff SET approved_by = ?, approved_at_ms = ? WHERE "
                   "batch_id = ? AND spent_by = ? AND approved_by IS NULL",
                   {writeoff.approved_by, now.value, id, sql(writeoff.spent_by.bytes)}),
        id);
}

namespace {

Result<Sats> sum_of_batches(MysqlConnection& db, const std::string& which,
                            const std::vector<SqlValue>& values)
{
    const auto rows = db.query(
        "SELECT CAST(COALESCE(SUM(total_sat), 0) AS SIGNED) FROM payout_batch "
        "WHERE state <> 'cancelled' AND " +
            which,
        values);
    if (!rows) return fail(rows.error());
    return Sats{rows->front().sats(0)};
}

}  // namespace

Result<Sats> paid_since(MysqlConnection& db, pool::UnixMillis since)
{
    return sum_of_batches(db,
                          "(COALESCE(left_at_ms, created_at_ms) > ? OR "
                          "(anchor_txid IS NOT NULL AND left_at_ms IS NULL))",
                          {since.value});
}

Result<Sats> leaving_since(MysqlConnection& db, pool::UnixMillis since)
{
    return sum_of_batches(db, "anchor_txid IS NOT NULL AND (left_at_ms IS NULL OR left_at_ms > ?)",
                          {since.value});
}

Result<Sats> others_left_since(MysqlConnection& db, std::uint64_t id, pool::UnixMillis since)
{
    return sum_of_batches(db, "left_at_ms > ? AND id <> ?", {since.value, id});
}

Result<void> note_left(MysqlConnection& db, std::uint64_t id, pool::UnixMillis now)
{
    return one_row(db.execute("UPDATE payout_batch SET left_at_ms = "
                              "GREATEST(COALESCE(left_at_ms, 0), ?) WHERE id = ?",
                              {now.value, id}),
                   id);
}

Result<void> note_left_by_now(MysqlConnection& db, std::uint64_t id, pool::UnixMillis now)
{
    return one_row(db.execute("UPDATE payout_batch SET left_at_ms = COALESCE(left_at_ms, ?) "
                              "WHERE id = ?",
                              {now.value, id}),
                   id);
}

Result<Sats> wallet_beyond_payouts(MysqlConnection& db, bool drafts_too)
{
    // Every event takes this lock.
    const auto locked = db.query("SELECT ledger_head FROM books WHERE id = 1 FOR UPDATE");
    if (!locked) return fail(locked.error());
    const auto rows = db.query(
        "SELECT (SELECT CAST(COALESCE(SUM(debits_sat), 0) AS SIGNED) - "
        "CAST(COALESCE(SUM(credits_sat), 0) AS SIGNED) FROM ledger_balance b "
        "JOIN ledger_account a ON a.id = b.account_id WHERE a.code = 'asset:wallet') - "
        "(SELECT CAST(COALESCE(SUM(total_sat + fee_max_sat), 0) AS SIGNED) FROM payout_batch "
        "WHERE state NOT IN ('confirmed', 'cancelled') AND (? OR anchor_txid IS NOT NULL))",
        {std::uint64_t{drafts_too}});
    if (!rows) return fail(rows.error());
    return Sats{rows->front().sats(0)};
}

Result<std::optional<pool::UnixMillis>> newest_schedule(MysqlConnection& db)
{
    const auto rows =
        db.query("SELECT CAST(value AS UNSIGNED) FROM control WHERE name = 'last_schedule_ms'");
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::nullopt;
    return pool::UnixMillis{rows->front().u64(0)};
}

Result<std::optional<ControlRow>> read_control(MysqlConnection& db, std::string_view name)
{
    const auto rows =
        db.query("SELECT value, set_by FROM control WHERE name = ? AND value <> ''", {sql(name)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::nullopt;
    return ControlRow{rows->front().text(0), rows->front().text(1)};
}

Result<void> lock_controls(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT name FROM control WHERE name IN ('payouts', 'release') ORDER BY name FOR UPDATE");
    if (!rows) return fail(rows.error());
    return {};
}

Result<void> write_control(MysqlConnection& db, std::string_view name, const ControlRow& row,
                           pool::UnixMillis now)
{
    const auto set =
        db.execute("UPDATE control SET value = ?, set_by = ?, at_ms = ? WHERE name = ?",
                   {row.value, row.set_by, now.value, sql(name)});
    if (!set) return fail(set.error());
    if (set->rows > 0) return {};
    const auto made =
        db.execute("INSERT INTO control (name, value, set_by, at_ms) VALUES (?, ?, ?, ?)",
                   {sql(name), row.value, row.set_by, now.value});
    if (!made) return fail(made.error());
    return {};
}

Result<BookedFunds> booked_funds(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT "
        "(SELECT CAST(COALESCE(SUM(debits_sat), 0) AS SIGNED) - "
        " CAST(COALESCE(SUM(credits_sat), 0) AS SIGNED) FROM ledger_balance b "
        " JOIN ledger_account a ON a.id = b.account_id WHERE a.code = 'asset:wallet'), "
        "(SELECT CAST(COALESCE(SUM(debits_sat), 0) AS SIGNED) - "
        " CAST(COALESCE(SUM(credits_sat), 0) AS SIGNED) FROM ledger_balance b "
        " JOIN ledger_account a ON a.id = b.account_id WHERE a.code = 'asset:coinbase_immature'), "
        "(SELECT CAST(COALESCE(SUM(reward_sat), 0) AS SIGNED) FROM block_found "
        " WHERE place = 'in_chain' AND books = 'nothing'), "
        "(SELECT CAST(COALESCE(SUM(reward_sat), 0) AS SIGNED) FROM block_found "
        " WHERE place <> 'in_chain' AND books = 'accrued')");
    if (!rows) return fail(rows.error());
    const SqlRow& row = rows->front();
    return BookedFunds{Sats{row.sats(0)}, Sats{row.sats(1)}, Sats{row.sats(2)}, Sats{row.sats(3)}};
}

}  // namespace payouts
