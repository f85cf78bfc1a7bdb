// The window of History.
#include <algorithm>
#include <string>

#include "payouts/mysql_history_impl.h"
#include "payouts/mysql_schedules.h"
#include "payouts/mysql_window.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

constexpr unsigned bps_whole = 10'000;

/// Running sum at which the window begins: below zero while it still fills.
std::string edge_of(pool::U128 head, pool::U128 size)
{
    return head >= size ? pool::to_decimal(head - size) : "-" + pool::to_decimal(size - head);
}

/// The oldest slot that ends behind `edge`; `end` is behind one that does. By halves: running sums
/// only grow, and how many slots there were is not known.
Result<std::uint64_t> first_behind(MysqlConnection& db, pool::U128 edge, std::uint64_t end)
{
    std::uint64_t before = 0;
    while (end - before > 1) {
        const std::uint64_t middle = before + (end - before) / 2;
        const auto rows = db.query(
            "SELECT slot_id, cum_score FROM slot WHERE slot_id < ? ORDER BY slot_id DESC LIMIT 1",
            {middle});
        if (!rows) return fail(rows.error());
        if (rows->empty() || rows->front().u128(1) <= edge) {
            before = middle;
        } else {
            end = rows->front().u64(0) + 1;
        }
    }
    return before;
}

}  // namespace

Result<unsigned> History::Impl::taken_bps(pool::AccountId account, std::uint64_t slot)
{
    const auto usual = read_usual_fee(db, slot);
    if (!usual) return fail(usual.error());
    const auto fees = read_changes(db, Schedule::fee, account);
    if (!fees) return fail(fees.error());
    const auto donations = read_changes(db, Schedule::donation, account);
    if (!donations) return fail(donations.error());
    return std::min(bps_at(*fees, slot).value_or(*usual) + bps_at(*donations, slot).value_or(0),
                    bps_whole);
}

Result<History::Impl::Window> History::Impl::window_now()
{
    const auto newest = query("SELECT slot_id, cum_score FROM slot ORDER BY slot_id DESC LIMIT 1");
    if (!newest) return fail(newest.error());
    Window found;
    if (!newest->empty()) {
        found.end = newest->front().u64(0) + 1;
        found.head = newest->front().u128(1);
    }
    // As a block of the next minute would be paid.
    const auto in_force = read_window_in_force(db, found.end);
    if (!in_force) return fail(in_force.error());
    found.size = in_force->size;
    const auto& last = found_last;
    if (last && last->end == found.end && last->size == found.size) return *last;
    if (found.size > 0 && found.head > found.size) {
        const auto first = first_behind(db, found.head - found.size, found.end);
        if (!first) return fail(first.error());
        found.first = *first;
    }
    found_last = found;
    return found;
}

// Of the slot at the edge the youngest part counts; within a slot order does not.
Result<History::Impl::WindowSum> History::Impl::window_slots(std::uint64_t account,
                                                             const Window& in, std::uint64_t first,
                                                             std::uint64_t end)
{
    if (first >= end) return WindowSum{};
    const auto sums = query(
        "SELECT COALESCE(SUM(FLOOR(a.score * LEAST(s.cum_score - w.edge, s.score) / s.score)), 0), "
        "COALESCE(SUM(FLOOR(a.score * LEAST(s.cum_score - w.edge, s.score) / s.score * "
        "(s.cum_score - w.edge - LEAST(s.cum_score - w.edge, s.score) / 2) / w.n)), 0) "
        "FROM (SELECT CAST(? AS DECIMAL(38,0)) AS edge, CAST(? AS DECIMAL(38,0)) AS n) w "
        "JOIN slot_account a ON a.account_id = ? AND a.slot_id >= ? AND a.slot_id < ? "
        "JOIN slot s ON s.slot_id = a.slot_id WHERE s.score > 0",
        {edge_of(in.head, in.size), sql(in.size), account, first, end});
    if (!sums) return fail(sums.error());
    return WindowSum{sums->front().u128(0), sums->front().u128(1)};
}

Result<History::Impl::WindowSum> History::Impl::window_hours(std::uint64_t account,
                                                             const Window& in, std::uint64_t first,
                                                             std::uint64_t end)
{
    if (first >= end) return WindowSum{};
    const auto sums = query(
        "SELECT COALESCE(SUM(h.score), 0), "
        "COALESCE(SUM(GREATEST(0, FLOOR(IF(h.score * 1e0 * w.edge < 4e64, "
        "h.moment - 2 * w.edge * h.score, 0) / (2 * w.n)))), 0) "
        "FROM (SELECT CAST(? AS DECIMAL(38,0)) AS edge, CAST(? AS DECIMAL(38,0)) AS n) w "
        "JOIN hour_score h ON h.account_id = ? AND h.hour >= ? AND h.hour < ?",
        {edge_of(in.head, in.size), sql(in.size), account, first, end});
    if (!sums) return fail(sums.error());
    return WindowSum{sums->front().u128(0), sums->front().u128(1)};
}

// A slot's score lies behind all that came later; it leaves the window when N units do. What is
// left to a unit at depth d is N - d units of the pool's work, in which N - d blocks are expected,
// and each pays it 1 / N of a reward.
Result<WindowPart> History::window(std::string_view account)
{
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    const auto now = impl_->window_now();
    if (!now) return fail(now.error());
    const auto taken = impl_->taken_bps(pool::AccountId{*id}, now->end);
    if (!taken) return fail(taken.error());
    WindowPart part;
    part.fee_bps = *taken;
    part.window = now->size;
    part.total = std::min(now->head, part.window);
    if (part.total == 0) return part;
    // Whole hours as they were summed when they were sealed, that of the slot at the edge never: it
    // may be in the window in part only.
    const bool full = now->head > now->size;
    const std::uint64_t first_hour = full ? now->first / slots_an_hour + 1 : 0;
    const std::uint64_t end_hour = now->end / slots_an_hour;
    const bool hours = first_hour < end_hour;
    const std::uint64_t old_end = hours ? first_hour * slots_an_hour : now->end;
    const std::uint64_t young = hours ? end_hour * slots_an_hour : now->end;
    for (const auto& sum : {impl_->window_slots(*id, *now, now->first, old_end),
                            impl_->window_hours(*id, *now, first_hour, end_hour),
                            impl_->window_slots(*id, *now, young, now->end)}) {
        if (!sum) return fail(sum.error());
        part.mine += sum->mine;
        part.to_come += sum->to_come;
    }
    return part;
}

}  // namespace payouts
