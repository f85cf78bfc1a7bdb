#include "stratum/burst_budget.h"

#include <string>

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

TEST(BurstBudget, HoldsForAllThatAnAddressSendsManyAtATime)
{
    BurstBudget budget;
    for (int burst = 0; burst < 5; ++burst) EXPECT_TRUE(budget.take(ip(1), 100, 100, start));
    EXPECT_FALSE(budget.take(ip(1), 17, 100, start));
    EXPECT_TRUE(budget.take(ip(1), 16, 100, start)) << "a few cost nothing";
    EXPECT_TRUE(budget.take(ip(2), 500, 100, start));
    EXPECT_TRUE(budget.take(ip(1), 100, 100, start + seconds{1}));
    EXPECT_FALSE(budget.take(ip(1), 17, 100, start + seconds{1}));
    EXPECT_TRUE(budget.take(ip(3), 1'000'000, 0, start)) << "no limit";
}

TEST(BurstBudget, IsSpentUntilTimeHasPassed)
{
    BurstBudget budget;
    EXPECT_FALSE(budget.spent(ip(1), 100, start)) << "who never sent a burst";
    EXPECT_TRUE(budget.take(ip(1), 450, 100, start));
    EXPECT_FALSE(budget.spent(ip(1), 100, start));
    EXPECT_FALSE(budget.take(ip(1), 450, 100, start));
    EXPECT_TRUE(budget.spent(ip(1), 100, start));
    EXPECT_FALSE(budget.spent(ip(1), 0, start)) << "no limit";
    EXPECT_FALSE(budget.spent(ip(1), 100, start + seconds{1}));
}

TEST(BurstBudget, RemembersABoundedNumberOfAddresses)
{
    BurstBudget budget;
    for (std::uint32_t i = 0; i < 25'000; ++i) {
        budget.take(ip(i), 100, 100, start + seconds{i / 10'000});
        ASSERT_LE(budget.addresses(), BurstBudget::addresses_max);
    }
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
    const auto first = farm.open("192.0.2.1:1");
    const auto second = farm.open("192.0.2.1:2");
    const auto neighbour = farm.open("192.0.2.1:3");
    const auto elsewhere = farm.open("192.0.2.2:4");
    farm.talk->send(first, pings(400));
    EXPECT_EQ(farm.talk->end_of(first), std::nullopt);
    farm.talk->send(second, pings(400));
    EXPECT_EQ(farm.talk->end_of(second), stratum::EndReason::too_many_requests);
    EXPECT_EQ(farm.talk->shard.metrics().crowded_bursts.value(), 1U);
    // And the rest of the flood is not even read.
    const auto third = farm.open("192.0.2.1:5");
    const std::uint64_t read = farm.talk->shard.metrics().lines.value();
    farm.talk->send(third, pings(400));
    EXPECT_EQ(farm.talk->end_of(third), stratum::EndReason::too_many_requests);
    EXPECT_EQ(farm.talk->shard.metrics().lines.value(), read);
    for (int i = 0; i < 50; ++i) farm.talk->send(neighbour, pings(3));
    EXPECT_EQ(farm.talk->end_of(neighbour), std::nullopt);
    farm.talk->send(elsewhere, pings(400));
    EXPECT_EQ(farm.talk->end_of(elsewhere), std::nullopt);
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
