// What the books hold for accounts that are asked for together, in real MySQL.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_account_books.h"
#include "payouts/mysql_queries.h"
#include "pool/bitcoin/address.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::AccountBooks;

class AccountsTogether : public testing::Test {
protected:
    void SetUp() override
    {
        service = books.open();
        ASSERT_NE(service, nullptr);
        auto opened = payouts::Queries::open(books.mysql());
        ASSERT_TRUE(opened.has_value());
        queries = std::move(*opened);
    }
    /// A registered account; its number.
    std::string account(const std::string& name)
    {
        const auto made = service->create_account(
            name, *pool::parse_address(test_address("regtest", 1), pool::Chain::regtest));
        EXPECT_TRUE(made.has_value());
        return made ? std::to_string(made->value) : "0";
    }
    void balance(const std::string& id, const std::string& part, std::int64_t sat)
    {
        const std::string code = "'m:" + id + ":" + part + "'";
        books.scalar("insert ignore into ledger_account (code, side, member_id) values (" + code +
                     ", 'credit', " + id + ")");
        books.scalar(
            "update ledger_balance set debits_sat = 1, credits_sat = 1 + " + std::to_string(sat) +
            " where account_id = (select id from ledger_account where code = " + code + ")");
    }

    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    std::unique_ptr<payouts::Queries> queries;
};

TEST_F(AccountsTogether, HaveEachItsOwnFigures)
{
    const std::string farm = account("farm");
    const std::string hall = account("hall");
    account("empty");
    balance(farm, "immature", 10);
    balance(farm, "available", 20);
    balance(farm, "in_payout", 30);
    balance(hall, "available", 7);
    books.scalar(
        "insert into account_total (account_id, shares, stale, work, last_slot, score) values (" +
        hall + ", 5, 2, 99, 1000, 0)");
    const auto found = queries->accounts({"hall", "nobody", "farm", "empty"});
    ASSERT_TRUE(found.has_value()) << found.error().detail;
    std::map<std::string, AccountBooks> by_name;
    for (const AccountBooks& each : *found) by_name[each.name] = each;
    ASSERT_EQ(by_name.size(), 3U);
    EXPECT_EQ(by_name["farm"].immature.value, 10);
    EXPECT_EQ(by_name["farm"].available.value, 20);
    EXPECT_EQ(by_name["farm"].in_payout.value, 30);
    EXPECT_EQ(by_name["farm"].shares, 0U);
    EXPECT_EQ(by_name["farm"].payout_address, test_address("regtest", 1));
    EXPECT_EQ(by_name["hall"].immature.value, 0);
    EXPECT_EQ(by_name["hall"].available.value, 7);
    EXPECT_EQ(by_name["hall"].shares, 5U);
    EXPECT_EQ(by_name["hall"].stale, 2U);
    EXPECT_EQ(by_name["hall"].last_slot, 1000U);
    EXPECT_EQ(by_name["empty"].available.value, 0);
    EXPECT_EQ(by_name["empty"].credited.value + by_name["empty"].paid.value, 0);
}

// Each size of a question is a text of its own, and most questions are no full size.
TEST_F(AccountsTogether, MayBeAnyNumberUpToTheMost)
{
    const std::string farm = account("farm");
    balance(farm, "available", 20);
    for (const std::size_t many : {std::size_t{1}, std::size_t{2}, std::size_t{8}, std::size_t{9},
                                   payouts::accounts_together}) {
        std::vector<std::string> names(many, "nobody");
        for (std::size_t i = 0; i < many; ++i) names[i] += std::to_string(i);
        names.front() = "farm";
        const auto found = queries->accounts(names);
        ASSERT_TRUE(found.has_value()) << many << found.error().detail;
        ASSERT_EQ(found->size(), 1U) << many;
        EXPECT_EQ(found->front().available.value, 20) << many;
    }
    EXPECT_TRUE(queries->accounts({})->empty());
    EXPECT_TRUE(queries->accounts({"nobody"})->empty());
}

}  // namespace
}  // namespace tests
