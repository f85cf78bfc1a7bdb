// Accounts' settings as admins change them: the method table over the book in real MySQL.
#include "rpc/account_methods.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "payouts/account_book.h"
#include "rpc/auth.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using rpc::Caller;
using rpc::Role;

/// Runs everything at once, at a time and a tip of the test's choice.
class Desk final : public rpc::AccountControl {
public:
    explicit Desk(const BooksFixture& books)
    {
        payouts::AccountBookOptions options;
        options.mysql = books.mysql();
        auto opened = payouts::AccountBook::open(options);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        book_ = std::move(*opened);
    }
    void run(const std::string& by, Work work,
             std::function<void(pool::Result<std::string>)> done) override
    {
        done(work(*book_, {by, now, pool::Height{500}}));
    }
    pool::UnixMillis now{1'800'000'000'000};

private:
    std::unique_ptr<payouts::AccountBook> book_;
};

class AccountMethods : public testing::Test {
protected:
    AccountMethods() : service(books.open()), desk(books)
    {
        rpc::register_account_methods(router, desk);
        EXPECT_TRUE(
            service->create_account("farm", *pool::parse_address(first, pool::Chain::regtest)));
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

    const Caller olga{"olga", Role::accountant};
    const Caller pavel{"pavel", Role::approver};
    const Caller irina{"irina", Role::approver};
    const std::string first = test_address("regtest", 1);
    const std::string second = test_address("regtest", 2);
    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    Desk desk;
    rpc::Router router;
};

TEST_F(AccountMethods, ChangeAnAddressByTwoApproversAndNobodyElse)
{
    EXPECT_EQ(call(pavel, "setpayoutaddress", {"farm", second}), -2);
    const json asked = call(olga, "setpayoutaddress", {"farm", second});
    EXPECT_EQ(asked["state"], "asked");
    EXPECT_TRUE(asked["holds_from"].is_null());
    const json id = asked["change"];

    EXPECT_EQ(call(olga, "approvepayoutaddress", {"farm", id}), -2);
    EXPECT_EQ(call({"boss", Role::admin}, "approvepayoutaddress", {"farm", id}), -2);
    EXPECT_EQ(
        call({std::string{rpc::cookie_user}, Role::admin}, "approvepayoutaddress", {"farm", id}),
        -2);
    EXPECT_EQ(call(pavel, "approvepayoutaddress", {"farm", id})["state"], "asked");
    const json locked = call(irina, "approvepayoutaddress", {"farm", id});
    EXPECT_EQ(locked["state"], "locked");
    EXPECT_EQ(locked["holds_from"], 1'800'000'000 + 72 * 3600);

    json sheet = call(olga, "getaccount", {"farm"});
    EXPECT_EQ(sheet["addresses"], json::array({{{"address", first}, {"parts", 10'000}}}));
    EXPECT_EQ(sheet["change"]["approvers"], (json{"irina", "pavel"}));
    desk.now.value += std::uint64_t{72} * 3'600'000;
    books.turn_database_clock(desk.now);
    sheet = call(olga, "getaccount", {"farm"});
    EXPECT_EQ(sheet["addresses"], json::array({{{"address", second}, {"parts", 10'000}}}));
    EXPECT_TRUE(sheet["change"].is_null());
}

TEST_F(AccountMethods, TellWhatTheOwnerHasToSign)
{
    const json question =
        call(olga, "getaddressmessage", {"farm", second + ":60," + first + ":40"});
    EXPECT_EQ(question["message"], "Zubr regtest: from block 500 on pay account farm to " + second +
                                       " 60%, " + first + " 40%");
    EXPECT_EQ(question["signer"], first);
    EXPECT_EQ(call(olga, "setpayoutaddress", {"farm", second, 500, "AAAA"}), -8);
    EXPECT_EQ(call(olga, "setpayoutaddress", {"farm", second, 500}), -32602);
    EXPECT_EQ(call(olga, "setpayoutaddress", {"farm", second, nullptr, "AAAA"}), -32602);
    EXPECT_EQ(call(olga, "getaddressmessage", {"nobody", second}), -5);
}

TEST_F(AccountMethods, HoldReleaseAndSetAMinimum)
{
    EXPECT_TRUE(call(olga, "holdaccount", {"farm", "paper's missing"}).is_null());
    EXPECT_TRUE(call(olga, "setminimumpayout", {"farm", 250'000}).is_null());
    const json sheet = call({"v", Role::auditor}, "getaccount", {"farm"});
    EXPECT_EQ(sheet["held"], true);
    EXPECT_EQ(sheet["hold_reason"], "paper's missing");
    EXPECT_EQ(sheet["held_by"], "olga");
    EXPECT_EQ(sheet["minimum_payout_sat"], 250'000);
    EXPECT_EQ(call({"ops", Role::operating}, "releaseaccount", {"farm"}), -2);
    EXPECT_TRUE(call(pavel, "releaseaccount", {"farm"}).is_null());
    EXPECT_EQ(call(olga, "getaccount", {"farm"})["held"], false);
    EXPECT_EQ(call({"v", Role::auditor}, "holdaccount", {"farm", "x"}), -2);
}

}  // namespace
}  // namespace tests
