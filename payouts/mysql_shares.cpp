#include "payouts/mysql_shares.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint64_t slots_at_once = 2000;
constexpr std::size_t rows_at_once = 50;  // of one INSERT

/// Runs "HEAD (?,…),(?,…) TAIL" over all rows, fifty a statement and then one by one, so that
/// only two texts need preparing.
Result<void> insert_rows(MysqlConnection& db, const std::string& head, const std::string& tail,
                         const std::vector<std::vector<SqlValue>>& rows)
{
    std::size_t done = 0;
    while (done < rows.size()) {
        const std::size_t count = rows.size() - done >= rows_at_once ? rows_at_once : 1;
        std::string text = head;
        std::vector<SqlValue> values;
        for (std::size_t i = 0; i < count; ++i) {
            const std::vector<SqlValue>& row = rows[done + i];
            text += i == 0 ? " (?" : ", (?";
            for (std::size_t column = 1; column < row.size(); ++column) text += ", ?";
            text += ")";
            values.insert(values.end(), row.begin(), row.end());
        }
        const auto inserted = db.execute(text + tail, values);
        if (!inserted) return fail(inserted.error());
        done += count;
    }
    return {};
}

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

Result<std::vector<AccountAmount>> read_scores(MysqlConnection& db, std::uint64_t first,
                                               std::uint64_t end)
{
    const auto rows = db.query(
        "SELECT account_id, SUM(score) FROM slot_account WHERE slot_id >= ? AND slot_id < ? "
        "GROUP BY account_id",
        {first, end});
    if (!rows) return fail(rows.error());
    std::vector<AccountAmount> scores;
    for (const SqlRow& row : *rows) scores.push_back({AccountId{row.u64(0)}, row.u128(1)});
    return scores;
}

Result<WindowBounds> find_bounds(MysqlConnection& db, std::uint64_t end, pool::U128 size)
{
    WindowSearch search{size};
    std::uint64_t before = end;
    while (true) {
        const auto rows = db.query(
            "SELECT slot_id, score FROM slot WHERE slot_id < ? ORDER BY slot_id DESC LIMIT ?",
            {before, slots_at_once});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            before = row.u64(0);
            if (!search.add({before, row.u128(1)})) return search.bounds();
        }
        if (rows->size() < slots_at_once) return search.bounds();
    }
}

}  // namespace

Result<std::vector<KnownProducer>> read_producers(MysqlConnection& db)
{
    const auto rows =
        db.query("SELECT name, mark, watermark_ms, retired FROM producer ORDER BY name");
    if (!rows) return fail(rows.error());
    std::vector<KnownProducer> producers;
    for (const SqlRow& row : *rows) {
        producers.push_back(
            {row.text(0), row.u64(1), pool::UnixMillis{row.u64(2)}, row.u64(3) != 0});
    }
    return producers;
}

Result<void> ensure_producer(MysqlConnection& db, std::string_view name)
{
    const auto made = db.execute(
        "INSERT INTO producer (name) VALUES (?) ON DUPLICATE KEY UPDATE retired = 0", {sql(name)});
    if (!made) return fail(made.error());
    return {};
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
    const auto members =
        db.query("SELECT handle, account_id FROM producer_member WHERE producer = ?", {sql(name)});
    if (!members) return fail(members.error());
    for (const SqlRow& row : *members) state.members[row.u64(0)] = AccountId{row.u64(1)};
    return state;
}

Result<void> retire_producer(MysqlConnection& db, std::string_view name)
{
    const auto done = db.execute("UPDATE producer SET retired = 1 WHERE name = ?", {sql(name)});
    if (!done) return fail(done.error());
    return {};
}

Result<void> move_mark(MysqlConnection& db, std::string_view name, std::uint64_t expected,
                       const ProducerState& state)
{
    const auto moved = db.execute(
        "UPDATE producer SET mark = ?, watermark_ms = ?, retired = 0 WHERE name = ? AND mark = ?",
        {state.mark, state.watermark.value, sql(name), expected});
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
        std::uint64_t last_slot = 0;
    };
    std::map<AccountId, Total> totals;
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [key, bucket] : folded.buckets) {
        rows.push_back({key.slot, key.account.value, bucket.shares, bucket.stale, bucket.late,
                        sql(bucket.work), sql(bucket.stale_work), sql(bucket.score)});
        Total& total = totals[key.account];
        total.shares += bucket.shares;
        total.stale += bucket.stale;
        total.work += bucket.work;
        total.last_slot = std::max(total.last_slot, key.slot);
    }
    auto added = insert_rows(
        db,
        "INSERT INTO slot_account (slot_id, account_id, shares, stale, late, work, stale_work, "
        "score) VALUES",
        " ON DUPLICATE KEY UPDATE shares = shares + VALUES(shares), stale = stale + VALUES(stale), "
        "late = late + VALUES(late), work = work + VALUES(work), "
        "stale_work = stale_work + VALUES(stale_work), score = score + VALUES(score)",
        rows);
    if (!added) return added;
    rows.clear();
    for (const auto& [account, total] : totals) {
        rows.push_back(
            {account.value, total.shares, total.stale, sql(total.work), total.last_slot});
    }
    added = insert_rows(
        db, "INSERT INTO account_total (account_id, shares, stale, work, last_slot) VALUES",
        " ON DUPLICATE KEY UPDATE shares = shares + VALUES(shares), stale = stale + VALUES(stale), "
        "work = work + VALUES(work), last_slot = GREATEST(last_slot, VALUES(last_slot))",
        rows);
    if (!added) return added;
    return add_handles(db, std::string{producer}, folded);
}

Result<std::uint64_t> read_sealed_through(MysqlConnection& db, bool lock)
{
    const auto rows = db.query(std::string{"SELECT sealed_through FROM books WHERE id = 1"} +
                               (lock ? " FOR UPDATE" : ""));
    if (!rows) return fail(rows.error());
    pool::check(rows->size() == 1, "the first migration makes the row");
    return rows->front().u64(0);
}

Result<void> seal_slots(MysqlConnection& db, std::uint64_t sealed_through, std::uint64_t through,
                        pool::UnixMillis now)
{
    const auto last =
        db.query("SELECT cum_shares, cum_stale, cum_score FROM slot ORDER BY slot_id DESC LIMIT 1");
    if (!last) return fail(last.error());
    std::uint64_t shares = last->empty() ? 0 : last->front().u64(0);
    std::uint64_t stale = last->empty() ? 0 : last->front().u64(1);
    pool::U128 score = last->empty() ? 0 : last->front().u128(2);

    const auto sums = db.query(
        "SELECT slot_id, SUM(shares), SUM(stale), SUM(work), SUM(score) FROM slot_account "
        "WHERE slot_id > ? AND slot_id <= ? GROUP BY slot_id ORDER BY slot_id",
        {sealed_through, through});
    if (!sums) return fail(sums.error());
    std::vector<std::vector<SqlValue>> rows;
    for (const SqlRow& sum : *sums) {
        shares += sum.u64(1);
        stale += sum.u64(2);
        score += sum.u128(4);
        rows.push_back({sum.u64(0), sum.u64(1), sum.u64(2), sql(sum.u128(3)), sql(sum.u128(4)),
                        shares, stale, sql(score), now.value});
    }
    auto added = insert_rows(db,
                             "INSERT INTO slot (slot_id, shares, stale, work, score, cum_shares, "
                             "cum_stale, cum_score, sealed_at_ms) VALUES",
                             "", rows);
    if (!added) return added;
    const auto moved =
        db.execute("UPDATE books SET sealed_through = ? WHERE id = 1 AND sealed_through = ?",
                   {through, sealed_through});
    if (!moved) return fail(moved.error());
    pool::check(moved->rows == 1, "the row is locked by this transaction");
    return {};
}

Result<bool> seed_reserve(MysqlConnection& db, pool::U128 score, pool::UnixMillis now)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    const auto sealed = read_sealed_through(db, true);
    if (!sealed) return fail(sealed.error());
    const auto there = db.query("SELECT 1 FROM slot WHERE slot_id = 0");
    if (!there) return fail(there.error());
    if (!there->empty()) return true;
    if (*sealed != 0) return false;
    const auto slot = db.execute(
        "INSERT INTO slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, cum_score, "
        "sealed_at_ms) VALUES (0, 0, 0, 0, ?, 0, 0, ?, ?)",
        {sql(score), sql(score), now.value});
    if (!slot) return fail(slot.error());
    const auto owned = db.execute(
        "INSERT INTO slot_account (slot_id, account_id, shares, stale, late, work, stale_work, "
        "score) VALUES (0, ?, 0, 0, 0, 0, 0, ?)",
        {reserve_account.value, sql(score)});
    if (!owned) return fail(owned.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return true;
}

Result<WindowFound> read_window(MysqlConnection& db, std::uint64_t end, pool::U128 size)
{
    const auto searched = find_bounds(db, end, size);
    if (!searched) return fail(searched.error());
    const WindowBounds& bounds = *searched;
    std::vector<AccountAmount> full;
    std::vector<AccountAmount> cut_slot;
    if (bounds.first_full) {
        auto scores = read_scores(db, *bounds.first_full, end);
        if (!scores) return fail(scores.error());
        full = std::move(*scores);
    }
    if (bounds.cut) {
        auto scores = read_scores(db, bounds.cut->slot, bounds.cut->slot + 1);
        if (!scores) return fail(scores.error());
        cut_slot = std::move(*scores);
    }
    return WindowFound{bounds, window_weights(bounds, full, cut_slot)};
}

}  // namespace payouts
