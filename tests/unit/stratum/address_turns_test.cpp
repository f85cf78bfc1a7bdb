#include "stratum/address_turns.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace stratum {
namespace {

IpAddress ip(std::string_view text) { return parse_ip(text).value_or(IpAddress{}); }

std::vector<std::uint64_t> all(AddressTurns& turns)
{
    std::vector<std::uint64_t> order;
    while (const auto id = turns.next()) order.push_back(id->value);
    return order;
}

TEST(AddressTurns, AreTakenInTheOrderInWhichAnAddressAsksForThem)
{
    AddressTurns turns;
    EXPECT_TRUE(turns.empty());
    for (const std::uint64_t id : {5U, 3U, 9U}) turns.enter(ip("192.0.2.1"), {id});
    EXPECT_FALSE(turns.empty());
    EXPECT_EQ(all(turns), (std::vector<std::uint64_t>{5, 3, 9}));
    EXPECT_TRUE(turns.empty());
}

// A flood of live callers, each with another byte for us, costs their own address its turns.
TEST(AddressTurns, GoRoundAddressesHoweverManyConnectionsOfOneAsk)
{
    AddressTurns turns;
    for (std::uint64_t id = 1000; id < 3000; ++id) turns.enter(ip("192.0.2.1"), {id});
    turns.enter(ip("192.0.2.2"), {1});
    turns.enter(ip("192.0.2.3"), {2});
    turns.enter(ip("192.0.2.2"), {3});
    const auto order = all(turns);
    ASSERT_EQ(order.size(), 2003U);
    EXPECT_EQ((std::vector<std::uint64_t>{order.begin(), order.begin() + 6}),
              (std::vector<std::uint64_t>{1000, 1, 2, 1001, 3, 1002}));
}

// Or thousands who come back at once would all have their signature, and nobody would be in.
TEST(AddressTurns, OfAnAddressEndWhatIsBegunFirst)
{
    AddressTurns turns;
    for (const std::uint64_t id : {1U, 2U, 3U}) turns.enter(ip("192.0.2.1"), {id});
    EXPECT_EQ(turns.next()->value, 1U);
    turns.enter(ip("192.0.2.1"), {1}, true);
    turns.enter(ip("192.0.2.1"), {9}, true);
    turns.enter(ip("192.0.2.2"), {4});
    EXPECT_EQ(all(turns), (std::vector<std::uint64_t>{1, 4, 9, 2, 3}));
    turns.enter(ip("192.0.2.1"), {5}, true);
    EXPECT_EQ(all(turns), (std::vector<std::uint64_t>{5}));
}

TEST(AddressTurns, OfACustomersIpv6AddressesAreOnesTurns)
{
    AddressTurns turns;
    for (std::uint64_t id = 100; id < 110; ++id) {
        IpAddress address = ip("2001:db8::");
        address.bytes[15] = static_cast<std::uint8_t>(id);
        turns.enter(address, {id});
    }
    turns.enter(ip("2001:db8:0:1::1"), {1});
    EXPECT_EQ(turns.next()->value, 100U);
    EXPECT_EQ(turns.next()->value, 1U);
}

}  // namespace
}  // namespace stratum
