#include "rpc/address_counts.h"

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(AddressCounts, GiveEachAddressSoManyAndTakeThemBack)
{
    AddressCounts counts{2, true};
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
    AddressCounts counts{1, true};
    EXPECT_TRUE(counts.take("2001:db8:1:2::1"));
    EXPECT_FALSE(counts.take("2001:db8:1:2:ffff::9"));
    EXPECT_TRUE(counts.take("2001:db8:1:3::1"));
    EXPECT_NE(network_of("::ffff:192.0.2.1"), network_of("::ffff:192.0.2.2"));
}

TEST(AddressCounts, DoNotCountThisMachineWhichMayBeAProxy)
{
    AddressCounts counts{1, true};
    for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
        EXPECT_TRUE(counts.take(host)) << host;
        EXPECT_TRUE(counts.take(host)) << host;
        counts.give_back(host);
    }
    for (const char* host : {"1270.0.0.1", "10.127.0.1", "::2", "1::1", "::ffff:128.0.0.1", ""}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
    AddressCounts all{1, false};
    EXPECT_TRUE(all.take("127.0.0.1"));
    EXPECT_FALSE(all.take("127.0.0.1"));
    AddressCounts any{0, false};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(any.take("192.0.2.1"));
}

}  // namespace
}  // namespace rpc
