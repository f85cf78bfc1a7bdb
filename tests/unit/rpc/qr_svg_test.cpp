#include "rpc/qr_svg.h"

#include <string>

#include <gtest/gtest.h>

namespace rpc {
namespace {

// That it reads back is seen where a browser draws it: tests/browser/checks/home.mjs.
TEST(QrSvg, IsTheSmallestCodeThatHoldsTheText)
{
    const auto small = qr_svg("a");
    ASSERT_TRUE(small.has_value());
    EXPECT_NE(small->find(R"(viewBox="0 0 29 29")"), std::string::npos)
        << "21 modules, 8 of margin";
    EXPECT_TRUE(qr_svg(std::string(2331, 'x')).has_value());
    EXPECT_FALSE(qr_svg(std::string(2332, 'x')).has_value());
    EXPECT_FALSE(qr_svg("").has_value());
}

TEST(QrSvg, HoldsNothingOfTheTextItself)
{
    const std::string code = qr_svg("\"><script>alert(1)</script>").value_or("");
    EXPECT_EQ(code.find("script"), std::string::npos);
    EXPECT_EQ(code.find_first_not_of("\n !\"#-./0123456789:<=>ABDEFGMVBWabcdefghilmnopqrstuvwxyz"),
              std::string::npos);
}

TEST(Host, IsANameOrAnAddress)
{
    for (const char* const good : {"pool.example.org", "10.0.0.1", "[::1]", "my_pool-2", "a"}) {
        EXPECT_TRUE(is_host(good)) << good;
    }
    for (const char* const bad :
         {"", "a b", "a/b", "a:1", "[::1", "[]", "::1", "a@b", "<a>", "[::1]x", "a%20b", "бык"}) {
        EXPECT_FALSE(is_host(bad)) << bad;
    }
    EXPECT_FALSE(is_host(std::string(254, 'a')));
}

}  // namespace
}  // namespace rpc
