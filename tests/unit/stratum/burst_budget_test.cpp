#include "stratum/burst_budget.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using std::chrono::seconds;
using stratum::BurstBudget;

const pool::SteadyTime start{std::chrono::hours{1}};

stratum::IpAddress ip(std::uint32_t number)
{
    stratum::IpAddress address = stratum::parse_ip("10.0.0.0").value_or(stratum::IpAddress{});
    for (std::size_t at = 0; at < 3; ++at) {
        address.bytes[15 - at] = static_cast<std::uint8_t>(number >> (8 * at));
    }
    return address;
}

constexpr pool::SessionId one{1};
constexpr pool::SessionId other{2};

TEST(BurstBudget, HoldsForAllThatAnAddressSendsManyAtATime)
{
    BurstBudget budget;
    for (int burst = 0; burst < 5; ++burst) {
        EXPECT_TRUE(budget.take(ip(1), one, 100, 100, start));
    }
    // Beyond it each has a part, the same for all.
    EXPECT_TRUE(budget.take(ip(1), other, 250, 100, start));
    EXPECT_FALSE(budget.take(ip(1), other, 17, 100, start));
    EXPECT_FALSE(budget.take(ip(1), other, 1, 100, start)) << "few as they are";
    EXPECT_TRUE(budget.take(ip(2), one, 500, 100, start));
    EXPECT_TRUE(budget.take(ip(1), {3}, 100, 100, start + seconds{1}));
    EXPECT_TRUE(budget.take(ip(3), one, 1'000'000, 0, start)) << "no limit";
}

// Somebody comes when little is left, alone or with many connections, and keeps to his part each
// time: it is not for him to have others closed that took theirs while there was enough.
TEST(BurstBudget, SendsNobodyAwayForWhatHeTookWhileThereWasEnough)
{
    BurstBudget budget;
    EXPECT_TRUE(budget.take(ip(1), one, 400, 100, start));
    EXPECT_TRUE(budget.take(ip(1), other, 110, 100, start));
    EXPECT_TRUE(budget.take(ip(1), one, 30, 100, start));
    for (std::uint64_t id = 100; id < 200; ++id) {
        EXPECT_TRUE(budget.take(ip(1), {id}, 60, 100, start)) << id;
    }
    EXPECT_TRUE(budget.may_read(ip(1), one, BurstBudget::cost(0, 4096), 100, start));
    EXPECT_TRUE(budget.take(ip(1), one, 30, 100, start)) << "its part is as large as theirs";
    EXPECT_FALSE(budget.take(ip(1), one, 30, 100, start)) << "and no larger";
}

TEST(BurstBudget, HasAPartForEachConnectionHoweverManyFlood)
{
    BurstBudget budget;
    EXPECT_TRUE(budget.take(ip(1), {100}, 500, 100, start));
    for (std::uint64_t flood = 101; flood < 2000; ++flood) {
        EXPECT_FALSE(budget.take(ip(1), {flood}, 300, 100, start));
    }
    EXPECT_TRUE(budget.take(ip(1), one, 60, 100, start));
    EXPECT_FALSE(budget.take(ip(1), one, 17, 100, start));
}

TEST(BurstBudget, LeavesUnreadWhoHasHadItsPartUntilTimeHasPassed)
{
    BurstBudget budget;
    EXPECT_TRUE(budget.may_read(ip(1), one, BurstBudget::cost(0, 65'536), 100, start))
        << "who never sent a burst";
    budget.take(ip(1), one, 450, 100, start);
    EXPECT_TRUE(budget.may_read(ip(1), one, BurstBudget::cost(0, 65'536), 100, start));
    budget.take(ip(1), one, 600, 100, start);
    EXPECT_FALSE(budget.may_read(ip(1), one, BurstBudget::cost(0, 4096), 100, start));
    EXPECT_FALSE(budget.may_read(ip(1), {77}, BurstBudget::cost(546, 16'384), 100, start))
        << "a newcomer with short requests, which cost more than their bytes say";
    EXPECT_TRUE(budget.may_read(ip(1), one, BurstBudget::cost(0, 4096), 0, start)) << "no limit";
    EXPECT_TRUE(budget.may_read(ip(1), one, BurstBudget::cost(0, 4096), 100, start + seconds{1}));
}

TEST(BurstBudget, ChargesPaddingByItsBytes)
{
    EXPECT_EQ(BurstBudget::cost(100, 12'000), 100);
    EXPECT_EQ(BurstBudget::cost(8, 65'536), 256);
}

TEST(BurstBudget, RemembersABoundedNumberOfAddresses)
{
    BurstBudget budget;
    for (std::uint32_t i = 0; i < 25'000; ++i) {
        budget.take(ip(i), one, 100, 100, start + seconds{i / 10'000});
        ASSERT_LE(budget.addresses(), BurstBudget::addresses_max);
    }
}

// Sixteen lines of each of four thousand connections at one moment, and again, and again.
TEST(BurstBudget, ChargesFewLinesAsOftenAsTheyCome)
{
    constexpr std::uint64_t connections = 4096;
    constexpr double per_second = 4000;
    BurstBudget budget;
    std::vector<bool> gone(connections);
    double taken = 0;
    for (int pulse = 0; pulse < 50; ++pulse) {
        const pool::SteadyTime now = start + std::chrono::milliseconds{100 * pulse};
        for (std::uint64_t id = 0; id < connections; ++id) {
            if (gone[id]) continue;
            taken += 16;
            gone[id] = !budget.take(ip(1), {id}, 16, per_second, now);
        }
    }
    EXPECT_LE(taken, 10 * per_second + connections * (BurstBudget::part_least + 16));
    // A machine at work behind the same address sends less than its part.
    for (int line = 0; line < 50; ++line) {
        EXPECT_TRUE(budget.take(ip(1), {5000}, 1, per_second, start + seconds{5}));
    }
}

// Lines of many addresses, each of them few: the memory is bounded, and room is made for many.
TEST(BurstBudget, MakesRoomForManyAddressesAtATime)
{
    BurstBudget budget;
    std::size_t walks = 0;
    std::size_t before = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        budget.take(ip(i), one, 1, 100, start + std::chrono::microseconds{i});
        if (budget.addresses() < before) ++walks;
        before = budget.addresses();
    }
    EXPECT_LE(walks, 20U);
}

// Eight hundred lines in five seconds, each of them a share, among four thousand connections of
// strangers with a dozen a second each.
TEST(BurstBudget, KeepsAProxyWhoseSharesCountHoweverManyLesserFloodersThereAre)
{
    const auto stays = [](bool counts) {
        constexpr double per_second = 4000;
        constexpr pool::SessionId proxy{5000};
        BurstBudget budget;
        for (int tenth = 0; tenth < 100; ++tenth) {
            const pool::SteadyTime now = start + std::chrono::milliseconds{100 * tenth};
            for (std::uint64_t id = 1; id <= 4000; ++id) {
                budget.take(ip(1), {id}, 1.2, per_second, now);
            }
            if (!budget.take(ip(1), proxy, 16, per_second, now)) return false;
            for (int share = 0; counts && share < 16; ++share) budget.forgive(ip(1), proxy);
        }
        return true;
    };
    EXPECT_TRUE(stays(true));
    EXPECT_FALSE(stays(false)) << "who has no shares is one of them";
}

TEST(BurstBudget, ForgetsWhoHasSaidNothingForLong)
{
    BurstBudget budget;
    for (std::uint32_t i = 0; i < 3000; ++i) budget.take(ip(i), one, 100, 100, start);
    budget.tick(start + seconds{20});
    EXPECT_EQ(budget.addresses(), 3000U);
    EXPECT_TRUE(budget.take(ip(1), one, 100, 100, start + seconds{40}));
    for (int tick = 0; tick < 60; ++tick) budget.tick(start + seconds{45});
    EXPECT_EQ(budget.addresses(), 1U) << "who came back stays";
}

std::string pings(int count)
{
    std::string lines;
    for (int i = 0; i < count; ++i)
        lines += R"({"id":1,"method":"mining.ping","params":[]})"
                 "\n";
    return lines;
}

struct Farm {
    Farm()
    {
        stratum::GateOptions limits;
        limits.lines_per_second = 100;
        gate = std::make_unique<stratum::Gate>(limits);
        auto options = Talk::default_options();
        options.gate = gate.get();
        talk = std::make_unique<Talk>(options);
        talk->publish(1);
    }
    pool::SessionId open(const std::string& peer)
    {
        const pool::SessionId id = talk->shard.open(peer, talk->now);
        talk->say(id, R"({"id":1,"method":"mining.subscribe","params":[]})"
                      "\n"
                      R"({"id":2,"method":"mining.authorize","params":["user.w",""]})");
        return id;
    }
    std::unique_ptr<stratum::Gate> gate;
    std::unique_ptr<Talk> talk;
};

TEST(BurstBudget, EndsWhoFloodsAndLeavesItsNeighboursBehindTheSameAddressAlone)
{
    Farm farm;
    const auto& metrics = farm.talk->shard.metrics();
    const auto flood = farm.open("192.0.2.1:1");
    const auto proxy = farm.open("192.0.2.1:2");
    const auto neighbour = farm.open("192.0.2.1:3");
    const auto elsewhere = farm.open("192.0.2.2:4");
    farm.talk->send(flood, pings(490));
    EXPECT_EQ(farm.talk->end_of(flood), std::nullopt) << "all of it was there to be taken";
    // The proxy's burst is the one for which nothing is left, and not its fault.
    EXPECT_EQ(farm.talk->send(proxy, pings(30)).size(), 30U);
    EXPECT_EQ(farm.talk->end_of(proxy), std::nullopt);
    farm.talk->send(flood, pings(490));
    EXPECT_EQ(farm.talk->end_of(flood), stratum::EndReason::crowded_address);
    EXPECT_EQ(farm.talk->end_of(proxy), std::nullopt);
    EXPECT_EQ(metrics.crowded_bursts.value(), 1U);
    EXPECT_FALSE(stratum::is_misbehaviour(stratum::EndReason::crowded_address));
    for (int i = 0; i < 50; ++i) farm.talk->send(neighbour, pings(3));
    EXPECT_EQ(farm.talk->end_of(neighbour), std::nullopt);
    farm.talk->send(elsewhere, pings(400));
    EXPECT_EQ(farm.talk->end_of(elsewhere), std::nullopt);

    // Who comes again and again is not even read in the end.
    std::uint64_t read = 0;
    for (int again = 0; again < 10; ++again) {
        const auto more = farm.open("192.0.2.1:" + std::to_string(10 + again));
        read = metrics.lines.value();
        farm.talk->send(more, pings(400));
        EXPECT_EQ(farm.talk->end_of(more), stratum::EndReason::crowded_address);
    }
    EXPECT_EQ(metrics.lines.value(), read);
    EXPECT_EQ(farm.talk->send(proxy, pings(20)).size(), 20U);
}

TEST(BurstBudget, GivesBackWhatSharesThatCountHaveCost)
{
    Farm farm;
    for (int i = 0; i < 12; ++i) {
        farm.talk->send(farm.open("192.0.2.1:" + std::to_string(10 + i)), pings(60));
    }
    TalkingMiner proxy{*farm.talk, "user.w1"};
    for (int share = 0; share < 100; ++share) proxy.submit(proxy.find());
    EXPECT_EQ(farm.talk->end_of(proxy.id), std::nullopt);
    EXPECT_EQ(farm.talk->log.shares.size(), 100U);
}

TEST(PaddedLines, CountForAsManyAsTheirBytesAreWorth)
{
    auto options = Talk::default_options();
    options.session.lines_per_second = 10;
    options.session.lines_burst = 50;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner lean{talk, "user.w1"};
    TalkingMiner padded{talk, "user.w2"};
    const std::string ping = R"({"id":1,"method":"mining.ping","params":[]})";
    for (int i = 0; i < 5; ++i) lean.say(ping);
    EXPECT_EQ(talk.end_of(lean.id), std::nullopt);
    for (int i = 0; i < 5; ++i) talk.send(padded.id, std::string(4000, ' ') + ping + "\n");
    EXPECT_EQ(talk.end_of(padded.id), stratum::EndReason::too_many_requests);
}

// What the write queue would not take is not even made.
TEST(Answers, OfOneTurnAreBoundedAlsoBehindAShareWithoutItsVerdict)
{
    auto options = Talk::default_options();
    options.session.answers_bytes = 4096;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner plain{talk, "user.w1"};
    TalkingMiner behind{talk, "user.w2"};
    const std::string share = behind.submit_line(behind.find()) + "\n";
    EXPECT_LE(talk.send_bytes(plain.id, pings(1000)).size(), 4096U + 64);
    EXPECT_EQ(talk.end_of(plain.id), stratum::EndReason::write_stalled);
    EXPECT_LE(talk.send_bytes(behind.id, share + pings(1000)).size(), 4096U + 256);
    EXPECT_EQ(talk.end_of(behind.id), stratum::EndReason::write_stalled);
    EXPECT_EQ(talk.log.shares.size(), 1U);

    TalkingMiner slow{talk, "user.w3"};
    for (int turn = 0; turn < 100; ++turn) EXPECT_EQ(talk.send(slow.id, pings(15)).size(), 15U);
    EXPECT_EQ(talk.end_of(slow.id), std::nullopt);
}

// They ask for nothing, and each is looked at all the same.
TEST(BlankLines, CountAsLinesThatSomebodySends)
{
    Talk talk;
    const pool::SessionId id = talk.open();
    talk.say(id, R"({"id":1,"method":"mining.subscribe","params":[]})");
    const std::string blanks(65'536, '\n');
    talk.send(id, blanks.substr(0, 1000));
    EXPECT_EQ(talk.end_of(id), std::nullopt) << "a few hurt nobody";
    EXPECT_GE(talk.shard.metrics().lines.value(), 1000U);
    talk.send(id, blanks);
    EXPECT_EQ(talk.end_of(id), stratum::EndReason::too_many_requests);
}

}  // namespace
}  // namespace tests
