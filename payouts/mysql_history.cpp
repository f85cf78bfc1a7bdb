#include "payouts/mysql_history.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_account_work.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_history_impl.h"
#include "payouts/mysql_sites.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

namespace {

constexpr std::uint64_t slot_s = 60;
constexpr std::uint64_t period_s = 600;

std::vector<HistoryPoint> points_of(const SqlRows& rows, std::uint64_t step_s)
{
    std::vector<HistoryPoint> points;
    for (const SqlRow& row : rows) {
        points.push_back({row.u64(0) * step_s, row.u128(1), row.u64(2), row.u64(3)});
    }
    return points;
}

void add(HistoryPoint& sum, const HistoryPoint& more)
{
    sum.work += more.work;
    sum.shares += more.shares;
    sum.stale += more.stale;
}

}  // namespace

History::History(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
History::~History() = default;

Result<std::unique_ptr<History>> History::open(const MysqlOptions& options)
{
    auto impl = std::make_unique<Impl>(options);
    if (auto connected = impl->db.connect(); !connected) return fail(connected.error());
    return std::unique_ptr<History>{new History{std::move(impl)}};
}

// Copied minutes by their sums of ten, the rest from the minutes themselves. Minutes stay, so one
// that is copied meanwhile is not missed.
Result<std::vector<HistoryPoint>> History::Impl::work(const Work& of, std::uint64_t from_s,
                                                      std::uint64_t step_s)
{
    pool::check(step_s > 0 && step_s % slot_s == 0, "a step is whole slots");
    std::vector<HistoryPoint> points;
    std::uint64_t minutes_from = from_s / slot_s;
    if (step_s % period_s == 0) {
        const auto copied = first_not_copied(db, of.account);
        if (!copied) return fail(copied.error());
        std::vector<SqlValue> values{step_s / period_s, of.account, from_s / period_s, *copied};
        if (of.site) values.emplace_back(*of.site);
        const auto rows = query(
            "SELECT period DIV ? AS step, SUM(work), SUM(shares), SUM(stale) FROM account_work "
            "WHERE account_id = ? AND period >= ? AND period < ? " +
                std::string{of.site ? "AND site_id = ? " : ""} + "GROUP BY step ORDER BY step",
            values);
        if (!rows) return fail(rows.error());
        points = points_of(*rows, step_s);
        minutes_from = std::max(minutes_from, *copied * (period_s / slot_s));
    }
    std::vector<SqlValue> values{step_s / slot_s};
    std::string where = "slot WHERE ";
    if (of.account != whole_pool) {
        where = "slot_account WHERE account_id = ? AND ";
        values.emplace_back(of.account);
    }
    if (of.site) {
        where += "site_id = ? AND ";
        values.emplace_back(*of.site);
    }
    values.emplace_back(minutes_from);
    const auto rows =
        query("SELECT slot_id DIV ? AS step, SUM(work), SUM(shares), SUM(stale) FROM " + where +
                  "slot_id >= ? GROUP BY step ORDER BY step",
              values);
    if (!rows) return fail(rows.error());
    for (const HistoryPoint& point : points_of(*rows, step_s)) {
        if (points.empty() || points.back().from_s != point.from_s) {
            points.push_back(point);
        } else {
            add(points.back(), point);  // the step that both have a part of
        }
    }
    return points;
}

Result<std::vector<HistoryPoint>> History::pool_work(std::uint64_t from_s, std::uint64_t step_s)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return impl_->work({whole_pool, std::nullopt}, from_s, step_s);
}

Result<std::vector<HistoryPoint>> History::account_work(std::string_view account,
                                                        std::string_view site, std::uint64_t from_s,
                                                        std::uint64_t step_s)
{
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    Impl::Work of{*id, std::nullopt};
    if (!site.empty()) {
        const auto found = find_site(impl_->db, pool::AccountId{*id}, site);
        if (!found) return fail(found.error());
        of.site = *found;
    }
    return impl_->work(of, from_s, step_s);
}

Result<std::vector<HistoryPoint>> History::worker_work(std::string_view account,
                                                       std::string_view worker,
                                                       std::uint64_t from_s, std::uint64_t step_s)
{
    pool::check(step_s > 0 && step_s % period_s == 0, "a step is whole periods");
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    const auto known = impl_->query(
        "SELECT 1 FROM worker_sum WHERE account_id = ? AND worker = ? LIMIT 1", {*id, sql(worker)});
    if (!known) return fail(known.error());
    if (known->empty()) return fail(Error::Code::not_found, "no such worker");
    const auto rows = impl_->query(
        "SELECT period DIV ? AS step, SUM(work), SUM(shares), SUM(stale) FROM worker_sum "
        "FORCE INDEX (worker_sum_worker) "  // else others' rows are read where that seems to be
                                            // less
        "WHERE account_id = ? AND worker = ? AND period >= ? GROUP BY step ORDER BY step",
        {step_s / period_s, *id, sql(worker), from_s / period_s});
    if (!rows) return fail(rows.error());
    return points_of(*rows, step_s);
}

// The newest row of each by the end of its rows in the index, whatever is before.
Result<std::vector<PastWorker>> History::workers(std::uint64_t from_s)
{
    constexpr std::uint64_t most = 100'000;
    const auto rows = impl_->query(
        "SELECT a.name, w.worker, w.newest FROM (SELECT account_id, worker, MAX(period) AS newest "
        "FROM worker_sum FORCE INDEX (worker_sum_worker) GROUP BY account_id, worker "
        "HAVING newest >= ? ORDER BY newest DESC LIMIT ?) w JOIN account a ON a.id = w.account_id",
        {from_s / period_s, most});
    if (!rows) return fail(rows.error());
    std::vector<PastWorker> workers;
    workers.reserve(rows->size());
    for (const SqlRow& row : *rows) {
        workers.push_back({row.text(0), row.text(1), (row.u64(2) + 1) * period_s});
    }
    return workers;
}

Result<std::vector<SiteSum>> History::sites(std::string_view account, std::uint64_t from_s)
{
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    return read_site_sums(impl_->db, pool::AccountId{*id}, from_s / slot_s);
}

Result<std::vector<EarningRow>> History::earnings(std::string_view account, std::uint32_t limit,
                                                  const std::optional<EarningPlace>& behind)
{
    const auto id = impl_->id_of(account);
    if (!id) return fail(id.error());
    const std::uint64_t height = behind ? behind->height.value : UINT32_MAX;
    const auto rows = impl_->query(
        "SELECT f.hash, f.height, f.found_at_ms, f.state, c.gross_sat, c.fee_sat + c.donation_sat, "
        "c.net_sat FROM block_credit c JOIN block_found f "
        "ON f.hash = c.block_hash AND f.epoch = c.epoch AND f.books <> 'nothing' "
        "WHERE c.account_id = ? AND (f.height < ? OR (f.height = ? AND f.hash < ?)) "
        "ORDER BY f.height DESC, f.hash DESC LIMIT ?",
        {*id, height, height, sql(behind ? behind->hash.bytes : pool::Digest{}),
         Impl::bounded(limit)});
    if (!rows) return fail(rows.error());
    std::vector<EarningRow> out;
    for (const SqlRow& row : *rows) {
        EarningRow earning;
        earning.hash = pool::BlockHash{row.digest(0)};
        earning.height = pool::Height{static_cast<std::uint32_t>(row.u64(1))};
        earning.found_at = pool::UnixMillis{row.u64(2)};
        earning.state = block_state_of(row.text(3));
        earning.gross = Sats{row.sats(4)};
        earning.fee = Sats{row.sats(5)};
        earning.net = Sats{row.sats(6)};
        out.push_back(earning);
    }
    return out;
}

Result<std::vector<AnswerRow>> History::answers(const pool::BlockHash& hash)
{
    const auto rows = impl_->query(
        "SELECT node, at_ms, outcome, reason, took_ms FROM block_answer WHERE block_hash = ? "
        "ORDER BY at_ms, node",
        {sql(hash.bytes)});
    if (!rows) return fail(rows.error());
    std::vector<AnswerRow> out;
    for (const SqlRow& row : *rows) {
        out.push_back(
            {row.text(0), pool::UnixMillis{row.u64(1)}, row.text(2), row.text(3), row.u64(4)});
    }
    return out;
}

}  // namespace payouts
