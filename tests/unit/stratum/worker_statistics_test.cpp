#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "stratum/past_workers.h"
#include "stratum/roster.h"
#include "stratum/work_meter.h"

namespace stratum {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const pool::SteadyTime start{hours{1}};

TEST(Roster, FindsEachOfThousandsOfWorkersAgain)
{
    Roster roster;
    const auto user = [](const std::string& account, const std::string& worker) {
        UserName name;
        name.account.name = account;
        name.worker = worker;
        return name;
    };
    constexpr std::size_t most = 3000;
    std::map<std::size_t, std::string> names;
    for (int i = 0; i < 1000; ++i) {
        const std::string name = "rig" + std::to_string(i);
        for (const std::string account : {"first", "second"}) {
            const auto at = roster.add(user(account, name), name, most, start);
            ASSERT_TRUE(at.has_value());
            EXPECT_TRUE(names.emplace(*at, account + name).second) << "no two are one";
        }
        EXPECT_EQ(roster.find_beside(0, "proxied" + name), std::nullopt);
        const std::size_t beside = roster.add_beside(0, "proxied" + name, start);
        EXPECT_TRUE(names.emplace(beside, "proxied" + name).second);
    }
    EXPECT_EQ(roster.add(user("first", "one more"), "", most, start), std::nullopt);
    EXPECT_EQ(roster.find_beside(7, roster.worker(7).name), 7U);
    for (int i = 0; i < 1000; ++i) {
        const std::string name = "rig" + std::to_string(i);
        EXPECT_EQ(names.at(*roster.add(user("second", name), name, most, start)), "second" + name);
        EXPECT_EQ(names.at(roster.find_beside(0, "proxied" + name).value_or(0)), "proxied" + name);
    }
}

TEST(WorkMeter, AveragesOverItsAgeWhileItIsYoungerThanTheWindow)
{
    WorkMeter meter{start};
    EXPECT_EQ(meter.at(start).over(RateWindow::m1), 0);
    for (int second = 0; second < 20; ++second) meter.add(1000, start + seconds{second});
    for (const RateWindow window : {RateWindow::m1, RateWindow::m15, RateWindow::d7}) {
        EXPECT_NEAR(meter.at(start + seconds{20}).over(window), 1000, 1);
    }
}

TEST(WorkMeter, FadesAfterTheLastShareByItsWindow)
{
    WorkMeter meter{start};
    for (int second = 0; second < 7200; ++second) meter.add(1000, start + seconds{second});
    const FadingRates later = meter.at(start + seconds{7200 + 600});
    EXPECT_NEAR(later.over(RateWindow::m1), 0, 1);
    EXPECT_NEAR(later.over(RateWindow::m10), 1000 * std::exp(-1.0), 3);
    EXPECT_NEAR(later.over(RateWindow::d7), 1000 * 7200 / 7800.0, 6);
}

TEST(WorkMeter, HasAWindowOfSixHours)
{
    WorkMeter meter{start};
    for (int minute = 0; minute < 48 * 60; ++minute) {
        meter.add(60'000, start + seconds{60 * minute});
    }
    const FadingRates later = meter.at(start + hours{48 + 6});
    EXPECT_NEAR(later.over(RateWindow::h6), 1000 * std::exp(-1.0), 3);
}

TEST(WorkMeter, SaysTheSameHoweverOftenItIsAskedAndTold)
{
    WorkMeter often{start};
    WorkMeter seldom{start};
    for (int tenth = 0; tenth < 36'000; ++tenth) {
        often.add(100, start + std::chrono::milliseconds{100 * tenth});
        if (tenth % 50 == 0) seldom.add(5000, start + std::chrono::milliseconds{100 * tenth});
    }
    const auto now = start + seconds{3600};
    EXPECT_NEAR(often.at(now).over(RateWindow::h1), 1000, 5);
    EXPECT_NEAR(seldom.at(now).over(RateWindow::h1), 1000, 5);
}

WorkerSnapshot worker(const std::string& name, double rate, double age, std::uint64_t at_ms)
{
    WorkerSnapshot out;
    out.account = "a";
    out.worker = name;
    out.rates.age_seconds = age;
    for (std::size_t i = 0; i < rate_windows.size(); ++i) {
        out.rates.faded[i] = rate * -std::expm1(-age / rate_windows[i]);
    }
    out.counts.accepted = 1;
    out.last_share = {at_ms};
    return out;
}

TEST(PastWorkers, AddUpToOneHistoryWithWhatComesAfter)
{
    // Three hours of 1000 H/s on one connection, and then three more on the next.
    PastWorkers past;
    const double length = 3 * 3600;
    const pool::Now ended{start, {1'000'000}};
    past.add({worker("rig", 1000, length, 1'000'000)}, ended);
    const pool::Now later{start + hours{3}, {1'000'000 + 10'800'000}};
    FadingRates all = past.snapshot(later).at(0).rates;
    all.add(worker("rig", 1000, length, 0).rates);
    EXPECT_NEAR(all.over(RateWindow::d1), 1000, 1);
    EXPECT_NEAR(all.over(RateWindow::d7), 1000, 1);
    EXPECT_NEAR(all.over(RateWindow::m5), 1000, 1);
}

TEST(PastWorkers, ForgetWhoNeverHadAShareAndWhoHadNoneForAWeek)
{
    PastWorkers past;
    const pool::Now now{start, {1'000'000}};
    past.add({worker("never", 0, 5, 0), worker("once", 1, 5, 1'000'000)}, now);
    EXPECT_EQ(past.size(), 1U);
    constexpr std::uint64_t week_ms = 604'800'000;
    past.age_out({start + hours{168}, {1'000'000 + week_ms}});
    EXPECT_EQ(past.size(), 1U);
    past.age_out({start + hours{169}, {1'000'001 + week_ms}});
    EXPECT_EQ(past.size(), 0U);
}

TEST(PastWorkers, KeepToTheirBoundByForgettingTheLongestSilent)
{
    PastWorkers past{100};
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        past.add({worker("rig" + std::to_string(i), 1, 5, i)}, {start, {i}});
        ASSERT_LE(past.size(), 100U);
    }
    bool newest = false;
    for (const WorkerSnapshot& each : past.snapshot({start, {1000}})) {
        newest = newest || each.worker == "rig1000";
        EXPECT_GT(each.last_share.value, 800U);
    }
    EXPECT_TRUE(newest);
    // Also when all have been silent since the same moment.
    PastWorkers equal{100};
    for (int i = 0; i < 300; ++i)
        equal.add({worker("rig" + std::to_string(i), 1, 5, 7)}, {start, {7}});
    EXPECT_LE(equal.size(), 100U);
}

TEST(PastWorkers, ForgetsTheOneThatAnAdminNames)
{
    PastWorkers past;
    past.add({worker("rig", 1000, 60, 1'000'000), worker("other", 1000, 60, 1'000'000)},
             {start, {1'000'000}});
    EXPECT_FALSE(past.forget("b", "rig"));
    EXPECT_TRUE(past.forget("a", "rig"));
    EXPECT_FALSE(past.forget("a", "rig"));
    EXPECT_EQ(past.size(), 1U);
}

}  // namespace
}  // namespace stratum
