// verifyledger, on money that follows from people's words alone.
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_verify.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using pool::Sats;

constexpr pool::UnixMillis asked_at{1'000};
constexpr pool::UnixMillis booked_at{2'000};
const payouts::Transfer gift{"asset:wallet", "equity:reserve", Sats{5'000}};

class VerifyWords : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_NE(books.open(), nullptr);
        ASSERT_TRUE(db.connect().has_value());
    }

    std::uint64_t ask()
    {
        const payouts::CoinWish wish{true, "pool:reserve", gift.amount, "a deposit"};
        const auto asked = payouts::ask_coins(db, wish, "ann", asked_at);
        EXPECT_TRUE(asked.has_value()) << (asked ? "" : asked.error().detail);
        return asked ? asked->id : 0;
    }

    /// As somebody does who writes into the database past the program, with hashes that are right.
    void mint(const std::string& ref, const std::string& actor,
              const std::string& payload = R"({"reason":"a deposit","asked_by":"ann"})")
    {
        auto transaction = payouts::Transaction::begin(db);
        ASSERT_TRUE(transaction.has_value());
        const payouts::LedgerEvent event{"adjust:" + ref, "adjust",  ref,   actor,
                                         payload,         booked_at, {gift}};
        const auto posted = payouts::post(db, event);
        ASSERT_TRUE(posted.has_value()) << posted.error().detail;
        ASSERT_TRUE(transaction->commit().has_value());
    }

    std::string difference()
    {
        const auto checked = payouts::verify_ledger(db);
        return checked ? checked->difference : checked.error().detail;
    }

    BooksFixture books;
    payouts::MysqlConnection db{books.mysql()};
};

TEST_F(VerifyWords, FindsNothingInCoinsThatTwoPeopleHaveBooked)
{
    ASSERT_TRUE(payouts::approve_coins(db, ask(), "bob", booked_at).has_value());
    static_cast<void>(ask());  // nobody has approved it, and nothing has moved
    EXPECT_EQ(difference(), "");
}

TEST_F(VerifyWords, FindsMoneyOfAnEventThatIsAboutNoRow)
{
    mint("ticket-7", "bob");
    EXPECT_NE(difference().find("two people"), std::string::npos) << difference();
}

TEST_F(VerifyWords, FindsMoneyOfAnEventThatNamesNothing)
{
    mint("", "bob");
    EXPECT_NE(difference().find("two people"), std::string::npos) << difference();
}

TEST_F(VerifyWords, FindsMoneyThatOnePersonHasAskedForAndNobodyApproved)
{
    mint(std::to_string(ask()), "");
    EXPECT_NE(difference().find("two people"), std::string::npos) << difference();
}

TEST_F(VerifyWords, FindsMoneyThatWasApprovedByWhoeverAskedForIt)
{
    const std::string id = std::to_string(ask());
    books.scalar("alter table adjustment drop constraint CONSTRAINT_2");
    books.scalar("update adjustment set booked_by = 'ann', booked_at_ms = 2000 where id = " + id);
    mint(id, "ann");
    EXPECT_NE(difference().find("two people"), std::string::npos) << difference();
}

TEST_F(VerifyWords, FindsAWordThatWasSaidAtAnotherTimeThanItsEvent)
{
    const std::string id = std::to_string(ask());
    books.scalar("update adjustment set booked_by = 'bob', booked_at_ms = 9000 where id = " + id);
    mint(id, "bob");
    EXPECT_NE(difference().find("two people"), std::string::npos) << difference();
}

TEST_F(VerifyWords, FindsCoinsThatAreSaidToBeBookedAndAreInNoEvent)
{
    const std::string id = std::to_string(ask());
    books.scalar("update adjustment set booked_by = 'bob', booked_at_ms = 2000 where id = " + id);
    EXPECT_NE(difference().find("have no event"), std::string::npos) << difference();
}

// What the database lets through is a flag beside the balance: at the end all balances are right,
// and only the order tells.
TEST_F(VerifyWords, FindsAnAccountThatWasOverdrawnMeanwhile)
{
    const auto book = [this](bool in, const std::string& whose, std::int64_t sats) {
        const auto asked = payouts::ask_coins(db, {in, whose, Sats{sats}, "x"}, "ann", asked_at);
        ASSERT_TRUE(asked.has_value()) << asked.error().detail;
        const auto booked = payouts::approve_coins(db, asked->id, "bob", booked_at);
        ASSERT_TRUE(booked.has_value()) << booked.error().detail;
    };
    book(true, "pool:fee", 100);
    book(true, "pool:reserve", 10);
    const std::string flag =
        "update ledger_balance set may_go_negative = ? where account_id = (select id from "
        "ledger_account where code = 'equity:reserve')";
    ASSERT_TRUE(db.execute(flag, {std::uint64_t{1}}).has_value());
    book(false, "pool:reserve", 50);
    book(true, "pool:reserve", 40);
    ASSERT_TRUE(db.execute(flag, {std::uint64_t{0}}).has_value());
    EXPECT_NE(difference().find("overdraws equity:reserve"), std::string::npos) << difference();
}

}  // namespace
}  // namespace tests
