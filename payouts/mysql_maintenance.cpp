#include "payouts/mysql_maintenance.h"

#include <array>

#include "payouts/migrations.h"
#include "payouts/mysql_producers.h"
#include "payouts/mysql_rebuild.h"
#include "payouts/mysql_verify.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr unsigned nothing_granted = 1147;

constexpr auto rights = std::to_array<TableRights>({
    {"account", "INSERT"},
    {"account_address", "INSERT"},
    {"account_setting", "INSERT", "minimum_sat, hold_reason, held_by, held_at_ms, is_public"},
    {"account_token", "INSERT", "revoked_by, revoked_at_ms"},
    {"account_total", "INSERT, UPDATE"},         // a cache
    {"account_work", "INSERT, UPDATE, DELETE"},  // for charts, rolled up
    {"address_approval", "INSERT"},
    {"address_change", "INSERT",
     "state, proof, locked_until_ms, lock_ends_ms, ended_by, ended_at_ms"},
    {"adjustment", "INSERT", "booked_by, booked_at_ms"},
    {"audit_event", "INSERT"},
    {"audit_head", ""},  // a trigger writes it
    {"block_answer", "INSERT"},
    {"block_credit", "INSERT"},
    {"block_found", "INSERT",
     "state, books, epoch, place, confirmations, rival_confirmations, window_first, window_cut, "
     "window_score"},
    {"books", "", "sealed_through, ledger_head, site_version, access_version"},
    {"control", "INSERT", "value, set_by, at_ms"},
    {"donation_schedule", "INSERT"},
    {"fee_schedule", "INSERT"},
    {"hour_score", ""},  // a trigger writes it
    {"ledger_account", "INSERT"},
    {"ledger_balance", ""},  // the triggers write it, with the rights of who made them
    {"ledger_event", "INSERT"},
    {"ledger_transfer", "INSERT"},
    {"lease", "INSERT", "epoch, holder, until_ms"},  // ExtranonceClaim adds its row
    {"payout_approval", "INSERT"},
    {"payout_batch", "INSERT",
     "items_digest, state, anchor_txid, anchor_vout, bump_rate, left_at_ms, closed, "
     "confirmations"},
    {"payout_item", "INSERT"},
    {"payout_tx", "INSERT", "raw, txid"},
    {"payout_writeoff", "INSERT", "approved_by, approved_at_ms"},
    {"producer", "INSERT",
     "mark, watermark_ms, print, gap, retired, owner, unbooked_ms, told_at_ms"},
    {"producer_member", "INSERT, DELETE"},
    {"producer_worker", "INSERT, DELETE"},
    {"schema_migrations", ""},
    {"setting", "INSERT"},
    {"site", "INSERT"},
    {"site_rule", "INSERT"},
    {"share_gap", "INSERT"},
    {"slot", "INSERT"},
    // Added to by INSERT ... ON DUPLICATE KEY UPDATE, for which MariaDB asks for UPDATE of the keys
    // as well; a trigger refuses that.
    {"slot_account", "INSERT, UPDATE"},
    {"slot_leaves", "INSERT, DELETE"},
    {"slot_root", "INSERT"},
    {"window_schedule", "INSERT"},
    {"work_copied", "", "period, account_id"},
    {"worker_day", "INSERT, UPDATE, DELETE"},  // caches, rolled up
    {"worker_sum", "INSERT, UPDATE, DELETE"},
});

/// `name` as an identifier; names with a backtick or a backslash are refused by the caller.
std::string identifier(std::string_view name) { return "`" + std::string{name} + "`"; }

/// 'user'@'host' of the account that the server takes `options` for.
Result<std::string> account_of(MysqlOptions options)
{
    options.database.clear();  // it may not have any rights yet
    MysqlConnection db{std::move(options)};
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    const auto rows = db.query("SELECT CURRENT_USER()");
    if (!rows) return fail(rows.error());
    const std::string& text = rows->front().text(0);
    const auto at = text.rfind('@');
    if (at == std::string::npos || text.find_first_of("`\\") != std::string::npos) {
        return fail(Error::Code::refused, "the running user has a name that cannot be granted to");
    }
    return identifier(text.substr(0, at)) + "@" + identifier(text.substr(at + 1));
}

/// What an earlier version granted and this one does not is taken away.
Result<void> grant(MysqlConnection& db, const std::string& account)
{
    for (const TableRights& each : running_rights()) {
        std::string on = " ON ";
        on.append(identifier(db.options().database)).append(".").append(identifier(each.table));
        std::string text = "REVOKE ALL PRIVILEGES";
        text.append(on).append(" FROM ").append(account);
        auto revoked = db.run(text);
        if (!revoked && db.last_error() != nothing_granted) return revoked;
        text = "GRANT SELECT";
        if (!each.rights.empty()) text.append(", ").append(each.rights);
        if (!each.columns.empty()) text.append(", UPDATE (").append(each.columns).append(")");
        auto done = db.run(text.append(on).append(" TO ").append(account));
        if (!done) return done;
    }
    return {};
}

}  // namespace

std::span<const TableRights> running_rights() { return rights; }

Result<std::string> migrate_books(const MysqlOptions& admin, const MysqlOptions& running, bool dry)
{
    const auto migrations = parse_migrations(schema_sql());
    if (!migrations) return fail(migrations.error());
    MysqlOptions patient = admin;  // a step may read all that was ever sealed
    patient.patience = MysqlOptions::hours_of_reading;
    MysqlConnection db{std::move(patient)};
    const auto pending = pending_steps(db, *migrations);
    if (!pending) return fail(pending.error());
    std::string text;
    if (dry) {
        for (const std::string& step : *pending) text += step + ";\n\n";
        return text + std::to_string(pending->size()) + " steps to do\n";
    }
    if (auto done = migrate(db, *migrations); !done) return fail(done.error());
    text = std::to_string(pending->size()) + " steps done; the schema is at version " +
           std::to_string(migrations->size()) + "\n";
    if (admin.user == running.user) return text;
    const auto account = account_of(running);
    if (!account) return fail(account.error());
    if (auto done = grant(db, *account); !done) return fail(done.error());
    return text + "user " + running.user + " has the rights of a running pool\n";
}

Result<void> set_address_lock(const MysqlOptions& admin, std::chrono::hours lock)
{
    MysqlConnection db{admin};
    if (auto connected = db.connect(); !connected) return connected;
    const auto put = db.execute(
        "INSERT INTO setting (name, value) VALUES ('address_lock_hours', ?) ON DUPLICATE KEY "
        "UPDATE value = VALUES(value)",
        {std::to_string(lock.count())});
    if (!put) return fail(put.error());
    return {};
}

Result<std::string> take_over(const MysqlOptions& options, std::string_view server_id,
                              std::string_view owner)
{
    MysqlConnection db{options};
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    const auto taken = take_over_producers(db, server_id, owner);
    if (!taken) return fail(taken.error());
    return std::to_string(*taken) + " share producers of server " + std::string{server_id} +
           " belong to this data directory now\n";
}

Result<std::string> rebuild_books(const MysqlOptions& admin)
{
    MysqlOptions patient = admin;
    patient.patience = MysqlOptions::hours_of_reading;
    MysqlConnection db{std::move(patient)};
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    const auto repaired = rebuild_balances(db);
    if (!repaired) return fail(repaired.error());
    // Before it holds: balances would be made to fit transfers that belong to no event.
    const auto checked = verify_inside(db);
    if (!checked) return fail(checked.error());
    if (!checked->good()) {
        return fail(Error::Code::refused, "nothing was made again: " + checked->difference);
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return std::to_string(*repaired) + " balances were made again; " +
           std::to_string(checked->events) + " events verified, difference 0 sat\n";
}

}  // namespace payouts
