#include "stratum/network_bans.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace stratum {
namespace {

using std::chrono::seconds;

constexpr pool::SteadyTime start{seconds{1000}};

Network network(const std::string& text) { return parse_network(text).value_or(Network{}); }
IpAddress ip(const std::string& text) { return parse_ip(text).value_or(IpAddress{}); }

TEST(NetworkBans, HoldForTheAddressesOfANetworkUntilTheirTime)
{
    NetworkBans bans{10};
    ASSERT_TRUE(bans.put(network("192.0.2.128/25"), start + seconds{60}, start));
    ASSERT_TRUE(bans.put(network("2001:db8::/33"), start + seconds{60}, start));
    ASSERT_TRUE(bans.put(network("198.51.100.7"), start + seconds{60}, start));
    EXPECT_TRUE(bans.hold(ip("192.0.2.200"), start));
    EXPECT_FALSE(bans.hold(ip("192.0.2.127"), start));
    EXPECT_TRUE(bans.hold(ip("2001:db8:7fff::1"), start));
    EXPECT_FALSE(bans.hold(ip("2001:db8:8000::1"), start));
    EXPECT_TRUE(bans.hold(ip("198.51.100.7"), start));
    EXPECT_FALSE(bans.hold(ip("198.51.100.8"), start));
    EXPECT_FALSE(bans.hold(ip("192.0.2.200"), start + seconds{60}));
}

TEST(NetworkBans, KeepOneEntryOfANetworkHoweverItIsWrittenAndHoweverOftenItIsBanned)
{
    NetworkBans bans{10};
    ASSERT_TRUE(bans.put(network("192.0.2.77/24"), start + seconds{60}, start));
    ASSERT_TRUE(bans.put(network("192.0.2.0/24"), start + seconds{10}, start));
    ASSERT_EQ(bans.active(start).size(), 1U);
    EXPECT_EQ(to_string(bans.active(start)[0].network), "192.0.2.0/24");
    EXPECT_FALSE(bans.hold(ip("192.0.2.1"), start + seconds{10})) << "the last word counts";
    EXPECT_TRUE(bans.lift(network("192.0.2.5/24")));
    EXPECT_FALSE(bans.lift(network("192.0.2.5/24")));
    EXPECT_FALSE(bans.hold(ip("192.0.2.1"), start));
}

TEST(NetworkBans, AreBoundedAndThoseThatAreOverMakeRoom)
{
    NetworkBans bans{2};
    ASSERT_TRUE(bans.put(network("192.0.2.1"), start + seconds{5}, start));
    ASSERT_TRUE(bans.put(network("192.0.2.2"), start + seconds{60}, start));
    const auto third = bans.put(network("192.0.2.3"), start + seconds{60}, start);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, pool::Error::Code::limit);
    EXPECT_TRUE(bans.put(network("192.0.2.2"), start + seconds{90}, start)) << "is there already";
    EXPECT_TRUE(bans.put(network("192.0.2.3"), start + seconds{60}, start + seconds{5}));
    EXPECT_EQ(bans.count(start + seconds{5}), 2U);
    EXPECT_EQ(bans.count(start + seconds{60}), 1U);
}

}  // namespace
}  // namespace stratum
