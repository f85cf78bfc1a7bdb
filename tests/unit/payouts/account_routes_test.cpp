#include "payouts/account_routes.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using payouts::parse_routes;
using pool::Chain;
using pool::Height;

const std::string first = test_address("regtest", 1);
const std::string second = test_address("regtest", 2);
const std::string third = test_address("regtest", 3);

std::string trouble(const std::string& text)
{
    const auto routes = parse_routes(text, Chain::regtest);
    return routes ? "" : routes.error().detail;
}

TEST(AccountRoutes, OfOneAddressNeedNoPercentage)
{
    const auto routes = parse_routes(" " + first + " ", Chain::regtest);
    ASSERT_TRUE(routes.has_value());
    ASSERT_EQ(routes->size(), 1U);
    EXPECT_EQ(routes->front().address, first);
    EXPECT_EQ(routes->front().parts, 10'000U);
    EXPECT_EQ(*parse_routes(first + ":100", Chain::regtest), *routes);
    EXPECT_EQ(*parse_routes(first + ":100.00", Chain::regtest), *routes);
}

TEST(AccountRoutes, OfSeveralAddressesSumToTheWhole)
{
    const auto routes =
        parse_routes(first + ":33.33, " + second + ":66.6," + third + ": 0.07", Chain::regtest);
    ASSERT_TRUE(routes.has_value());
    EXPECT_EQ((*routes)[0].parts, 3333U);
    EXPECT_EQ((*routes)[1].parts, 6660U);
    EXPECT_EQ((*routes)[2].parts, 7U);
    EXPECT_EQ(payouts::to_text(*routes),
              first + " 33.33%, " + second + " 66.6%, " + third + " 0.07%");
}

TEST(AccountRoutes, ThatMeanSomethingElseThanTheySayAreRefused)
{
    for (const std::string& text :
         {std::string{}, std::string{","}, first + ",", first + "," + second,
          first + ":50," + second + ":49.99", first + ":50," + second + ":50.01",
          first + ":50," + first + ":50", first + ":", first + ":1.", first + ":.5",
          first + ":100.001", first + ":0", first + ":-1", first + ":1e2", first + ":4294967396",
          first + ":101," + second + ":0",
          std::string{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"}}) {
        EXPECT_NE(trouble(text), "") << text;
    }
    EXPECT_NE(trouble(first + ":50," + second + ":49.99").find("99.99%"), std::string::npos);
    std::string many = first + ":81";
    for (unsigned i = 0; i < 19; ++i) many += "," + test_address("regtest", 10 + i) + ":1";
    EXPECT_EQ(trouble(many), "");
    many.replace(first.size() + 1, 2, "80");
    EXPECT_NE(trouble(many + "," + second + ":1").find("at most 20"), std::string::npos);
}

TEST(AccountRoutes, AreChangedByWhoHasTheLargestPart)
{
    const auto routes =
        parse_routes(first + ":20," + second + ":40," + third + ":40", Chain::regtest);
    EXPECT_EQ(payouts::signer_of(*routes).address, second);
}

TEST(AccountRoutes, AreChangedByAMessageThatNamesEverything)
{
    const auto routes = parse_routes(first + ":70," + second + ":30", Chain::regtest);
    EXPECT_EQ(payouts::change_message(Chain::regtest, "farm-1", *routes, Height{101}),
              "Zubr regtest: from block 101 on pay account farm-1 to " + first + " 70%, " + second +
                  " 30%");
}

TEST(AccountRoutes, MessagesAreGoodForADayAndOnce)
{
    EXPECT_TRUE(payouts::height_fits(Height{200}, Height{200}, Height{0}).has_value());
    EXPECT_TRUE(payouts::height_fits(Height{56}, Height{200}, Height{55}).has_value());
    EXPECT_FALSE(payouts::height_fits(Height{55}, Height{200}, Height{0}).has_value());
    EXPECT_FALSE(payouts::height_fits(Height{201}, Height{200}, Height{0}).has_value());
    EXPECT_FALSE(payouts::height_fits(Height{200}, Height{200}, Height{200}).has_value());
    EXPECT_FALSE(payouts::height_fits(Height{199}, Height{200}, Height{200}).has_value());
}

}  // namespace
}  // namespace tests
