#include "payouts/mysql_schedules.h"

#include <algorithm>
#include <string>

#include "payouts/mysql_slots.h"
#include "payouts/window_size.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::U128;

std::string table_of(Schedule of)
{
    return of == Schedule::fee ? "fee_schedule" : "donation_schedule";
}

Result<std::string> read_setting(MysqlConnection& db, std::string_view name)
{
    const auto rows = db.query("SELECT value FROM setting WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    if (!rows->empty()) return rows->front().text(0);
    return fail(Error::Code::refused, "the books have no setting " + std::string{name} +
                                          ": start zubrd once, it begins them");
}

Result<U128> score_before(MysqlConnection& db, std::uint64_t slot)
{
    const auto rows = db.query(
        "SELECT cum_score FROM slot WHERE slot_id < ? ORDER BY slot_id DESC LIMIT 1", {slot});
    if (!rows) return fail(rows.error());
    return rows->empty() ? 0 : rows->front().u128(0);
}

/// What each account has of its own for `slot`; NULLs left out.
Result<std::map<AccountId, unsigned>> read_own(MysqlConnection& db, Schedule of, std::uint64_t slot)
{
    const auto rows = db.query("SELECT account_id, bps FROM " + table_of(of) +
                                   " WHERE account_id > 0 AND from_slot <= ? "
                                   "ORDER BY account_id, from_slot, id",
                               {slot});
    if (!rows) return fail(rows.error());
    std::map<AccountId, unsigned> own;
    for (const SqlRow& row : *rows) {
        const AccountId account{row.u64(0)};
        if (row.null(1)) {
            own.erase(account);
        } else {
            own[account] = static_cast<unsigned>(row.u64(1));
        }
    }
    return own;
}

}  // namespace

Result<U128> read_window_begun(MysqlConnection& db)
{
    const auto text = read_setting(db, "window_score");
    if (!text) return fail(text.error());
    return pool::u128_from_decimal(*text).value_or(0);
}

Result<unsigned> read_fee_begun(MysqlConnection& db)
{
    const auto text = read_setting(db, "fee_bps");
    if (!text) return fail(text.error());
    return static_cast<unsigned>(pool::u128_from_decimal(*text).value_or(0));
}

Result<WindowInForce> read_window_in_force(MysqlConnection& db, std::uint64_t end)
{
    const auto begun = read_window_begun(db);
    if (!begun) return fail(begun.error());
    const auto changes = read_window_changes(db);
    if (!changes) return fail(changes.error());
    WindowInForce window{*begun, 0};
    std::vector<WindowStep> steps;
    for (std::size_t i = 0; i < changes->size(); ++i) {
        const WindowChange& change = (*changes)[i];
        if (change.from_slot > end) break;
        // Withdrawn by a later one of the same slot.
        if (i + 1 < changes->size() && (*changes)[i + 1].from_slot == change.from_slot) continue;
        const auto before = score_before(db, change.from_slot);
        if (!before) return fail(before.error());
        steps.push_back({change.size, *before});
        window.n = change.size;
    }
    const auto before = score_before(db, end);
    if (!before) return fail(before.error());
    window.size = window_size(*begun, steps, *before);
    return window;
}

Result<unsigned> read_usual_fee(MysqlConnection& db, std::uint64_t slot)
{
    const auto changes = read_changes(db, Schedule::fee, AccountId{0});
    if (!changes) return fail(changes.error());
    if (const auto changed = bps_at(*changes, slot)) return *changed;
    return read_fee_begun(db);
}

Result<std::map<AccountId, Terms>> read_terms(MysqlConnection& db, std::uint64_t slot,
                                              unsigned usual_fee_bps)
{
    const auto fees = read_own(db, Schedule::fee, slot);
    if (!fees) return fail(fees.error());
    const auto donations = read_own(db, Schedule::donation, slot);
    if (!donations) return fail(donations.error());
    std::map<AccountId, Terms> terms;
    for (const auto& [account, bps] : *fees) terms[account].fee_bps = bps;
    for (const auto& [account, bps] : *donations) {
        const auto [own, fresh] = terms.try_emplace(account);
        if (fresh) own->second.fee_bps = usual_fee_bps;
        // With a fee that has risen since the donation may not have been foreseen.
        own->second.donation_bps = std::min(bps, 10'000 - own->second.fee_bps);
    }
    return terms;
}

Result<std::vector<BpsChange>> read_changes(MysqlConnection& db, Schedule of, AccountId account)
{
    const auto rows = db.query("SELECT from_slot, bps, set_by FROM " + table_of(of) +
                                   " WHERE account_id = ? ORDER BY from_slot, id",
                               {account.value});
    if (!rows) return fail(rows.error());
    std::vector<BpsChange> changes;
    for (const SqlRow& row : *rows) {
        BpsChange change;
        change.from_slot = row.u64(0);
        if (!row.null(1)) change.bps = static_cast<unsigned>(row.u64(1));
        change.set_by = row.text(2);
        changes.push_back(std::move(change));
    }
    return changes;
}

Result<std::vector<WindowChange>> read_window_changes(MysqlConnection& db)
{
    const auto rows =
        db.query("SELECT from_slot, size, set_by FROM window_schedule ORDER BY from_slot, id");
    if (!rows) return fail(rows.error());
    std::vector<WindowChange> changes;
    for (const SqlRow& row : *rows) {
        changes.push_back({row.u64(0), row.u128(1), row.text(2)});
    }
    return changes;
}

Result<std::uint64_t> lock_settled(MysqlConnection& db)
{
    const auto sealed = read_sealed_through(db, true);
    if (!sealed) return fail(sealed.error());
    const auto rows = db.query("SELECT COALESCE(MAX(found_slot), 0) FROM block_found");
    if (!rows) return fail(rows.error());
    return std::max(*sealed, rows->front().u64(0));
}

Result<void> add_change(MysqlConnection& db, Schedule of, AccountId account,
                        const BpsChange& change, pool::UnixMillis at)
{
    const SqlValue bps = change.bps ? SqlValue{std::uint64_t{*change.bps}} : SqlValue{};
    const auto put =
        db.execute("INSERT INTO " + table_of(of) +
                       " (account_id, from_slot, bps, set_by, set_at_ms) VALUES (?, ?, ?, ?, ?)",
                   {account.value, change.from_slot, bps, change.set_by, at.value});
    if (!put) return fail(put.error());
    return {};
}

Result<void> add_window_change(MysqlConnection& db, const WindowChange& change, pool::UnixMillis at)
{
    const auto put = db.execute(
        "INSERT INTO window_schedule (from_slot, size, set_by, set_at_ms) VALUES (?, ?, ?, ?)",
        {change.from_slot, sql(change.size), change.set_by, at.value});
    if (!put) return fail(put.error());
    return {};
}

}  // namespace payouts
