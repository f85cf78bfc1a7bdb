#include "payouts/mysql_account_addresses.h"

#include <array>
#include <utility>

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::UnixMillis;

constexpr std::array states{ChangeState::asked, ChangeState::locked, ChangeState::active,
                            ChangeState::replaced, ChangeState::cancelled};

ChangeState state_of(std::string_view text)
{
    for (const ChangeState state : states) {
        if (to_string(state) == text) return state;
    }
    pool::end_of_bug("the column holds nothing else");
}

// The database's own clock. A lock ends when this one says so, too: whoever moves a server's clock
// shortens none, and whoever may move the database's could change its rows as well.
const std::string database_ms = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)";

// Columns `at` and on: address, script, parts.
PayRoute route_of(const SqlRow& row, std::size_t at)
{
    const std::string& script = row.text(at + 1);
    return {row.text(at), pool::Bytes(script.begin(), script.end()),
            static_cast<std::uint32_t>(row.u64(at + 2))};
}

Result<void> done_one(const Result<SqlDone>& done)
{
    if (!done) return fail(done.error());
    if (done->rows == 1) return {};
    return fail(Error::Code::conflict, "the change of address has moved on meanwhile: look again");
}

Result<std::map<AccountId, ActiveRoutes>> read_active(MysqlConnection& db, std::string_view which,
                                                      const std::vector<SqlValue>& values)
{
    const auto rows = db.query(
        "SELECT c.account_id, c.locked_until_ms, x.address, x.script, x.parts "
        "FROM address_change c JOIN account_address x ON x.change_id = c.id WHERE " +
            std::string{which} + " ORDER BY c.account_id, x.line",
        values);
    if (!rows) return fail(rows.error());
    std::map<AccountId, ActiveRoutes> all;
    for (const SqlRow& row : *rows) {
        ActiveRoutes& one = all[AccountId{row.u64(0)}];
        one.since = UnixMillis{row.u64(1)};
        one.routes.push_back(route_of(row, 2));
    }
    return all;
}

}  // namespace

std::string_view to_string(ChangeState state)
{
    switch (state) {
        case ChangeState::asked:
            return "asked";
        case ChangeState::locked:
            return "locked";
        case ChangeState::active:
            return "active";
        case ChangeState::replaced:
            return "replaced";
        case ChangeState::cancelled:
            return "cancelled";
    }
    return "cancelled";
}

Result<void> activate_due_changes(MysqlConnection& db, UnixMillis now)
{
    const auto due = db.query(
        "SELECT id, account_id FROM address_change WHERE state = 'locked' AND "
        "locked_until_ms <= ? AND lock_ends_ms <= " +
            database_ms + " ORDER BY id FOR UPDATE",
        {now.value});
    if (!due) return fail(due.error());
    for (const SqlRow& row : *due) {
        const auto replaced = db.execute(
            "UPDATE address_change SET state = 'replaced', ended_at_ms = ? WHERE active_key = ?",
            {now.value, row.u64(1)});
        if (!replaced) return fail(replaced.error());
        auto active = done_one(
            db.execute("UPDATE address_change SET state = 'active' WHERE id = ?", {row.u64(0)}));
        if (!active) return active;
    }
    return {};
}

Result<std::map<AccountId, ActiveRoutes>> read_active_routes(MysqlConnection& db)
{
    return read_active(db, "c.state = 'active'", {});
}

Result<std::optional<ActiveRoutes>> read_active_routes(MysqlConnection& db, AccountId account)
{
    auto found = read_active(db, "c.active_key = ?", {account.value});
    if (!found) return fail(found.error());
    if (found->empty()) return std::optional<ActiveRoutes>{};
    return std::optional{std::move(found->begin()->second)};
}

ActiveRoutes routes_in_force(std::optional<ActiveRoutes> changed, std::string_view first_address,
                             pool::Chain chain)
{
    if (changed) return *std::move(changed);
    ActiveRoutes first;
    if (auto address = pool::parse_address(first_address, chain); address) {
        first.routes.push_back({address->text, std::move(address->script), route_parts});
    }
    return first;
}

Result<std::optional<AddressChange>> read_open_change(MysqlConnection& db, AccountId account)
{
    const auto rows = db.query(
        "SELECT id, state, proof, height, asked_by, asked_at_ms, locked_until_ms "
        "FROM address_change WHERE open_key = ?",
        {account.value});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::optional<AddressChange>{};
    const SqlRow& row = rows->front();
    AddressChange change;
    change.id = row.u64(0);
    change.account = account;
    change.state = state_of(row.text(1));
    change.proof = row.text(2);
    change.height = pool::Height{static_cast<std::uint32_t>(row.u64(3))};
    change.asked_by = row.text(4);
    change.asked_at = UnixMillis{row.u64(5)};
    if (!row.null(6)) change.locked_until = UnixMillis{row.u64(6)};
    const auto routes = db.query(
        "SELECT address, script, parts FROM account_address WHERE change_id = ? ORDER BY line",
        {change.id});
    if (!routes) return fail(routes.error());
    for (const SqlRow& each : *routes) change.routes.push_back(route_of(each, 0));
    const auto approvals = db.query(
        "SELECT approver FROM address_approval WHERE change_id = ? ORDER BY at_ms, approver",
        {change.id});
    if (!approvals) return fail(approvals.error());
    for (const SqlRow& each : *approvals) change.approvers.push_back(each.text(0));
    return std::optional{std::move(change)};
}

Result<pool::Height> read_last_height(MysqlConnection& db, AccountId account)
{
    const auto rows =
        db.query("SELECT COALESCE(MAX(height), 0) FROM address_change WHERE account_id = ?",
                 {account.value});
    if (!rows) return fail(rows.error());
    return pool::Height{static_cast<std::uint32_t>(rows->front().u64(0))};
}

Result<std::uint64_t> insert_change(MysqlConnection& db, const AddressChange& change,
                                    const ChangeProof& proof)
{
    SqlValue locked_until;
    SqlValue locked_for;
    if (change.locked_until) {
        locked_until = change.locked_until->value;
        locked_for = change.locked_until->value - change.asked_at.value;
    }
    const auto made = db.execute(
        "INSERT INTO address_change (account_id, state, proof, height, message, signer, signature, "
        "asked_by, asked_at_ms, locked_until_ms, lock_ends_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ? + " +
            database_ms + ")",
        {change.account.value, sql(to_string(change.state)), change.proof,
         std::uint64_t{change.height.value}, proof.message, proof.signer, proof.signature,
         change.asked_by, change.asked_at.value, locked_until, locked_for});
    if (!made) return fail(made.error());
    std::vector<std::vector<SqlValue>> rows;
    for (const PayRoute& route : change.routes) {
        rows.push_back({made->insert_id, rows.size(), route.address, route.script,
                        std::uint64_t{route.parts}});
    }
    auto put = insert_rows(
        db, "INSERT INTO account_address (change_id, line, address, script, parts) VALUES", "",
        rows);
    if (!put) return fail(put.error());
    return made->insert_id;
}

Result<void> insert_approval(MysqlConnection& db, std::uint64_t change, std::string_view approver,
                             UnixMillis at)
{
    const auto put = db.execute(
        "INSERT IGNORE INTO address_approval (change_id, approver, at_ms) VALUES (?, ?, ?)",
        {change, sql(approver), at.value});
    if (!put) return fail(put.error());
    return {};
}

Result<void> lock_change(MysqlConnection& db, std::uint64_t change, UnixMillis now,
                         UnixMillis until)
{
    return done_one(
        db.execute("UPDATE address_change SET state = 'locked', proof = 'approvals', "
                   "locked_until_ms = ?, lock_ends_ms = ? + " +
                       database_ms + " WHERE id = ? AND state = 'asked'",
                   {until.value, until.value - now.value, change}));
}

Result<void> cancel_change(MysqlConnection& db, std::uint64_t change, std::string_view by,
                           UnixMillis at)
{
    return done_one(
        db.execute("UPDATE address_change SET state = 'cancelled', ended_by = ?, ended_at_ms = ? "
                   "WHERE id = ? AND state IN ('asked', 'locked')",
                   {sql(by), at.value, change}));
}

}  // namespace payouts
