// What the accountant holds in memory, however many names and accounts its miners come under.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::StepReport;
using pool::RecordKind;

constexpr std::uint64_t slot = 1000;

// Miners come back under ever new handles; what a session has stays good, and is looked up again.
TEST(Accountant, HasFewHandlesInMemoryAndKnowsThemAllTheSame)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "a-1"};
    options.handles_max = 40;
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    constexpr std::uint64_t accounts = 30;
    auto one = books.producer("a-0");
    auto other = books.producer("a-1");
    for (StreamWriter* stream : {&one, &other}) {
        stream->start(slot);
        for (std::uint64_t i = 1; i <= accounts; ++i) {
            stream->account(i, static_cast<unsigned>(i), slot);
            stream->worker(static_cast<std::uint32_t>(i), i, "w" + std::to_string(i), slot);
            stream->share(i, slot, 1, RecordKind::share, static_cast<std::uint32_t>(i));
        }
        stream->ship_rest();
        EXPECT_LE(settle(**opened, slot).handles, options.handles_max);
    }
    // Each once more, a few at a time, in an order that finds none of them there.
    for (std::uint64_t i = 0; i < accounts; ++i) {
        const std::uint64_t handle = 1 + i * 7 % accounts;
        for (StreamWriter* stream : {&one, &other}) {
            stream->share(handle, slot, 1, RecordKind::share, static_cast<std::uint32_t>(handle));
            stream->ship_rest();
        }
        const StepReport report = settle(**opened, slot);
        EXPECT_EQ(report.records, 2U);
        EXPECT_LE(report.handles, options.handles_max);
    }
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 4 * accounts);
    EXPECT_EQ(books.scalar("select concat(count(*), ' ', min(shares), ' ', max(shares)) from "
                           "account_total"),
              "30 4 4");
    EXPECT_EQ(books.scalar("select group_concat(distinct shares) from worker_sum where worker = "
                           "concat('w', substr(worker, 2))"),
              "4");
    EXPECT_EQ(books.number("select count(distinct worker) from worker_sum"), accounts);

    // A new life voids them: those of the one before are nobody's, in memory or not.
    one.start(slot);
    one.ship_rest();
    settle(**opened, slot);
    one.share(3, slot, 1);
    one.ship_rest();
    const StepReport unknown = settle(**opened, slot);
    EXPECT_NE(unknown.producers.at(0).trouble.find("which nobody declared"), std::string::npos);
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 4 * accounts);
}

}  // namespace
}  // namespace tests
