#include "pool/app/past.h"

#include <algorithm>
#include <utility>

#include "pool/base/uint256.h"

namespace pool {
namespace {

constexpr std::size_t questions_max = 256;
constexpr std::uint64_t day_s = 86'400;
constexpr std::uint64_t bps_whole = 10'000;

double blocks_in(U128 score) { return static_cast<double>(score) / 1e18; }

/// amount * part / whole, down; part <= whole.
Sats share_of(Sats amount, U128 part, U128 whole)
{
    if (whole == 0) return Sats{0};
    const double exact = static_cast<double>(amount.value) *
                         (static_cast<double>(part) / static_cast<double>(whole));
    return Sats{std::min(amount.value, static_cast<std::int64_t>(exact))};
}

rpc::PayoutInfo payout_info(const payouts::PayoutRow& row)
{
    return {.id = row.id,
            .state = row.state,
            .at = row.at,
            .txid = row.txid ? to_display_hex(*row.txid) : std::string{},
            .total = row.total,
            .fee = row.fee,
            .recipients = row.recipients,
            .confirmations = row.confirmations};
}

using PayoutInfos = std::vector<rpc::PayoutInfo>;

Result<PayoutInfos> payout_infos(const Result<std::vector<payouts::PayoutRow>>& rows)
{
    if (!rows) return fail(rows.error());
    PayoutInfos out;
    for (const payouts::PayoutRow& row : *rows) out.push_back(payout_info(row));
    return out;
}

std::optional<payouts::EarningPlace> behind_of(const std::optional<rpc::BlockCursor>& after)
{
    if (!after) return std::nullopt;
    const auto hash = digest_from_display_hex(after->hash);
    if (!hash) return std::nullopt;
    return payouts::EarningPlace{after->height, BlockHash{*hash}};
}

}  // namespace

std::vector<rpc::HistoryStep> filled(const std::vector<payouts::HistoryPoint>& points,
                                     std::uint64_t from_s, std::uint64_t now_s,
                                     std::uint64_t step_s)
{
    std::vector<rpc::HistoryStep> steps;
    auto next = points.begin();
    for (std::uint64_t at = from_s / step_s * step_s; at <= now_s; at += step_s) {
        rpc::HistoryStep step;
        step.from_s = at;
        while (next != points.end() && next->from_s < at) ++next;
        if (next != points.end() && next->from_s == at) {
            // Of the step that is under way only what has passed counts.
            const std::uint64_t length = std::max<std::uint64_t>(1, std::min(step_s, now_s - at));
            step.hashrate = static_cast<double>(next->work) / static_cast<double>(length);
            step.shares = next->shares;
            step.stale = next->stale;
        }
        steps.push_back(step);
    }
    return steps;
}

rpc::WindowInfo worth(const payouts::WindowPart& part, Sats reward)
{
    const Sats net{reward.value - reward.value * static_cast<std::int64_t>(part.fee_bps) /
                                      static_cast<std::int64_t>(bps_whole)};
    rpc::WindowInfo info;
    info.fee_bps = part.fee_bps;
    if (part.window == 0) return info;
    // A window that is not full yet shares the whole reward among those who are in it.
    info.part =
        part.total == 0 ? 0 : static_cast<double>(part.mine) / static_cast<double>(part.total);
    info.filled = static_cast<double>(part.total) / static_cast<double>(part.window);
    info.next_block = share_of(net, part.mine, part.total);
    info.to_come =
        Sats{static_cast<std::int64_t>(static_cast<double>(net.value) * blocks_in(part.to_come))};
    return info;
}

Past::Past(Loop& rpc_loop, std::unique_ptr<payouts::History> books)
    : rpc_loop_(rpc_loop), books_(std::move(books)), reader_(questions_max, {})
{
    reader_.start();
}

Past::~Past() { reader_.stop(); }

template <typename T, typename Ask>
void Past::ask(Ask question, Done<T> done)
{
    const auto reply = std::make_shared<Done<T>>(std::move(done));
    const bool posted = reader_.post([this, question = std::move(question), reply] {
        auto answer = std::make_shared<Result<T>>(question(*books_));
        rpc_loop_.post([reply, answer] { (*reply)(std::move(*answer)); });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "too many questions at once; try again"));
}

void Past::history(const rpc::HistoryQuestion& question, Done<rpc::HistoryInfo> done)
{
    ask<rpc::HistoryInfo>(
        [question](payouts::History& books) -> Result<rpc::HistoryInfo> {
            const std::uint64_t step = question.span.step_s;
            const std::uint64_t now = read_clock().wall.value / 1000;
            const std::uint64_t from = (now - question.span.hours * 3600) / step * step;
            const auto points =
                question.account.empty() ? books.pool_work(from, step)
                : question.worker.empty()
                    ? books.account_work(question.account, question.site, from, step)
                    : books.worker_work(question.account, question.worker, from, step);
            if (!points) return fail(points.error());
            return rpc::HistoryInfo{step, filled(*points, from, now, step)};
        },
        std::move(done));
}

void Past::sites(const std::string& account, Done<std::vector<rpc::SiteInfo>> done)
{
    ask<std::vector<rpc::SiteInfo>>(
        [account](payouts::History& books) -> Result<std::vector<rpc::SiteInfo>> {
            const auto sums = books.sites(account, read_clock().wall.value / 1000 - day_s);
            if (!sums) return fail(sums.error());
            std::vector<rpc::SiteInfo> out;
            for (const payouts::SiteSum& sum : *sums) {
                out.push_back(
                    {sum.site, static_cast<double>(sum.work) / day_s, sum.shares, sum.stale});
            }
            return out;
        },
        std::move(done));
}

void Past::workers(Done<std::vector<payouts::PastWorker>> done)
{
    ask<std::vector<payouts::PastWorker>>(
        [](payouts::History& books) {
            return books.workers(read_clock().wall.value / 1000 - 7 * day_s);
        },
        std::move(done));
}

void Past::earnings(const std::string& account, std::uint32_t limit,
                    const std::optional<rpc::BlockCursor>& after,
                    Done<std::vector<rpc::EarningInfo>> done)
{
    ask<std::vector<rpc::EarningInfo>>(
        [account, limit, behind = behind_of(after)](
            payouts::History& books) -> Result<std::vector<rpc::EarningInfo>> {
            const auto rows = books.earnings(account, limit, behind);
            if (!rows) return fail(rows.error());
            std::vector<rpc::EarningInfo> out;
            for (const payouts::EarningRow& row : *rows) {
                out.push_back({row.height, to_display_hex(row.hash), row.found_at,
                               std::string{payouts::to_string(row.state)}, row.gross, row.fee,
                               row.net});
            }
            return out;
        },
        std::move(done));
}

void Past::payouts(std::uint32_t limit, std::optional<std::uint64_t> before,
                   Done<std::vector<rpc::PayoutInfo>> done)
{
    ask<PayoutInfos>(
        [limit, before](payouts::History& books) {
            return payout_infos(books.payouts(limit, before));
        },
        std::move(done));
}

void Past::payouts_to_follow(std::uint32_t limit, Done<std::vector<rpc::PayoutInfo>> done)
{
    ask<PayoutInfos>(
        [limit](payouts::History& books) { return payout_infos(books.payouts_to_follow(limit)); },
        std::move(done));
}

void Past::payouts_of(const std::string& account, std::uint32_t limit,
                      const std::optional<rpc::PaidCursor>& after,
                      Done<std::vector<rpc::PaidInfo>> done)
{
    using Infos = std::vector<rpc::PaidInfo>;
    ask<Infos>(
        [account, limit, after](payouts::History& books) -> Result<Infos> {
            std::optional<payouts::PaidPlace> behind;
            if (after) behind = {after->payout, after->line};
            const auto rows = books.payouts_of(account, limit, behind);
            if (!rows) return fail(rows.error());
            Infos out;
            for (const payouts::PaidRow& row : *rows) {
                out.push_back(
                    {payout_info(row.payout), row.line, row.address, row.amount, row.fee_share});
            }
            return out;
        },
        std::move(done));
}

void Past::window(const std::string& account, Sats reward, Done<rpc::WindowInfo> done)
{
    ask<rpc::WindowInfo>(
        [account, reward](payouts::History& books) -> Result<rpc::WindowInfo> {
            const auto part = books.window(account);
            if (!part) return fail(part.error());
            return worth(*part, reward);
        },
        std::move(done));
}

void Past::block_answers(const std::string& hash, Done<std::vector<rpc::BlockAnswerInfo>> done)
{
    const auto digest = digest_from_display_hex(hash);
    if (!digest) return done(fail(Error::Code::invalid, "a block is named by 64 hex digits"));
    ask<std::vector<rpc::BlockAnswerInfo>>(
        [block = BlockHash{*digest}](
            payouts::History& books) -> Result<std::vector<rpc::BlockAnswerInfo>> {
            const auto rows = books.answers(block);
            if (!rows) return fail(rows.error());
            std::vector<rpc::BlockAnswerInfo> out;
            for (const payouts::AnswerRow& row : *rows) {
                out.push_back({row.node, row.at, row.outcome, row.reason, row.took_ms});
            }
            return out;
        },
        std::move(done));
}

}  // namespace pool
