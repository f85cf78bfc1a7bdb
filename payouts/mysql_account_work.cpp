#include "payouts/mysql_account_work.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint64_t period_ms = 600'000;
constexpr std::uint64_t slots_a_period = 10;
constexpr std::uint64_t periods_an_hour = 6;
constexpr std::uint64_t last_of_all = std::numeric_limits<std::uint64_t>::max();

/// Of which period, and up to which account, minutes are copied.
struct Copied {
    std::uint64_t period = 0;
    std::uint64_t account = 0;
};

std::uint64_t ago(std::uint64_t at, std::uint64_t kept) { return at > kept ? at - kept : 0; }

Result<Copied> read_copied(MysqlConnection& db)
{
    const auto rows = db.query("SELECT period, account_id FROM work_copied WHERE id = 1");
    if (!rows) return fail(rows.error());
    return Copied{rows->front().u64(0), rows->front().u64(1)};
}

/// What is to be copied next: of the oldest sealed period that is not, the accounts behind those
/// that are. Times when nobody worked are passed over.
Result<std::optional<Copied>> find_due(MysqlConnection& db, std::uint64_t oldest_kept)
{
    const auto copied = read_copied(db);
    if (!copied) return fail(copied.error());
    const std::uint64_t from = std::max(copied->period, oldest_kept);
    const auto slots = db.query(
        "SELECT MIN(slot_id), (SELECT sealed_through FROM books WHERE id = 1) FROM slot "
        "WHERE slot_id >= ?",
        {from * slots_a_period});
    if (!slots) return fail(slots.error());
    const SqlRow& row = slots->front();
    if (row.null(0)) return std::optional<Copied>{};
    const std::uint64_t period = row.u64(0) / slots_a_period;
    if (row.u64(1) + 1 < (period + 1) * slots_a_period) return std::optional<Copied>{};
    return Copied{period, period == copied->period ? copied->account : 0};
}

Result<void> copy_accounts(MysqlConnection& db, const Copied& due, std::uint64_t last_account)
{
    constexpr std::string_view replace =
        " ON DUPLICATE KEY UPDATE shares = VALUES(shares), stale = VALUES(stale), "
        "work = VALUES(work)";
    std::vector<SqlValue> slots;
    std::string list = "?";
    for (std::uint64_t i = 0; i < slots_a_period; ++i) {
        slots.emplace_back(due.period * slots_a_period + i);
        if (i > 0) list += ",?";
    }
    std::vector<SqlValue> values{due.period};
    values.insert(values.end(), slots.begin(), slots.end());
    if (due.account == 0) {
        values.insert(values.begin(), whole_pool);
        const auto all = db.execute(
            "INSERT INTO account_work (account_id, period, site_id, shares, stale, work) "
            "SELECT ?, ?, 0, SUM(shares), SUM(stale), SUM(work) FROM slot WHERE slot_id IN (" +
                list + ") HAVING COUNT(*) > 0" + std::string{replace},
            values);
        if (!all) return fail(all.error());
        values.erase(values.begin());
    }
    values.emplace_back(due.account);
    values.emplace_back(last_account);
    const auto each = db.execute(
        "INSERT INTO account_work (account_id, period, site_id, shares, stale, work) "
        "SELECT account_id, ?, site_id, SUM(shares), SUM(stale), SUM(work) FROM slot_account "
        "WHERE slot_id IN (" +
            list + ") AND account_id > ? AND account_id <= ? GROUP BY account_id, site_id" +
            std::string{replace},
        values);
    if (!each) return fail(each.error());
    return {};
}

/// The last account of the next part: numbers have wide gaps (registered_id), so rows are counted.
/// last_of_all: the part has fewer than `at_once` accounts.
Result<std::uint64_t> find_last(MysqlConnection& db, const Copied& due, std::uint64_t at_once)
{
    std::string text;
    std::vector<SqlValue> values;
    for (std::uint64_t i = 0; i < slots_a_period; ++i) {
        text += i > 0 ? " UNION " : "SELECT account_id FROM (";
        // By the primary key, each ends after as many accounts.
        text +=
            "(SELECT DISTINCT account_id FROM slot_account WHERE slot_id = ? AND account_id > ? "
            "ORDER BY account_id LIMIT ?)";
        for (const std::uint64_t value : {due.period * slots_a_period + i, due.account, at_once}) {
            values.emplace_back(value);
        }
    }
    values.emplace_back(at_once - 1);
    const auto rows = db.query(text + ") next ORDER BY account_id LIMIT 1 OFFSET ?", values);
    if (!rows) return fail(rows.error());
    return rows->empty() ? last_of_all : rows->front().u64(0);
}

// By key: copying a period again makes the same rows of it.
Result<void> copy(MysqlConnection& db, const Copied& due, std::uint64_t at_once)
{
    const auto last = find_last(db, due, at_once);
    if (!last) return fail(last.error());
    if (auto done = copy_accounts(db, due, *last); !done) return done;
    const bool whole = *last == last_of_all;
    const auto moved =
        db.execute("UPDATE work_copied SET period = ?, account_id = ? WHERE id = 1",
                   {whole ? due.period + 1 : due.period, whole ? std::uint64_t{0} : *last});
    if (!moved) return fail(moved.error());
    return {};
}

/// A period that no row of an hour stands for, from before `end`.
Result<std::optional<std::uint64_t>> find_tens(MysqlConnection& db, std::uint64_t end)
{
    const auto oldest = db.query(
        "SELECT MIN(d.period) FROM (SELECT DISTINCT period FROM account_work WHERE period < ?) d "
        "WHERE d.period % ? <> 0",
        {end, periods_an_hour});
    if (!oldest) return fail(oldest.error());
    if (oldest->front().null(0)) return std::optional<std::uint64_t>{};
    return oldest->front().u64(0);
}

/// Its first `at_once` accounts go into their hour.
Result<void> merge(MysqlConnection& db, std::uint64_t period, std::uint64_t at_once)
{
    const auto rows = db.query(
        "SELECT DISTINCT account_id FROM account_work WHERE period = ? "
        "ORDER BY account_id LIMIT 1 OFFSET ?",
        {period, at_once - 1});
    if (!rows) return fail(rows.error());
    const std::uint64_t last = rows->empty() ? last_of_all : rows->front().u64(0);
    const auto added = db.execute(
        "INSERT INTO account_work (account_id, period, site_id, shares, stale, work) "
        "SELECT account_id, ?, site_id, shares, stale, work FROM account_work s "
        "WHERE s.period = ? AND s.account_id <= ? "
        "ON DUPLICATE KEY UPDATE shares = account_work.shares + VALUES(shares), "
        "stale = account_work.stale + VALUES(stale), work = account_work.work + VALUES(work)",
        {period - period % periods_an_hour, period, last});
    if (!added) return fail(added.error());
    const auto dropped =
        db.execute("DELETE FROM account_work WHERE period = ? AND account_id <= ?", {period, last});
    if (!dropped) return fail(dropped.error());
    return {};
}

/// What is not of this month any more. True: there may be more of it.
Result<bool> make_older(MysqlConnection& db, std::uint64_t period, const WorkBounds& bounds)
{
    const auto tens = find_tens(db, ago(period, bounds.tens_kept));
    if (!tens) return fail(tens.error());
    if (const std::optional<std::uint64_t>& part = *tens) {
        if (auto done = merge(db, *part, bounds.accounts_at_once); !done) return fail(done.error());
        return true;
    }
    const auto old = db.execute("DELETE FROM account_work WHERE period < ? LIMIT ?",
                                {ago(period, bounds.hours_kept), bounds.rows_at_once});
    if (!old) return fail(old.error());
    return old->rows == bounds.rows_at_once;
}

}  // namespace

Result<bool> roll_up_work(MysqlConnection& db, Lease& lease, pool::UnixMillis now,
                          const WorkBounds& bounds)
{
    const std::uint64_t period = now.value / period_ms;
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease.fence(); !ours) return fail(ours.error());
    bool more = true;
    const auto due = find_due(db, ago(period, bounds.hours_kept));
    if (!due) return fail(due.error());
    if (const std::optional<Copied>& part = *due) {
        if (auto done = copy(db, *part, bounds.accounts_at_once); !done) return fail(done.error());
    } else {
        const auto older = make_older(db, period, bounds);
        if (!older) return older;
        more = *older;
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return more;
}

Result<std::uint64_t> first_not_copied(MysqlConnection& db, std::uint64_t account)
{
    const auto copied = read_copied(db);
    if (!copied) return fail(copied.error());
    // The pool's row goes with the first accounts'.
    const bool here = copied->account > 0 && copied->account >= account;
    return copied->period + (here ? 1 : 0);
}

}  // namespace payouts
