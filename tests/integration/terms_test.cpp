// Fees, donations and N that change at an announced minute, and what blocks pay by them.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/account_book.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_verify.h"
#include "tests/support/books_fixture.h"
#include "tests/support/found_block.h"

namespace tests {
namespace {

using payouts::AccountBook;
using payouts::Occasion;
using pool::Error;
using pool::Sats;
using pool::UnixMillis;

constexpr std::uint64_t slot = 1000;

class Terms : public testing::Test {
protected:
    void SetUp() override
    {
        service = books.open();
        ASSERT_NE(service, nullptr);
        book = open(std::chrono::hours{0});
    }

    std::unique_ptr<AccountBook> open(std::chrono::hours notice)
    {
        payouts::AccountBookOptions options;
        options.mysql = books.mysql();
        options.notice = notice;
        auto opened = AccountBook::open(options);
        EXPECT_TRUE(opened.has_value());
        return std::move(*opened);
    }

    static UnixMillis start_of(std::uint64_t at) { return UnixMillis{at * pool::slot_ms}; }
    static Occasion in(std::uint64_t at, const std::string& who = "olga")
    {
        return {who, start_of(at), pool::Height{1}};
    }

    // Block `number`, in that slot, credited.
    void found(std::uint8_t number, std::uint64_t at)
    {
        const payouts::FoundBlock block = found_block(number, at, Sats{1'000'000});
        ASSERT_TRUE(service->record_found(block).has_value());
        const std::vector seen{
            payouts::BlockSighting{block.hash, {pool::Sighting::Place::in_chain, 1, 0}}};
        service->sight(seen);
        settle(*service, slot + 20);
    }
    // "1:495000,2:482500": net by account.
    std::string credits(std::uint8_t number) const
    {
        return books.scalar(
            "select group_concat(concat(account_id, ':', net_sat) order by account_id) from "
            "block_credit c join block_found f on f.hash = c.block_hash where f.height = " +
            std::to_string(number));
    }
    std::string difference() const
    {
        payouts::MysqlConnection db{books.mysql()};
        const auto checked = payouts::verify_ledger(db);
        return checked ? checked->difference : checked.error().detail;
    }

    BooksFixture books;
    std::unique_ptr<payouts::Service> service;
    std::unique_ptr<AccountBook> book;
};

TEST_F(Terms, OfABlockAreThoseOfItsSlot)
{
    auto stream = books.producer("a-0");
    stream.start(slot - 5);
    for (unsigned member = 1; member <= 2; ++member) {
        stream.account(member, member, slot - 5);
        stream.share(member, slot - 5, 2);
    }
    stream.ship_rest();
    settle(*service, slot - 4);
    const std::string first = test_address("regtest", 1);
    const std::string second = test_address("regtest", 2);
    EXPECT_EQ(book->set_usual_fee(300, start_of(slot + 2), in(slot)), slot + 2);
    EXPECT_EQ(book->set_fee(first, 50, start_of(slot + 3), in(slot)), slot + 3);
    EXPECT_EQ(book->set_donation(second, 250, std::nullopt, in(slot)), std::nullopt);
    EXPECT_EQ(book->set_donation(second, 250, std::nullopt, in(slot, "pavel")), slot + 1);
    EXPECT_EQ(book->set_fee(first, std::nullopt, start_of(slot + 4), in(slot)), slot + 4);
    EXPECT_EQ(book->set_fee(second, 10'000, start_of(slot + 5), in(slot)), slot + 5);
    stream.mark(slot + 20);
    stream.ship_rest();

    for (std::uint8_t number = 0; number <= 5; ++number) found(number, slot + number);
    EXPECT_EQ(credits(0), "1:495000,2:495000");
    EXPECT_EQ(credits(1), "1:495000,2:482500");
    EXPECT_EQ(credits(2), "1:485000,2:472500");
    EXPECT_EQ(credits(3), "1:497500,2:472500");
    EXPECT_EQ(credits(4), "1:485000,2:472500");
    EXPECT_EQ(credits(5), "1:485000,2:0") << "a fee leaves nothing to donate from";
    EXPECT_EQ(difference(), "");

    const auto sheet = book->sheet(first, in(slot + 3));
    EXPECT_EQ(sheet->fee_bps, 50U);
    EXPECT_EQ(sheet->fees.size(), 2U);
    books.scalar("drop trigger fee_schedule_ahead");
    books.scalar(
        "insert into fee_schedule (account_id, from_slot, bps, set_by, set_at_ms) "
        "values (1, " +
        std::to_string(slot + 1) + ", 90, 'x', 1)");
    EXPECT_NE(difference().find("account 1 on other terms"), std::string::npos) << difference();
}

TEST_F(Terms, GiveNothingMoreAwayOnOnePersonsWord)
{
    ASSERT_TRUE(service->create_account(
        "farm", *pool::parse_address(test_address("regtest", 1), pool::Chain::regtest)));
    const auto ask = [this](unsigned bps, std::uint64_t at, const std::string& who) {
        return book->set_donation("farm", bps, std::nullopt, in(at, who));
    };
    EXPECT_EQ(ask(250, slot, "olga"), std::nullopt);
    EXPECT_EQ(ask(250, slot, "olga"), std::nullopt) << "however often";
    EXPECT_EQ(ask(300, slot, "pavel"), std::nullopt) << "another figure";
    EXPECT_EQ(ask(300, slot + 3 * 1440, "olga"), std::nullopt) << "three days later";
    EXPECT_EQ(books.scalar("select count(*) from donation_schedule"), "0");
    EXPECT_EQ(ask(300, slot + 3 * 1440, "pavel"), slot + 3 * 1440 + 1);
    EXPECT_EQ(ask(100, slot + 3 * 1440, "olga"), slot + 3 * 1440 + 1) << "less is one's own word";
    EXPECT_EQ(ask(300, slot + 3 * 1440, "olga"), std::nullopt) << "an agreement is good once";
}

TEST_F(Terms, AreAnnouncedAheadUnlessTheyAreBetterAndNeverForASlotThatHasCome)
{
    ASSERT_TRUE(service->create_account(
        "farm", *pool::parse_address(test_address("regtest", 1), pool::Chain::regtest)));
    const auto strict = open(std::chrono::hours{24});
    EXPECT_EQ(strict->set_usual_fee(101, std::nullopt, in(slot)), slot + 1440);
    EXPECT_EQ(strict->set_usual_fee(101, start_of(slot + 1439), in(slot)).error().code,
              Error::Code::invalid);
    EXPECT_EQ(strict->set_usual_fee(99, std::nullopt, in(slot)), slot + 1);
    EXPECT_EQ(strict->set_fee("farm", 50, std::nullopt, in(slot)), slot + 1);
    EXPECT_EQ(strict->set_fee("farm", 60, std::nullopt, in(slot)), slot + 1440);
    EXPECT_EQ(strict->set_fee("farm", std::nullopt, std::nullopt, in(slot)), slot + 1440);
    EXPECT_EQ(strict->set_window(4'000'000'000'000'000'000U, std::nullopt, in(slot)), slot + 1440);
    EXPECT_EQ(strict->set_donation("farm", 10, start_of(slot), in(slot)).error().code,
              Error::Code::invalid);
    EXPECT_EQ(strict->set_usual_fee(10'001, std::nullopt, in(slot)).error().code,
              Error::Code::invalid);
    EXPECT_EQ(strict->set_donation("farm", 10, std::nullopt, in(slot)), std::nullopt);
    EXPECT_EQ(strict->set_donation("farm", 10, std::nullopt, in(slot, "pavel")), slot + 1440);
    EXPECT_EQ(strict->set_donation("farm", 0, std::nullopt, in(slot)), slot + 1);
    // A clock that is behind: a block has been found later already.
    found(1, slot + 7);
    EXPECT_EQ(strict->set_donation("farm", 0, std::nullopt, in(slot)), slot + 8);
}

TEST_F(Terms, AreNotMadeWorseWithoutNoticeByLettingAnAccountFallIntoAHigherUsualFee)
{
    ASSERT_TRUE(service->create_account(
        "farm", *pool::parse_address(test_address("regtest", 1), pool::Chain::regtest)));
    const auto strict = open(std::chrono::hours{24});
    EXPECT_EQ(strict->set_usual_fee(1000, std::nullopt, in(slot)), slot + 1440);
    EXPECT_EQ(strict->set_fee("farm", 50, std::nullopt, in(slot)), slot + 1);
    EXPECT_EQ(strict->set_usual_fee(10, std::nullopt, in(slot)), slot + 1);
    // Five minutes before the usual fee rises, the pool's own fee looks better than the farm's.
    const std::uint64_t late = slot + 1435;
    EXPECT_EQ(strict->set_fee("farm", std::nullopt, std::nullopt, in(late)), late + 1440);
}

// One account scores one unit in each slot: account 1 in slot 1000, account 2 in the next, …
// N is 2, from slot 1006 on 4, from slot 1010 on 1.
TEST_F(Terms, OfTheWindowLetItGrowAndNobodyComeBack)
{
    EXPECT_EQ(book->set_window(4'000'000'000'000'000'000U, start_of(slot + 6), in(slot)), slot + 6);
    EXPECT_EQ(book->set_window(1'000'000'000'000'000'000U, start_of(slot + 10), in(slot)),
              slot + 10);
    auto stream = books.producer("a-0");
    stream.start(slot);
    for (unsigned member = 1; member <= 10; ++member) {
        stream.account(member, member, slot + member - 1);
        stream.share(member, slot + member - 1, 2);
    }
    stream.mark(slot + 20);
    stream.ship_rest();
    settle(*service, slot + 20);
    for (std::uint8_t number = 5; number <= 10; ++number) found(number, slot + number);
    EXPECT_EQ(credits(5), "4:495000,5:495000");
    EXPECT_EQ(credits(6), "5:495000,6:495000") << "4 does not come back";
    EXPECT_EQ(credits(7), "5:330001,6:330000,7:330000");
    EXPECT_EQ(credits(8), "5:247500,6:247500,7:247500,8:247500");
    EXPECT_EQ(credits(9), "6:247500,7:247500,8:247500,9:247500");
    EXPECT_EQ(credits(10), "10:990000");
    EXPECT_EQ(difference(), "");

    auto options = books.options();
    options.window_score = 4'000'000'000'000'000'000U;
    EXPECT_TRUE(payouts::Service::open(options).has_value()) << "it was announced";
    options.window_score = 3'000'000'000'000'000'000U;
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::refused);
    options = books.options();
    options.fee_bps = 101;
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::refused);

    books.scalar("delete from window_schedule where from_slot = " + std::to_string(slot + 6));
    EXPECT_NE(difference(), "");
}

}  // namespace
}  // namespace tests
