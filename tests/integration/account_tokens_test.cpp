// Tokens of accounts, in real MySQL, and what they open.
#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "payouts/account_book.h"
#include "payouts/mysql_queries.h"
#include "pool/app/account_access.h"
#include "rpc/account_methods.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using pool::Error;
using pool::Height;
using pool::UnixMillis;
using rpc::Caller;
using rpc::Role;

class Tokens : public testing::Test, public rpc::AccountControl {
protected:
    Tokens() : service(books.open())
    {
        payouts::AccountBookOptions options;
        options.mysql = books.mysql();
        auto opened = payouts::AccountBook::open(options);
        EXPECT_TRUE(opened.has_value());
        book = std::move(*opened);
        auto reading = payouts::Queries::open(books.mysql());
        EXPECT_TRUE(reading.has_value());
        queries = std::move(*reading);
        for (const std::string name : {"farm", "rival"}) {
            EXPECT_TRUE(service->create_account(
                name, *pool::parse_address(test_address("regtest", 1), pool::Chain::regtest)));
        }
        rpc::register_token_methods(router, *this, "https://pool.example");
        rpc::register_account_methods(router, *this);
    }
    void run(const std::string& by, Work work,
             std::function<void(pool::Result<std::string>)> done) override
    {
        done(work(*book, {by, now, Height{500}}));
    }
    /// The result, or the error's code as a number.
    json call(const Caller& caller, const std::string& method, const json& params)
    {
        const json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
        json answer;
        router.call(request.dump(), caller, [&answer](const std::optional<std::string>& reply) {
            answer = json::parse(reply.value_or("{}"));
        });
        return answer.contains("error") ? answer["error"]["code"] : answer["result"];
    }
    rpc::Access access(const std::string& account, const std::string& token)
    {
        const auto sheet = queries->access(std::nullopt, now);
        EXPECT_TRUE(sheet.has_value() && sheet->has_value());
        return pool::access_of(**sheet, account, token, now);
    }

    const Caller olga{"olga", Role::accountant};
    UnixMillis now{1'800'000'000'000};
    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    std::unique_ptr<payouts::AccountBook> book;
    std::unique_ptr<payouts::Queries> queries;
    rpc::Router router;
};

TEST_F(Tokens, OpenTheirOwnAccountUntilTheyExpireOrAreRevoked)
{
    const json made = call(olga, "createtoken", {"farm", "tax office", "earnings", 30});
    const std::string secret = made["secret"];
    EXPECT_EQ(secret.size(), 40U);
    EXPECT_EQ(made["watch"], "https://pool.example/#/watch/" + secret);
    EXPECT_EQ(made["expires_at"], 1'800'000'000 + 30 * 86'400);

    EXPECT_EQ(access("farm", secret).ground, rpc::Access::Ground::token);
    EXPECT_EQ(access("farm", secret).scopes, (payouts::TokenScopes{false, true}));
    EXPECT_EQ(access("rival", secret).ground, rpc::Access::Ground::closed);
    EXPECT_TRUE(access("rival", secret).token_good);
    EXPECT_EQ(access("farm", "").ground, rpc::Access::Ground::closed);
    EXPECT_EQ(access("farm", std::string(40, '0')).ground, rpc::Access::Ground::closed);

    now.value += std::uint64_t{30} * 86'400'000 - 1;
    EXPECT_EQ(access("farm", secret).ground, rpc::Access::Ground::token);
    now.value += 1;
    EXPECT_EQ(access("farm", secret).ground, rpc::Access::Ground::closed);

    const json lasting = call(olga, "createtoken", {"farm", "wall screen"});
    EXPECT_TRUE(lasting["expires_at"].is_null());
    EXPECT_EQ(access("farm", lasting["secret"]).scopes, (payouts::TokenScopes{true, false}));
    EXPECT_EQ(call(olga, "revoketoken", {"rival", lasting["token"]}), -5);
    EXPECT_TRUE(call(olga, "revoketoken", {"farm", lasting["token"]}).is_null());
    EXPECT_EQ(access("farm", lasting["secret"]).ground, rpc::Access::Ground::closed);
    EXPECT_EQ(call(olga, "revoketoken", {"farm", lasting["token"]}), -5);
}

TEST_F(Tokens, AreListedWithoutTheirSecretsWhichAreKeptNowhere)
{
    const json made = call(olga, "createtoken", {"farm", "tax's \"office\"", "hashrate,earnings"});
    const std::string secret = made["secret"];
    const json listed = call({"v", Role::auditor}, "listtokens", {"farm"});
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0]["label"], "tax's \"office\"");
    EXPECT_EQ(listed[0]["scopes"], (json{"hashrate", "earnings"}));
    EXPECT_EQ(listed[0]["made_by"], "olga");
    EXPECT_TRUE(listed[0]["revoked_at"].is_null());
    EXPECT_EQ(listed.dump().find(secret), std::string::npos);
    EXPECT_EQ(books.number("select count(*) from account_token where digest = unhex(sha2('" +
                           secret + "', 256))"),
              1U);
    EXPECT_EQ(call({"v", Role::viewer}, "listtokens", {"farm"}), -2);
    EXPECT_EQ(call({"v", Role::auditor}, "createtoken", {"farm", "me"}), -2);
    EXPECT_EQ(call({"v", Role::approver}, "setvisibility", {"farm", true}), -2);
    EXPECT_EQ(call(olga, "createtoken", {"farm", "x", "all"}), -8);
    EXPECT_EQ(call(olga, "createtoken", {"nobody", "x"}), -5);
}

TEST_F(Tokens, AreForNamesThatAreNotPublicAndNotForAddresses)
{
    const std::string address = test_address("regtest", 7);
    const auto script = pool::parse_address(address, pool::Chain::regtest)->script;
    books.scalar("insert into account (name, script, payout_address, salt) values ('" + address +
                 "', unhex('" + pool::to_hex(script) + "'), '" + address + "', repeat('x', 32))");
    EXPECT_EQ(call(olga, "createtoken", {address, "x"}), -8);
    EXPECT_EQ(call(olga, "setvisibility", {address, false}), -8);
    EXPECT_EQ(call(olga, "getaccount", {address})["public"], true);

    EXPECT_EQ(call(olga, "getaccount", {"farm"})["public"], false);
    EXPECT_TRUE(call(olga, "setvisibility", {"farm", true}).is_null());
    EXPECT_EQ(access("farm", "").ground, rpc::Access::Ground::everybody);
    EXPECT_EQ(access("rival", "").ground, rpc::Access::Ground::closed);
    EXPECT_EQ(call(olga, "getaccount", {"farm"})["public"], true);
    EXPECT_TRUE(call(olga, "setvisibility", {"farm", false}).is_null());
    EXPECT_EQ(access("farm", "").ground, rpc::Access::Ground::closed);
}

TEST_F(Tokens, AreReadAnewOnlyWhenSomethingHasChanged)
{
    const auto first = queries->access(std::nullopt, now);
    ASSERT_TRUE(first.has_value() && first->has_value());
    const std::uint64_t version = (*first)->version;
    EXPECT_FALSE(queries->access(version, now)->has_value());
    const json made = call(olga, "createtoken", {"farm", "x"});
    const auto second = queries->access(version, now);
    ASSERT_TRUE(second->has_value());
    EXPECT_EQ((*second)->passes.size(), 1U);
    EXPECT_TRUE(call(olga, "revoketoken", {"farm", made["token"]}).is_null());
    EXPECT_EQ(queries->access((*second)->version, now)->value().passes.size(), 0U);

    ASSERT_TRUE(call(olga, "createtoken", {"farm", "x"}).is_object());
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    for (const std::string change :
         {"earnings = 1", "expires_at_ms = 1", "account_id = account_id + 1", "digest = ''"}) {
        const auto done = db.run("update account_token set " + change);
        ASSERT_FALSE(done.has_value()) << change;
        EXPECT_EQ(done.error().code, Error::Code::refused) << change;
    }
}

TEST_F(Tokens, OfAnAccountAreSoManyAndNoMore)
{
    for (std::size_t i = 0; i < payouts::AccountBook::tokens_max; ++i) {
        ASSERT_TRUE(book->make_token("farm", {"x", {true, false}, {}}, {"olga", now, Height{1}}));
    }
    EXPECT_EQ(call(olga, "createtoken", {"farm", "one more"}), -27);
    EXPECT_TRUE(call(olga, "createtoken", {"rival", "another's"}).is_object());
}

}  // namespace
}  // namespace tests
