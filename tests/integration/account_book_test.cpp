// Where accounts are paid, in real MySQL, and who may change it, with signatures of a real wallet.
#include "payouts/account_book.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_queries.h"
#include "payouts/payees.h"
#include "tests/support/books_fixture.h"
#include "tests/support/signing_wallet.h"

namespace tests {
namespace {

using payouts::AccountBook;
using payouts::AddressWish;
using payouts::ChangeState;
using payouts::Occasion;
using payouts::Payee;
using pool::Error;
using pool::Height;
using pool::Sats;
using pool::UnixMillis;

constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t start_ms = 1'800'000'000'000;

/// A registered account "farm" that has 50,000 sat available.
class Accounts : public testing::Test {
protected:
    void SetUp() override { set_up(test_address("regtest", 1)); }

    void set_up(const std::string& first_address)
    {
        service = books.open();
        ASSERT_NE(service, nullptr);
        const auto made = service->create_account(
            "farm", *pool::parse_address(first_address, pool::Chain::regtest));
        ASSERT_TRUE(made.has_value());
        const std::string id = std::to_string(made->value);
        books.scalar("insert into ledger_account (code, side, member_id) values ('m:" + id +
                     ":available', 'credit', " + id + ")");
        books.scalar(
            "update ledger_balance set credits_sat = 50000 where account_id = "
            "(select id from ledger_account where code = 'm:" +
            id + ":available')");
        payouts::AccountBookOptions options;
        options.mysql = books.mysql();
        options.own_script =
            pool::parse_address(test_address("regtest", 0), pool::Chain::regtest)->script;
        auto opened = AccountBook::open(options);
        ASSERT_TRUE(opened.has_value());
        book = std::move(*opened);
    }

    // At `hours` after the start, by `who`.
    static Occasion at(std::uint64_t hours, const std::string& who = "olga")
    {
        return {who, UnixMillis{start_ms + hours * hour_ms}, Height{200}};
    }

    std::vector<Payee> payees(std::uint64_t hours)
    {
        books.turn_database_clock(at(hours).now);
        return payees_by_our_clock(hours);
    }
    std::vector<Payee> payees_by_our_clock(std::uint64_t hours)
    {
        payouts::MysqlConnection db{books.mysql()};
        EXPECT_TRUE(db.connect().has_value());
        auto transaction = payouts::Transaction::begin(db);
        const auto found = payouts::payees(db, pool::Chain::regtest,
                                           UnixMillis{start_ms + hours * hour_ms}, Sats{10'000});
        EXPECT_TRUE(found.has_value()) << found.error().detail;
        EXPECT_TRUE(transaction->commit().has_value());
        return found.value_or(std::vector<Payee>{});
    }

    // "ADDRESS 70%, ADDRESS 30%" of the only payee; "held" when there is none.
    std::string paid_to(std::uint64_t hours)
    {
        const auto found = payees(hours);
        return found.empty() ? "held" : payouts::to_text(found.front().routes);
    }

    Error::Code ask(const std::string& addresses, std::uint64_t hours,
                    const std::string& signature = "", std::uint32_t height = 0)
    {
        const auto asked =
            book->ask({"farm", addresses, Height{height}, signature, "olga"}, at(hours));
        last_detail = asked ? "" : asked.error().detail;
        return asked ? ok : asked.error().code;
    }

    static constexpr Error::Code ok{99};
    const std::string first = test_address("regtest", 1);
    const std::string second = test_address("regtest", 2);
    const std::string third = test_address("regtest", 3);
    std::string last_detail;
    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    std::unique_ptr<AccountBook> book;
};

TEST_F(Accounts, ArePaidAtTheirFirstAddressWithoutALock)
{
    EXPECT_EQ(paid_to(0), first + " 100%");
    EXPECT_FALSE(payees(0).front().recently_changed);
    EXPECT_EQ(payees(0).front().minimum, Sats{10'000});
}

TEST_F(Accounts, AreChangedByTwoApproversAfterSeventyTwoHours)
{
    ASSERT_EQ(ask(second + ":70," + third + ":30", 0), ok);
    EXPECT_EQ(paid_to(0), "held") << "from the wish on";
    const std::uint64_t id = book->sheet("farm", at(0))->open->id;

    EXPECT_EQ(book->approve("farm", id, at(1, "olga")).error().code, Error::Code::refused);
    EXPECT_EQ(book->approve("farm", id + 1, at(1, "pavel")).error().code, Error::Code::conflict);
    EXPECT_EQ(book->approve("farm", id, at(1, "pavel"))->state, ChangeState::asked);
    EXPECT_EQ(book->approve("farm", id, at(2, "pavel"))->state, ChangeState::asked)
        << "one person twice is one";
    EXPECT_EQ(book->approve("farm", id, at(10, "irina"))->state, ChangeState::locked);
    EXPECT_EQ(book->approve("farm", id, at(11, "ivan")).error().code, Error::Code::conflict);

    EXPECT_EQ(paid_to(81), "held");
    EXPECT_EQ(book->sheet("farm", at(81))->routes.front().address, first);
    EXPECT_EQ(paid_to(82), second + " 70%, " + third + " 30%");
    const auto queries = payouts::Queries::open(books.mysql());
    EXPECT_EQ((*queries)->account("farm")->payout_address, second) << "the larger part's is shown";
    EXPECT_TRUE(payees(82).front().recently_changed);
    EXPECT_FALSE(payees(82 + 30 * 24).front().recently_changed);
    EXPECT_FALSE(book->sheet("farm", at(82))->open.has_value());
    EXPECT_EQ(paid_to(0), second + " 70%, " + third + " 30%") << "a clock set back undoes nothing";
}

TEST_F(Accounts, StayLockedWhenTheClockOfOneServerIsMoved)
{
    ASSERT_EQ(ask(second, 0), ok);
    const std::uint64_t id = book->sheet("farm", at(0))->open->id;
    ASSERT_TRUE(book->approve("farm", id, at(0, "pavel")).has_value());
    ASSERT_TRUE(book->approve("farm", id, at(0, "irina")).has_value());
    EXPECT_TRUE(payees_by_our_clock(100).empty()) << "the database says otherwise";
    EXPECT_TRUE(book->sheet("farm", at(100))->open.has_value());
    books.turn_database_clock(at(100).now);
    EXPECT_TRUE(payees_by_our_clock(71).empty()) << "and the other way round";
    EXPECT_EQ(paid_to(72), second + " 100%");
}

TEST_F(Accounts, AreCancelledWhileLockedAndNotAfter)
{
    ASSERT_EQ(ask(second, 0), ok);
    EXPECT_EQ(ask(third, 0), Error::Code::conflict) << "one wish at a time";
    ASSERT_TRUE(book->cancel("farm", at(1)).has_value());
    EXPECT_EQ(paid_to(1), first + " 100%");
    EXPECT_EQ(book->cancel("farm", at(1)).error().code, Error::Code::conflict);

    ASSERT_EQ(ask(second, 2), ok);
    const std::uint64_t id = book->sheet("farm", at(2))->open->id;
    ASSERT_TRUE(book->approve("farm", id, at(2, "pavel")).has_value());
    ASSERT_TRUE(book->approve("farm", id, at(2, "irina")).has_value());
    books.turn_database_clock(at(74).now);
    EXPECT_EQ(book->cancel("farm", at(74)).error().code, Error::Code::conflict) << "it holds";
    EXPECT_EQ(paid_to(74), second + " 100%");
    EXPECT_EQ(books.number("select count(*) from address_change where state = 'active'"), 1U);
}

TEST_F(Accounts, HaveOneActiveSetWhateverIsWritten)
{
    const std::string row =
        "insert into address_change (account_id, state, proof, height, message, signer, signature, "
        "asked_by, asked_at_ms, locked_until_ms) values (1, 'active', 'approvals', 0, '', '', '', "
        "'x', 1, 1)";
    books.scalar("drop trigger address_change_begins");
    books.scalar(row);
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    EXPECT_EQ(db.execute(row).error().code, Error::Code::conflict);
}

TEST_F(Accounts, KeepTheirOwnMinimumAndAreHeldByHand)
{
    EXPECT_EQ(book->set_minimum("farm", Sats{9'999}).error().code, Error::Code::invalid);
    ASSERT_TRUE(book->set_minimum("farm", Sats{1'000'000}).has_value());
    EXPECT_EQ(payees(0).front().minimum, Sats{1'000'000});
    ASSERT_TRUE(book->set_minimum("farm", std::nullopt).has_value());
    EXPECT_EQ(payees(0).front().minimum, Sats{10'000});

    ASSERT_TRUE(book->hold("farm", "a court's order", at(0)).has_value());
    EXPECT_EQ(paid_to(0), "held");
    EXPECT_EQ(book->sheet("farm", at(0))->hold_reason, "a court's order");
    ASSERT_TRUE(book->release("farm").has_value());
    EXPECT_EQ(paid_to(0), first + " 100%");
    EXPECT_EQ(book->release("farm").error().code, Error::Code::conflict);
    EXPECT_EQ(book->hold("nobody", "why", at(0)).error().code, Error::Code::not_found);
}

TEST_F(Accounts, AreNeverPaidToThePoolItself)
{
    EXPECT_EQ(ask(test_address("regtest", 0), 0), Error::Code::invalid);
    EXPECT_EQ(ask(second + ":50," + test_address("regtest", 0) + ":50", 0), Error::Code::invalid);
}

// The wallet is a real bitcoind's.
class SignedChanges : public Accounts {
protected:
    void SetUp() override {}

    // Signs what the pool asks to be signed for `addresses` at `height`.
    std::string sign(const std::string& addresses, std::uint32_t height)
    {
        Occasion on = at(0);
        on.tip = Height{height};
        const auto question = book->question("farm", addresses, on);
        EXPECT_TRUE(question.has_value());
        EXPECT_TRUE(question->checkable);
        return wallet.sign(question->signer, question->message);
    }
    SigningWallet wallet;
};

TEST_F(SignedChanges, AreLockedAtOnceByEachKindOfKey)
{
    const std::vector<std::string> types{"legacy", "p2sh-segwit", "bech32", "bech32m"};
    set_up(wallet.address(types.front()));
    std::string before = payouts::to_text(book->sheet("farm", at(0))->routes);
    std::uint64_t hours = 0;
    std::uint32_t height = 100;
    for (std::size_t i = 0; i < types.size(); ++i, hours += 100, ++height) {
        // The present address, of this type, signs for the next; a small part goes elsewhere.
        const std::string next = wallet.address(types[(i + 1) % types.size()]);
        const std::string addresses = second + ":10," + next + ":90";
        const std::string signature = sign(addresses, height);
        EXPECT_EQ(ask(addresses, hours, sign(next, height), height), Error::Code::invalid)
            << "signed for another set";
        EXPECT_EQ(ask(addresses, hours, signature, height + 1), Error::Code::invalid);
        ASSERT_EQ(ask(addresses, hours, signature, height), ok) << types[i] << last_detail;
        EXPECT_EQ(book->sheet("farm", at(hours))->open->state, ChangeState::locked);
        EXPECT_EQ(paid_to(hours + 71), "held");
        before = second + " 10%, " + next + " 90%";
        EXPECT_EQ(paid_to(hours + 72), before);
    }
}

TEST_F(SignedChanges, CannotBePlayedAgain)
{
    set_up(wallet.address("bech32"));
    const std::string signature = sign(second, 150);
    ASSERT_EQ(ask(second, 0, signature, 150), ok) << last_detail;
    ASSERT_TRUE(book->cancel("farm", at(1)).has_value());
    EXPECT_EQ(ask(second, 2, signature, 150), Error::Code::invalid);
    EXPECT_NE(last_detail.find("used before"), std::string::npos) << last_detail;
    EXPECT_EQ(ask(second, 2, sign(second, 55), 55), Error::Code::invalid) << "older than a day";
    EXPECT_EQ(ask(second, 2, sign(second, 201), 201), Error::Code::invalid) << "of the future";
    EXPECT_EQ(ask(second, 2, sign(second, 151), 151), ok) << last_detail;
}

TEST_F(SignedChanges, AreRefusedFromWhoHasASmallPart)
{
    set_up(wallet.address("bech32"));
    const std::string small = wallet.address("bech32");
    const std::string large = wallet.address("bech32");
    const std::string shared = small + ":49," + large + ":51";
    ASSERT_EQ(ask(shared, 0, sign(shared, 100), 100), ok);
    ASSERT_EQ(paid_to(72), small + " 49%, " + large + " 51%");
    const auto question = book->question("farm", small, {"", UnixMillis{start_ms}, Height{101}});
    ASSERT_EQ(ask(small, 80, wallet.sign(small, question->message), 101), Error::Code::invalid);
    EXPECT_EQ(ask(small, 80, wallet.sign(large, question->message), 101), ok) << last_detail;
}

}  // namespace
}  // namespace tests
