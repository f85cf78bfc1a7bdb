#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "pool/runtime/tcp.h"

namespace pool {
namespace {

TEST(Endpoint, ReadsAnIpv4AddressAndPort)
{
    const auto endpoint = parse_endpoint("127.0.0.1:3333");
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->host, "127.0.0.1");
    EXPECT_EQ(endpoint->port, 3333);
    EXPECT_EQ(to_string(*endpoint), "127.0.0.1:3333");
}

TEST(Endpoint, ReadsAnIpv6AddressInBrackets)
{
    const auto endpoint = parse_endpoint("[::1]:65535");
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->host, "::1");
    EXPECT_EQ(endpoint->port, 65535);
    EXPECT_EQ(to_string(*endpoint), "[::1]:65535");
}

TEST(Endpoint, WritesEqualAddressesAlike)
{
    const auto endpoint = parse_endpoint("[2001:DB8:0:0:0::1]:0");
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(to_string(*endpoint), "[2001:db8::1]:0");
}

TEST(Endpoint, RefusesWhatIsNoNumericAddressWithPort)
{
    using std::string_view_literals::operator""sv;
    for (const std::string_view text : {""sv,
                                        ":"sv,
                                        "127.0.0.1"sv,
                                        "127.0.0.1:"sv,
                                        ":3333"sv,
                                        "127.0.0.1:65536"sv,
                                        "127.0.0.1:-1"sv,
                                        "127.0.0.1:+1"sv,
                                        "127.0.0.1: 1"sv,
                                        "127.0.0.1:033"sv,
                                        "127.0.0.1:1x"sv,
                                        "127.0.0:1"sv,
                                        "127.0.0.256:1"sv,
                                        "pool.example:3333"sv,
                                        "localhost:3333"sv,
                                        "::1:3333"sv,
                                        "[::1]"sv,
                                        "[::1]3333"sv,
                                        "[::1:3333"sv,
                                        "[127.0.0.1]:1"sv,
                                        "[fe80::1%lo]:1"sv,
                                        "[]:1"sv,
                                        " 127.0.0.1:1"sv,
                                        "127.0.0.1\0x:1"sv}) {
        const auto endpoint = parse_endpoint(text);
        ASSERT_FALSE(endpoint) << text;
        EXPECT_EQ(endpoint.error().code, Error::Code::invalid);
    }
}

}  // namespace
}  // namespace pool
