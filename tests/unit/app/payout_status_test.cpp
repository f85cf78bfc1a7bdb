#include "pool/app/payout_status.h"

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace pool {
namespace {

std::map<std::string, double> told(const PayoutStatus& status)
{
    std::vector<rpc::Metric> metrics;
    add_payout_metrics(status, metrics);
    std::map<std::string, double> values;
    for (const rpc::Metric& each : metrics) {
        values[each.labels.empty() ? each.name : each.name + "/" + each.labels[0].second] =
            each.value;
    }
    return values;
}

TEST(PayoutStatus, TellsWhatHoldsPayoutsByItsCause)
{
    const auto well = told({});
    for (const char* reason : {"books", "zubrd", "person", "file", "wallet"}) {
        EXPECT_EQ(well.at("zubr_payouts_held/" + std::string{reason}), 0) << reason;
    }
    PayoutStatus status;
    status.last.hold = {true, payouts::HoldCause::person, "ann", "a look at the wallet"};
    const auto held = told(status);
    EXPECT_EQ(held.at("zubr_payouts_held/person"), 1);
    EXPECT_EQ(held.at("zubr_payouts_held/zubrd"), 0);
    EXPECT_EQ(held.at("zubr_payouts_held/wallet"), 0);
    status.last.hold = {};
    status.last.paused = "the wallet lacks 5 sat of what the books say";
    EXPECT_EQ(told(status).at("zubr_payouts_held/wallet"), 1);
}

TEST(PayoutStatus, TellsHowLateTheScheduleIsAndWhenALastStepWentWell)
{
    PayoutStatus status;
    status.last.overdue = std::chrono::hours{2};
    status.last.waiting = 3;
    status.good_at = UnixMillis{1'700'000'000'500};
    const auto values = told(status);
    EXPECT_EQ(values.at("zubr_payout_schedule_overdue_seconds"), 7200);
    EXPECT_EQ(values.at("zubr_payouts_waiting"), 3);
    EXPECT_EQ(values.at("zubr_payout_step_last_success_timestamp_seconds"), 1'700'000'000.5);
}

TEST(PayoutStatus, SaysToOperatorsWhyNothingLeaves)
{
    const auto told = [](const PayoutStatus& status) {
        const rpc::Dependency part = payouts_part(status);
        EXPECT_EQ(part.ok, part.state == "ok");
        return part.state + " | " + part.trouble + " | " + part.detail;
    };
    PayoutStatus status;
    EXPECT_EQ(told(status), "ok | ok | ");
    status.last.waiting = 1;
    EXPECT_EQ(told(status), "payouts that wait: 1 (listpayouts) | payouts_wait | 1");
    status.last.paused = "is its node behind?";
    EXPECT_EQ(told(status), "is its node behind? | payouts_paused | is its node behind?");
    status.last.hold = {true, payouts::HoldCause::server, "zubrd", "the wallet lacks 5 sat"};
    EXPECT_EQ(
        told(status),
        "held by zubrd: the wallet lacks 5 sat | payouts_held | zubrd: the wallet lacks 5 sat");
    status.trouble = "MySQL is away";
    EXPECT_EQ(told(status), "MySQL is away | payouts_trouble | MySQL is away");
}

}  // namespace
}  // namespace pool
