// Whose a producer's name is, and what its journal and its stream owe to the books.
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_maintenance.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::Service;

constexpr std::uint64_t slot = 1000;

payouts::ServiceOptions owned_by(const BooksFixture& books, const std::string& owner)
{
    auto options = books.options();
    options.owner = owner;
    return options;
}

TEST(ProducerName, BelongsToOneDataDirectory)
{
    BooksFixture books;
    auto first = Service::open(owned_by(books, "one"));
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    const auto second = Service::open(owned_by(books, "two"));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, pool::Error::Code::refused);
    EXPECT_NE(second.error().detail.find("server_id"), std::string::npos) << second.error().detail;
    EXPECT_NE(second.error().detail.find("zubrd takeover"), std::string::npos);
    EXPECT_TRUE(Service::open(owned_by(books, "one")).has_value()) << "its next life";
    EXPECT_EQ((*first)->step(now_in(slot)).value().taken_over, "");
}

TEST(ProducerName, MayBeTakenOverAndWhoeverHadItHearsOfIt)
{
    BooksFixture books;
    auto first = Service::open(owned_by(books, "one"));
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    books.scalar("insert into producer (name, owner) values ('a-b-0', 'other'), ('a', 'other')");
    const auto taken = payouts::take_over(books.mysql(), "a", "two");
    ASSERT_TRUE(taken.has_value()) << taken.error().detail;
    EXPECT_EQ(books.scalar("select group_concat(name) from producer where owner = 'two'"), "a-0");
    EXPECT_TRUE(Service::open(owned_by(books, "two")).has_value());
    EXPECT_EQ((*first)->step(now_in(slot)).value().taken_over, "a-0");
    EXPECT_FALSE(Service::open(owned_by(books, "one")).has_value());
}

TEST(OldProducer, IsNotRetiredBeforeItsJournalIsShipped)
{
    BooksFixture books;
    {
        auto options = books.options();
        options.own_producers = {"a-0", "a-1"};
        ASSERT_TRUE(Service::open(options).has_value());
    }
    // This life has a-0 only, and Redis was away: a-1's last shares are in its journal yet.
    auto service = books.open();
    bool unshipped = true;
    service->set_unshipped([&](const std::string& name) { return name == "a-1" && unshipped; });
    settle(*service, slot);
    EXPECT_EQ(books.scalar("select retired from producer where name = 'a-1'"), "0");
    auto old = books.producer("a-1");
    old.start(slot);
    old.account(1, 1, slot);
    old.share(1, slot, 1);
    old.ship_rest();
    unshipped = false;
    settle(*service, slot);
    EXPECT_EQ(books.scalar("select retired from producer where name = 'a-1'"), "1");
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 1U);
}

}  // namespace
}  // namespace tests
