#include "pool/app/account_access.h"

#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/pool_fixture.h"

namespace pool {
namespace {

using payouts::AccessSheet;

const std::string secret(40, 'a');

AccessSheet farms_sheet()
{
    AccessSheet sheet;
    sheet.version = 7;
    sheet.public_names.insert("open-farm");
    sheet.passes.emplace(*payouts::token_digest(secret),
                         AccessSheet::Pass{"farm", "x", {true, false}, std::nullopt});
    return sheet;
}

/// Books that answer when the test says so.
struct SlowBooks {
    int asked = 0;
    AccountAccess::Done<std::optional<AccessSheet>> answer;
    AccountAccess access{Chain::regtest, [this](std::optional<std::uint64_t>, auto done) {
                             ++asked;
                             answer = std::move(done);
                         }};
    std::optional<Result<rpc::Access>> heard;
    void ask(const std::string& account, const std::string& token)
    {
        heard.reset();
        access.access(account, token, [this](Result<rpc::Access> is) { heard = std::move(is); });
    }
};

TEST(AccountAccess, AsksNobodyAboutAnAddress)
{
    SlowBooks books;
    books.ask(tests::test_address("regtest", 1), "");
    ASSERT_TRUE(books.heard.has_value());
    EXPECT_EQ((*books.heard)->ground, rpc::Access::Ground::everybody);
    EXPECT_EQ(books.asked, 0);
}

TEST(AccountAccess, AsksOnceForAllWhoWait)
{
    SlowBooks books;
    books.ask("farm", secret);
    books.ask("rival", "");
    books.ask("farm", secret);
    EXPECT_EQ(books.asked, 1);
    EXPECT_FALSE(books.heard.has_value());
    books.answer(farms_sheet());
    ASSERT_TRUE(books.heard.has_value());
    EXPECT_EQ((*books.heard)->ground, rpc::Access::Ground::token);
    for (int guess = 0; guess < 1000; ++guess) books.ask("farm", std::string(40, '0'));
    EXPECT_EQ((*books.heard)->ground, rpc::Access::Ground::closed);
    EXPECT_EQ(books.asked, 1) << "guesses are held against memory";
}

TEST(AccountAccess, IsClosedWhileTheBooksHaveNeverSaidAnything)
{
    SlowBooks books;
    books.ask("farm", secret);
    books.answer(fail(Error::Code::unavailable, "away"));
    ASSERT_TRUE(books.heard.has_value());
    EXPECT_EQ(books.heard->error().code, Error::Code::unavailable);
    EXPECT_FALSE(books.access.is_public("open-farm"));
    EXPECT_TRUE(books.access.is_public(tests::test_address("regtest", 1)));
    books.ask("farm", secret);
    EXPECT_EQ(books.asked, 2) << "the next one asks again";
}

TEST(AccountAccess, KnowsWhatCanBeNoAccount)
{
    SlowBooks books;
    for (const std::string name : {"x", "Farm", "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"}) {
        books.ask(name, "");
        ASSERT_TRUE(books.heard.has_value()) << name;
        EXPECT_EQ(books.heard->error().code, Error::Code::not_found) << name;
    }
    EXPECT_EQ(books.asked, 0);
}

TEST(AccountAccess, HoldsNoTokenThatHasExpired)
{
    AccessSheet sheet = farms_sheet();
    sheet.passes.emplace(*payouts::token_digest(std::string(40, 'b')),
                         AccessSheet::Pass{"farm", "y", {true, false}, UnixMillis{1000}});
    forget_expired(sheet, UnixMillis{999});
    EXPECT_EQ(sheet.passes.size(), 2U);
    forget_expired(sheet, UnixMillis{1000});
    EXPECT_EQ(sheet.passes.size(), 1U);
    EXPECT_NE(pass_of(sheet, secret, UnixMillis{1000}), nullptr);
}

TEST(AccountAccess, TakesOnlyTokensOfTheRightForm)
{
    EXPECT_FALSE(payouts::token_digest("").has_value());
    EXPECT_FALSE(payouts::token_digest(std::string(39, 'a')).has_value());
    EXPECT_FALSE(payouts::token_digest(std::string(40, 'A')).has_value());
    EXPECT_FALSE(payouts::token_digest(std::string(39, 'a') + "'").has_value());
    const auto made = payouts::new_token_secret();
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(payouts::token_digest(*made).has_value());
    EXPECT_NE(*made, *payouts::new_token_secret());
}

}  // namespace
}  // namespace pool
