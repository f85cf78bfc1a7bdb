// What a server may do whose clock is not MySQL's.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_clock.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t hour_slots = 60;

pool::UnixMillis off_by(milliseconds off)
{
    const auto now = static_cast<std::int64_t>(pool::read_clock().wall.value);
    return {static_cast<std::uint64_t>(now + off.count())};
}

TEST(WrongClock, KeepsAServerFromStarting)
{
    const BooksFixture books;
    const milliseconds far = payouts::clocks_apart_max + std::chrono::minutes{1};
    for (const milliseconds off : {far, -far}) {
        const auto refused = payouts::Service::open(books.options(), off_by(off));
        ASSERT_FALSE(refused.has_value()) << off.count();
        EXPECT_EQ(refused.error().code, pool::Error::Code::refused);
        const std::string side = off > milliseconds{0} ? " ahead of" : " behind";
        EXPECT_NE(refused.error().detail.find(side + " MySQL's"), std::string::npos)
            << refused.error().detail;
    }
    EXPECT_EQ(books.number("select count(*) from information_schema.tables where table_schema = '" +
                           books.database().name() + "'"),
              0U)
        << "nothing was begun";
    const milliseconds near = payouts::clocks_apart_max - std::chrono::minutes{1};
    for (const milliseconds off : {near, -near}) {
        const auto opened = payouts::Service::open(books.options(), off_by(off));
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
    }
}

// One that is an hour ahead finds a block: once others know of it, nobody mines into its window.
TEST(WrongClock, LeavesNoWindowOpenBehindABlockThatIsKnown)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& service = **opened;
    auto ahead = books.producer("a-0");
    auto other = books.producer("b-0");
    const std::uint64_t before = pool::slot_of(pool::read_clock().wall) - 1;
    ahead.start(before);
    other.start(before);
    other.account(1, 1, before);
    other.account(2, 2, before);
    other.share(1, before, 1);

    payouts::FoundBlock block;
    block.hash.bytes[31] = 1;
    block.height = pool::Height{1};
    block.found_at = {pool::read_clock().wall.value + hour_ms};
    block.reward = pool::Sats{1'000'000};
    block.finder = test_address("regtest", 1);
    block.worker = "rig";
    block.coinbase = {1, 2, 3};
    ASSERT_TRUE(service.record_found(block).has_value());
    const std::uint64_t after = pool::slot_of(pool::read_clock().wall);
    EXPECT_LE(books.number("select found_slot from block_found"), after);
    EXPECT_LE(books.number("select found_at_ms from block_found"), pool::read_clock().wall.value);

    other.share(2, after, 1);
    other.mark(after + 1);
    ahead.mark(after + hour_slots);
    ahead.ship_rest();
    other.ship_rest();
    service.sight(
        std::vector{payouts::BlockSighting{block.hash, {pool::Sighting::Place::in_chain, 1, 0}}});
    settle(service, after + 1);
    EXPECT_EQ(books.scalar("select state from block_found"), "immature") << "nothing to wait for";
    EXPECT_EQ(books.scalar("select group_concat(a.payout_address) from block_credit c join account "
                           "a on a.id = c.account_id"),
              test_address("regtest", 1))
        << "who mined before it, and nobody else";
}

}  // namespace
}  // namespace tests
