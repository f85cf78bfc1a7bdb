#include "pool/app/payout_status.h"

#include <array>
#include <string_view>
#include <utility>

namespace pool {
namespace {

using payouts::HoldCause;

struct Cause {
    HoldCause cause;
    std::string_view name;  // stable: alarms know it
};
constexpr std::array causes{Cause{HoldCause::books, "books"}, Cause{HoldCause::server, "zubrd"},
                            Cause{HoldCause::person, "person"}, Cause{HoldCause::file, "file"}};
static_assert(causes.size() + 1 == payouts::hold_causes);

void add(std::vector<rpc::Metric>& metrics, const char* name, const char* help, double value)
{
    rpc::Metric& metric = metrics.emplace_back();
    metric.name = name;
    metric.help = help;
    metric.value = value;
}

}  // namespace

void add_payout_metrics(const PayoutStatus& status, std::vector<rpc::Metric>& metrics)
{
    const payouts::PayoutReport& last = status.last;
    const auto held = [&metrics](std::string_view reason, bool so) {
        add(metrics, "zubr_payouts_held", "1 while no payment leaves for the first time, by reason",
            so ? 1 : 0);
        metrics.back().labels = {{"reason", std::string{reason}}};
    };
    for (const Cause& each : causes) held(each.name, last.hold.cause == each.cause);
    held("wallet", !last.paused.empty());
    add(metrics, "zubr_payout_schedule_overdue_seconds",
        "Since everyone should have been drafted and was not; 0 while the schedule is kept",
        static_cast<double>(last.overdue.count()) / 1000);
    add(metrics, "zubr_payouts_waiting", "Payouts that cannot take their next step",
        static_cast<double>(last.waiting));
    add(metrics, "zubr_payout_step_last_success_timestamp_seconds",
        "When the payout thread last did its work",
        static_cast<double>(status.good_at.value) / 1000);
    add(metrics, "zubr_books_wallet_difference_sats",
        "What the books say beyond what the wallet has, found by two looks in a row",
        static_cast<double>(last.funds.difference.value));
    add(metrics, "zubr_hot_wallet_above_max",
        "1 while the wallet holds more than payouts.hot_wallet_max_sat",
        last.funds.above_max ? 1 : 0);
}

rpc::Dependency payouts_part(const PayoutStatus& status)
{
    const payouts::PayoutReport& last = status.last;
    const auto bad = [](std::string state, std::string trouble, std::string detail) {
        return rpc::Dependency{"payouts", false, std::move(state), std::move(trouble),
                               std::move(detail)};
    };
    if (!status.trouble.empty()) return bad(status.trouble, "payouts_trouble", status.trouble);
    if (last.hold.stopped) {
        const std::string who = last.hold.by + ": " + last.hold.reason;
        return bad("held by " + who, "payouts_held", who);
    }
    if (!last.paused.empty()) return bad(last.paused, "payouts_paused", last.paused);
    if (last.waiting > 0) {
        const std::string count = std::to_string(last.waiting);
        return bad("payouts that wait: " + count + " (listpayouts)", "payouts_wait", count);
    }
    return {"payouts", true, "ok", "ok", ""};
}

}  // namespace pool
