#include "rpc/address_counts.h"

#include <string>

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(AddressCounts, GiveEachAddressSoManyAndTakeThemBack)
{
    AddressCounts counts{{.of_network = 2}};
    EXPECT_TRUE(counts.take("192.0.2.1"));
    EXPECT_TRUE(counts.take("192.0.2.1"));
    EXPECT_FALSE(counts.take("192.0.2.1"));
    EXPECT_TRUE(counts.take("192.0.2.2"));
    counts.give_back("192.0.2.1");
    EXPECT_TRUE(counts.take("192.0.2.1"));
    counts.give_back("192.0.2.1");
    counts.give_back("192.0.2.1");
    counts.give_back("192.0.2.2");
    EXPECT_EQ(counts.networks(), 0U) << "nothing is kept of whoever is gone";
}

TEST(AddressCounts, CountAnIpv6SubscriberAsOne)
{
    AddressCounts counts{{.of_network = 1}};
    EXPECT_TRUE(counts.take("2001:db8:1:2::1"));
    EXPECT_FALSE(counts.take("2001:db8:1:2:ffff::9"));
    EXPECT_TRUE(counts.take("2001:db8:1:3::1"));
    EXPECT_NE(network_of("::ffff:192.0.2.1"), network_of("::ffff:192.0.2.2"));
}

TEST(AddressCounts, GiveWhoeverHasManyNetworksAPartOfAll)
{
    AddressCounts counts{{.of_network = 64, .of_prefix = 3}};
    EXPECT_TRUE(counts.take("2001:db8:1:1::1"));
    EXPECT_TRUE(counts.take("2001:db8:1:2::1"));
    EXPECT_TRUE(counts.take("2001:db8:1:ffff::1"));
    EXPECT_FALSE(counts.take("2001:db8:1:3::1"));
    EXPECT_TRUE(counts.take("2001:db8:2:3::1"));
    EXPECT_TRUE(counts.take("192.0.2.1"));
    EXPECT_TRUE(counts.take("192.0.2.2"));
    EXPECT_TRUE(counts.take("::ffff:192.0.3.3"));
    EXPECT_TRUE(counts.take("192.0.2.3"));
    EXPECT_FALSE(counts.take("192.0.2.4"));
    counts.give_back("192.0.2.3");
    EXPECT_TRUE(counts.take("192.0.2.4"));
    for (const char* host :
         {"2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:ffff::1", "2001:db8:2:3::1",
          "192.0.2.1", "192.0.2.2", "::ffff:192.0.3.3", "192.0.2.4"}) {
        counts.give_back(host);
    }
    EXPECT_EQ(counts.networks(), 0U);
}

TEST(AddressCounts, KeepSomeForThisMachineWhateverOthersTake)
{
    AddressCounts counts{{.all = 10, .kept = 2}};
    for (int i = 0; i < 8; ++i) {
        const std::string host = "192.0." + std::to_string(i) + ".1";
        EXPECT_FALSE(counts.full_for(host));
        EXPECT_TRUE(counts.take(host));
    }
    EXPECT_TRUE(counts.full_for("192.0.99.1"));
    EXPECT_FALSE(counts.take("192.0.99.1"));
    EXPECT_TRUE(counts.take("127.0.0.1"));
    EXPECT_TRUE(counts.take("::1"));
    EXPECT_FALSE(counts.take("::1"));
    EXPECT_TRUE(counts.full_for("::1"));
    counts.give_back("192.0.1.1");
    EXPECT_TRUE(counts.full_for("192.0.99.1")) << "what is kept is kept";
    EXPECT_TRUE(counts.take("::1"));
}

TEST(AddressCounts, DoNotCountThisMachineWhichMayBeAProxy)
{
    AddressCounts counts{{.of_network = 1}};
    for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
        EXPECT_TRUE(counts.take(host)) << host;
        EXPECT_TRUE(counts.take(host)) << host;
        counts.give_back(host);
    }
    for (const char* host : {"1270.0.0.1", "10.127.0.1", "::2", "1::1", "::ffff:128.0.0.1", ""}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
    AddressCounts all{{.of_network = 1, .spare_loopback = false}};
    EXPECT_TRUE(all.take("127.0.0.1"));
    EXPECT_FALSE(all.take("127.0.0.1"));
    AddressCounts any{{.spare_loopback = false}};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(any.take("192.0.2.1"));
}

}  // namespace
}  // namespace rpc
