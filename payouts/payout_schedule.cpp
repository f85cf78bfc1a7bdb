#include "payouts/payout_schedule.h"

#include <chrono>

#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

constexpr unsigned drafts_max = 100;  // of one period
constexpr std::chrono::seconds again_after{60};

std::string request_of(std::uint64_t turn, unsigned number)
{
    std::string first = std::string{scheduled_prefix} + std::to_string(turn);
    return number == 1 ? first : first + "-" + std::to_string(number);
}

/// An end in a period that is yet to come was told by a clock that was ahead: not an end.
std::optional<pool::UnixMillis> believed_end(const std::optional<pool::UnixMillis>& ended,
                                             std::uint64_t period, pool::UnixMillis now)
{
    if (ended && ended->value / period > now.value / period) return std::nullopt;
    return ended;
}

}  // namespace

std::chrono::milliseconds overdue_since(std::chrono::milliseconds every,
                                        const std::optional<pool::UnixMillis>& ended,
                                        pool::UnixMillis now)
{
    const auto period = static_cast<std::uint64_t>(every.count());
    if (period == 0) return {};
    // A pool that has never drafted anybody has missed the present turn alone.
    const auto end = believed_end(ended, period, now);
    const std::uint64_t turn = end ? end->value / period + 1 : now.value / period;
    if (turn * period >= now.value) return {};
    return std::chrono::milliseconds{now.value - turn * period};
}

Result<std::chrono::milliseconds> PayoutSchedule::overdue(pool::UnixMillis now)
{
    if (options_.every.count() == 0) return std::chrono::milliseconds{0};
    const auto ended = newest_schedule(db_);
    if (!ended) return fail(ended.error());
    return overdue_since(options_.every, *ended, now);
}

Result<void> PayoutSchedule::step(pool::Now now)
{
    const auto period = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.every).count());
    if (period == 0 || now.steady < again_) return {};
    const auto ended = newest_schedule(db_);
    if (!ended) return fail(ended.error());
    const std::uint64_t turn = now.wall.value / period;
    if (const auto at = believed_end(*ended, period, now.wall); at && at->value / period >= turn) {
        return {};
    }
    const auto next = next_request(turn);
    if (!next) return fail(next.error());
    const std::optional<std::string>& request = *next;
    if (!request) {
        pool::log::warn("payout_drafts_ended", {{"reason", "as many as a period may have"}});
        return end_turn(now);
    }
    const auto made = drafts_.try_draft(*request, std::string{schedule_name}, now);
    if (!made && !db_.connected()) return fail(made.error());
    if (made && !made->items.empty()) {
        told_.clear();
        return {};
    }
    const std::string why = made ? who_waits(*made) : made.error().detail;
    if (!why.empty()) tell(why);
    // Who waits though others were drafted is in the next turn: else whoever reaches his minimum
    // until then would get a payout of his own, with a fee and approvals of its own.
    const bool drafted = *request != request_of(turn, 1);
    if (made && (why.empty() || drafted)) return end_turn(now);
    again_ = now.steady + again_after;
    return {};
}

void PayoutSchedule::tell(const std::string& why)
{
    if (told_ != why) pool::log::warn("payout_not_scheduled", {{"reason", why}});
    told_ = why;
}

Result<std::optional<std::string>> PayoutSchedule::next_request(std::uint64_t turn)
{
    for (unsigned number = 1; number <= drafts_max; ++number) {
        std::string request = request_of(turn, number);
        const auto known = find_request(db_, request);
        if (!known) return fail(known.error());
        if (!known->has_value()) return request;
    }
    return std::nullopt;
}

Result<void> PayoutSchedule::end_turn(pool::Now now)
{
    told_.clear();
    return worker_.fenced("schedule", [&] {
        return write_control(db_, "last_schedule_ms",
                             {std::to_string(now.wall.value), std::string{schedule_name}},
                             now.wall);
    });
}

}  // namespace payouts
