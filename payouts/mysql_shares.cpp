#include "payouts/mysql_shares.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "payouts/mysql_producers.h"
#include "payouts/mysql_slots.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;

Result<void> add_handles(MysqlConnection& db, const std::string& producer, const Folded& folded)
{
    if (folded.restarted) {
        for (const char* text : {"DELETE FROM producer_member WHERE producer = ?",
                                 "DELETE FROM producer_worker WHERE producer = ?"}) {
            const auto voided = db.execute(text, {producer});
            if (!voided) return fail(voided.error());
        }
    }
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [handle, account] : folded.members) {
        rows.push_back({producer, handle, account.value});
    }
    auto added = insert_rows(
        db, "INSERT INTO producer_member (producer, handle, account_id) VALUES", "", rows);
    if (!added) return added;
    rows.clear();
    for (const DeclaredWorker& worker : folded.workers) {
        rows.push_back(
            {producer, std::uint64_t{worker.worker.value}, worker.member.value, worker.name});
    }
    return insert_rows(db, "INSERT INTO producer_worker (producer, handle, member, name) VALUES",
                       "", rows);
}

// By the order of the key, as they were read: nobody else adds rows or takes them away, for the
// lease's row is held. So what is killed in between is done by halves nowhere.
Result<void> drop_moved(MysqlConnection& db, std::uint64_t period, std::uint64_t at_once)
{
    const auto dropped =
        db.execute("DELETE FROM worker_sum WHERE period = ? ORDER BY account_id, worker LIMIT ?",
                   {period, at_once});
    if (!dropped) return fail(dropped.error());
    return {};
}

Result<void> roll_into_day(MysqlConnection& db, std::uint64_t period, std::uint64_t at_once)
{
    constexpr std::uint64_t periods_a_day = 144;
    const auto added = db.execute(
        "INSERT INTO worker_day (day, account_id, worker, shares, stale, work) "
        "SELECT ?, account_id, worker, shares, stale, work FROM worker_sum s WHERE s.period = ? "
        "ORDER BY s.account_id, s.worker LIMIT ? "
        "ON DUPLICATE KEY UPDATE shares = worker_day.shares + VALUES(shares), "
        "stale = worker_day.stale + VALUES(stale), work = worker_day.work + VALUES(work)",
        {period / periods_a_day, period, at_once});
    if (!added) return fail(added.error());
    return drop_moved(db, period, at_once);
}

}  // namespace

Result<std::vector<KnownProducer>> read_producers(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT name, mark, watermark_ms, retired, gap, owner, print, IF(told_at_ms + ? >= "
        "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED), unbooked_ms, 0) FROM producer "
        "ORDER BY name",
        {static_cast<std::uint64_t>(std::chrono::milliseconds{told_is_fresh}.count())});
    if (!rows) return fail(rows.error());
    std::vector<KnownProducer> producers;
    for (const SqlRow& row : *rows) {
        producers.push_back({row.text(0),
                             row.u64(1),
                             pool::UnixMillis{row.u64(2)},
                             row.u64(3) != 0,
                             row.u64(4) != 0,
                             row.text(5),
                             {},
                             pool::UnixMillis{row.u64(7)}});
        if (!row.null(6)) producers.back().print = row.u64(6);
    }
    return producers;
}

Result<void> ensure_producer(MysqlConnection& db, std::string_view name)
{
    const auto back = db.execute("UPDATE producer SET retired = 0 WHERE name = ?", {sql(name)});
    if (!back) return fail(back.error());
    if (back->rows > 0) return {};
    const auto made = db.execute("INSERT INTO producer (name) VALUES (?)", {sql(name)});
    if (made || made.error().code == Error::Code::conflict) return {};  // its server was quicker
    return fail(made.error());
}

Result<std::uint64_t> read_mark(MysqlConnection& db, std::string_view name)
{
    const auto rows = db.query("SELECT mark FROM producer WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    return rows->empty() ? 0 : rows->front().u64(0);
}

Result<ProducerState> read_state(MysqlConnection& db, std::string_view name)
{
    const auto rows =
        db.query("SELECT mark, watermark_ms FROM producer WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    ProducerState state;
    if (rows->empty()) return state;
    state.mark = rows->front().u64(0);
    state.watermark = pool::UnixMillis{rows->front().u64(1)};
    return state;
}

Result<void> retire_producer(MysqlConnection& db, std::string_view name)
{
    const auto done = db.execute("UPDATE producer SET retired = 1 WHERE name = ?", {sql(name)});
    if (!done) return fail(done.error());
    if (done->rows == 1) return {};
    return fail(Error::Code::not_found,
                "the books know no producer " + std::string{name.substr(0, 64)});
}

Result<void> note_gap(MysqlConnection& db, std::string_view name, bool gap)
{
    const auto done =
        db.execute("UPDATE producer SET gap = ? WHERE name = ?", {std::uint64_t{gap}, sql(name)});
    if (!done) return fail(done.error());
    return {};
}

Result<bool> merge_into_hours(MysqlConnection& db, Lease& lease, std::uint64_t period,
                              std::uint64_t at_once)
{
    constexpr std::uint64_t periods_an_hour = 6;
    // The periods that there are, by the key alone: a month's are some hundreds.
    const auto oldest = db.query(
        "SELECT MIN(d.period) FROM (SELECT DISTINCT period FROM worker_sum WHERE period < ?) d "
        "WHERE d.period % ? <> 0",
        {period, periods_an_hour});
    if (!oldest) return fail(oldest.error());
    if (oldest->front().null(0)) return false;
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease.fence(); !ours) return fail(ours.error());
    const std::uint64_t merged = oldest->front().u64(0);
    const auto added = db.execute(
        "INSERT INTO worker_sum (period, account_id, worker, shares, stale, work) "
        "SELECT ?, account_id, worker, shares, stale, work FROM worker_sum s WHERE s.period = ? "
        "ORDER BY s.account_id, s.worker LIMIT ? "
        "ON DUPLICATE KEY UPDATE shares = worker_sum.shares + VALUES(shares), "
        "stale = worker_sum.stale + VALUES(stale), work = worker_sum.work + VALUES(work)",
        {merged - merged % periods_an_hour, merged, at_once});
    if (!added) return fail(added.error());
    if (auto done = drop_moved(db, merged, at_once); !done) return fail(done.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return true;
}

Result<bool> roll_up_workers(MysqlConnection& db, Lease& lease, const WorkerBounds& bounds)
{
    const auto oldest = db.query(
        "SELECT MIN(period), EXISTS (SELECT 1 FROM worker_day WHERE day < ?) FROM worker_sum "
        "WHERE period < ?",
        {bounds.first_day, bounds.period});
    if (!oldest) return fail(oldest.error());
    const SqlRow& due = oldest->front();
    if (due.null(0) && due.u64(1) == 0) return false;
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease.fence(); !ours) return fail(ours.error());
    if (!due.null(0)) {
        auto rolled = roll_into_day(db, due.u64(0), bounds.at_once);
        if (!rolled) return fail(rolled.error());
    } else {
        const auto old = db.execute(
            "DELETE FROM worker_day WHERE day < ? ORDER BY day, account_id, worker LIMIT ?",
            {bounds.first_day, bounds.at_once});
        if (!old) return fail(old.error());
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return true;
}

Result<void> move_mark(MysqlConnection& db, std::string_view name, std::uint64_t expected,
                       const ProducerState& state)
{
    const SqlValue print = state.print ? SqlValue{*state.print} : SqlValue{std::monostate{}};
    const auto moved = db.execute(
        "UPDATE producer SET mark = ?, watermark_ms = ?, print = ? "
        "WHERE name = ? AND mark = ?",
        {state.mark, state.watermark.value, print, sql(name), expected});
    if (!moved) return fail(moved.error());
    if (moved->rows != 1) {
        return fail(Error::Code::conflict, "someone else has booked shares of producer " +
                                               std::string{name} + " meanwhile");
    }
    return {};
}

Result<void> add_folded(MysqlConnection& db, std::string_view producer, const Folded& folded)
{
    struct Total {
        std::uint64_t shares = 0;
        std::uint64_t stale = 0;
        pool::U128 work = 0;
        pool::U128 score = 0;
        std::uint64_t last_slot = 0;
    };
    std::map<AccountId, Total> totals;
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [key, bucket] : folded.buckets) {
        rows.push_back({key.slot, key.account.value, key.site, bucket.shares, bucket.stale,
                        bucket.late, sql(bucket.work), sql(bucket.stale_work), sql(bucket.score)});
        Total& total = totals[key.account];
        total.shares += bucket.shares;
        total.stale += bucket.stale;
        total.work += bucket.work;
        total.score += bucket.score;
        total.last_slot = std::max(total.last_slot, key.slot);
    }
    auto added = insert_rows(
        db,
        "INSERT INTO slot_account (slot_id, account_id, site_id, shares, stale, late, work, "
        "stale_work, "
        "score) VALUES",
        " ON DUPLICATE KEY UPDATE shares = shares + VALUES(shares), stale = stale + VALUES(stale), "
        "late = late + VALUES(late), work = work + VALUES(work), "
        "stale_work = stale_work + VALUES(stale_work), score = score + VALUES(score)",
        rows);
    if (!added) return added;
    rows.clear();
    for (const auto& [account, total] : totals) {
        rows.push_back({account.value, total.shares, total.stale, sql(total.work), sql(total.score),
                        total.last_slot});
    }
    added = insert_rows(
        db, "INSERT INTO account_total (account_id, shares, stale, work, score, last_slot) VALUES",
        " ON DUPLICATE KEY UPDATE shares = shares + VALUES(shares), stale = stale + VALUES(stale), "
        "work = work + VALUES(work), score = score + VALUES(score), "
        "last_slot = GREATEST(last_slot, VALUES(last_slot))",
        rows);
    if (!added) return added;
    rows.clear();
    for (const auto& [key, sum] : folded.worker_sums) {
        rows.push_back(
            {key.period, key.account.value, key.worker, sum.shares, sum.stale, sql(sum.work)});
    }
    added = insert_rows(
        db, "INSERT INTO worker_sum (period, account_id, worker, shares, stale, work) VALUES",
        " ON DUPLICATE KEY UPDATE shares = shares + VALUES(shares), stale = stale + VALUES(stale), "
        "work = work + VALUES(work)",
        rows);
    if (!added) return added;
    if (added = add_leaves(db, producer, folded); !added) return added;
    return add_handles(db, std::string{producer}, folded);
}

}  // namespace payouts
