#include "payouts/mysql_window.h"

#include <string>
#include <utility>

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint64_t slots_at_once = 2000;

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

/// The same, several of one account perhaps, with whole hours as they were summed when they were
/// sealed.
Result<std::vector<AccountAmount>> read_scores_by_hour(MysqlConnection& db, std::uint64_t first,
                                                       std::uint64_t end)
{
    const std::uint64_t first_hour = (first + slots_an_hour - 1) / slots_an_hour;
    const std::uint64_t end_hour = end / slots_an_hour;
    if (first_hour >= end_hour) return read_scores(db, first, end);
    auto scores = read_scores(db, first, first_hour * slots_an_hour);
    if (!scores) return scores;
    const auto newest = read_scores(db, end_hour * slots_an_hour, end);
    if (!newest) return fail(newest.error());
    scores->insert(scores->end(), newest->begin(), newest->end());
    const auto rows = db.query(
        "SELECT account_id, SUM(score) FROM hour_score WHERE hour >= ? AND hour < ? "
        "GROUP BY account_id",
        {first_hour, end_hour});
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) scores->push_back({AccountId{row.u64(0)}, row.u128(1)});
    return scores;
}

pool::U128 sum_of(const std::vector<AccountAmount>& amounts)
{
    pool::U128 sum = 0;
    for (const AccountAmount& each : amounts) sum += each.amount;
    return sum;
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

Result<WindowFound> read_window(MysqlConnection& db, std::uint64_t end, pool::U128 size)
{
    const auto searched = find_bounds(db, end, size);
    if (!searched) return fail(searched.error());
    const WindowBounds& bounds = *searched;
    const pool::U128 cut_kept = bounds.cut ? bounds.cut->kept : 0;
    std::vector<AccountAmount> full;
    std::vector<AccountAmount> cut_slot;
    if (bounds.first_full) {
        auto scores = read_scores_by_hour(db, *bounds.first_full, end);
        // The hours are but a copy: what differs from what was sealed is not believed.
        if (scores && sum_of(*scores) + cut_kept != bounds.total) {
            scores = read_scores(db, *bounds.first_full, end);
        }
        if (!scores) return fail(scores.error());
        full = std::move(*scores);
    }
    if (bounds.cut) {
        auto scores = read_scores(db, bounds.cut->slot, bounds.cut->slot + 1);
        if (!scores) return fail(scores.error());
        cut_slot = std::move(*scores);
    }
    if (sum_of(full) + cut_kept != bounds.total ||
        sum_of(cut_slot) != (bounds.cut ? bounds.cut->of : 0)) {
        return fail(Error::Code::refused,
                    "the buckets of the window before slot " + std::to_string(end) +
                        " are not what was sealed: zubr-cli verifyledger says where");
    }
    return WindowFound{bounds, window_weights(bounds, full, cut_slot)};
}

Result<bool> hour_is_its_slots(MysqlConnection& db, std::uint64_t hour)
{
    const auto rows = db.query(
        "SELECT COUNT(*) FROM (SELECT account_id FROM ("
        "SELECT s.account_id, s.score sealed, 0 copied, " +
            std::string{moment_of_slots} +
            " moment FROM slot_account s "
            "JOIN slot t ON t.slot_id = s.slot_id WHERE s.slot_id >= ? AND s.slot_id < ? "
            "UNION ALL SELECT account_id, 0, score, -moment FROM hour_score WHERE hour = ?) "
            "both_sides "
            "GROUP BY account_id HAVING SUM(sealed) <> SUM(copied) OR SUM(moment) <> 0) differing",
        {hour * slots_an_hour, (hour + 1) * slots_an_hour, hour});
    if (!rows) return fail(rows.error());
    return rows->front().u64(0) == 0;
}

}  // namespace payouts
