// Several services on one database: one acts at a time, whoever sleeps or dies.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_account_work.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_shares.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using pool::Error;

constexpr std::uint64_t slot = 1000;

void expire(const BooksFixture& books) { books.scalar("update lease set until_ms = 0"); }

std::uint64_t shares(const BooksFixture& books)
{
    return books.number("select coalesce(sum(shares), 0) from slot_account");
}

void fill(StreamWriter& stream, std::uint64_t count)
{
    stream.start(slot);
    stream.account(1, 1, slot);
    for (std::uint64_t i = 0; i < count; ++i) stream.share(1, slot, 1);
}

TEST(Lease, LetsOneActAndTheOthersLookOn)
{
    BooksFixture books;
    auto one = books.open();
    auto other = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    stream.ship_rest();
    EXPECT_TRUE(settle(*one, slot).active);
    EXPECT_EQ(shares(books), 10U);
    const auto looks_on = settle(*other, slot);
    EXPECT_FALSE(looks_on.active);
    EXPECT_EQ(looks_on.records, 0U);
    EXPECT_EQ(looks_on.producers.at(0).mark, 12U) << "its journals may drop what is booked";

    one.reset();  // gives the lease back
    stream.share(1, slot, 1);
    stream.ship_rest();
    EXPECT_TRUE(settle(*other, slot).active);
    EXPECT_EQ(shares(books), 11U);
}

TEST(Lease, KeepsOneWhoSleptThroughItFromFinishingAnything)
{
    BooksFixture books;
    auto sleeper = books.open();
    auto other = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    ASSERT_TRUE(stream.ship(1, 6));
    EXPECT_EQ(settle(*sleeper, slot).records, 6U);
    expire(books);
    ASSERT_TRUE(settle(*other, slot).active);

    // The sleeper believes that the lease is its own: the next records come, and both step.
    ASSERT_TRUE(stream.ship(7, 12));
    EXPECT_EQ(settle(*sleeper, slot).records, 0U);
    EXPECT_FALSE(settle(*sleeper, slot).active);
    EXPECT_EQ(settle(*other, slot).records, 6U);
    EXPECT_EQ(shares(books), 10U);
}

/// One who sleeps through his lease, and the other who has it now. The first look of the sleeper at
/// the lease is what a test is about: once he knows, he does nothing anyway.
struct Sleeping {
    explicit Sleeping(const std::vector<std::string>& producers)
    {
        auto options = books.options();
        options.own_producers = producers;
        EXPECT_TRUE(payouts::Service::open(options).has_value());
        sleeper = books.open();
        other = books.open();
        for (auto* service : {sleeper.get(), other.get()}) {
            service->set_journals([this](const std::string&) {
                return payouts::JournalState{.shipped = 0, .newest = unbooked, .lacks_from = 0};
            });
        }
        fill(stream, 10);
        EXPECT_TRUE(stream.ship(1, 6));
    }
    void fall_asleep()
    {
        ASSERT_TRUE(settle(*sleeper, slot).active);
        expire(books);
        ASSERT_TRUE(settle(*other, slot).active);
    }

    BooksFixture books;
    std::unique_ptr<payouts::Service> sleeper;
    std::unique_ptr<payouts::Service> other;
    StreamWriter stream{books.producer("a-0")};
    std::uint64_t unbooked = 100;
};

TEST(Lease, KeepsOneWhoSleptThroughItFromSayingWhereBlocksStand)
{
    Sleeping two{{"a-0"}};
    payouts::FoundBlock block;
    block.found_at = now_in(slot).wall;
    block.reward = pool::Sats{1'000'000};
    block.coinbase = {1};
    ASSERT_TRUE(two.sleeper->record_found(block).has_value());
    two.fall_asleep();
    const std::vector seen{
        payouts::BlockSighting{block.hash, {pool::Sighting::Place::in_chain, 1, 0}}};
    two.sleeper->sight(seen);
    settle(*two.sleeper, slot);
    EXPECT_EQ(two.books.scalar("select place from block_found"), "unknown");
    two.other->sight(seen);
    settle(*two.other, slot);
    EXPECT_EQ(two.books.scalar("select place from block_found"), "in_chain");
}

TEST(Lease, KeepsOneWhoSleptThroughItFromSayingWhatStreamsLack)
{
    Sleeping two{{"a-0"}};
    two.fall_asleep();
    ASSERT_TRUE(two.stream.ship(9, 12));
    settle(*two.sleeper, slot);
    EXPECT_EQ(two.books.scalar("select sum(gap) from producer"), "0");
    settle(*two.other, slot);
    EXPECT_EQ(two.books.scalar("select sum(gap) from producer"), "1");
}

TEST(Lease, KeepsOneWhoSleptThroughItFromRetiringAnybody)
{
    Sleeping two{{"a-0", "a-1"}};
    two.fall_asleep();
    two.unbooked = 0;
    settle(*two.sleeper, slot);
    EXPECT_EQ(two.books.scalar("select sum(retired) from producer"), "0");
    settle(*two.other, slot);
    EXPECT_EQ(two.books.scalar("select sum(retired) from producer"), "1");
}

// Two at once would count a worker's ten minutes twice.
TEST(Lease, IsNeededToRollUpWhatWorkersDid)
{
    BooksFixture books;
    auto holder = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    stream.ship_rest();
    ASSERT_TRUE(settle(*holder, slot).active);
    ASSERT_GT(books.number("select count(*) from worker_sum"), 0U);

    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    payouts::Lease none{db, "accountant", "another", std::chrono::seconds{10}};
    for (const auto& done :
         {payouts::roll_up_workers(db, none, {slot, 0}), payouts::merge_into_hours(db, none, slot),
          payouts::roll_up_work(db, none, now_in(slot).wall)}) {
        ASSERT_FALSE(done.has_value());
        EXPECT_EQ(done.error().code, Error::Code::conflict);
    }
    EXPECT_EQ(books.number("select count(*) from worker_day"), 0U);
    EXPECT_GT(books.number("select count(*) from worker_sum"), 0U);
}

TEST(Lease, MayPassFromHandToHandAtAnyMoment)
{
    BooksFixture books;
    auto one = books.open();
    auto other = books.open();
    constexpr std::uint64_t records = 20'000;
    auto stream = books.producer("a-0");
    fill(stream, records);

    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> by_one{0};
    std::atomic<std::uint64_t> by_other{0};
    const auto work = [&done](payouts::Service& service, std::atomic<std::uint64_t>& booked) {
        while (!done) {
            const auto report = service.step(now_in(slot));
            if (report) booked += report->records;
        }
    };
    std::thread first{[&] { work(*one, by_one); }};
    std::thread second{[&] { work(*other, by_other); }};
    std::mt19937_64 random{3};
    for (std::uint64_t next = 1; next <= records + 2; next += 100) {
        stream.ship(next, std::min(records + 2, next + 99));
        if (random() % 3 == 0) expire(books);
    }
    EXPECT_TRUE(
        eventually(std::chrono::seconds{30}, [&] { return by_one + by_other >= records + 2; }));
    done = true;
    first.join();
    second.join();
    EXPECT_EQ(by_one + by_other, records + 2);
    EXPECT_EQ(shares(books), records);
    EXPECT_EQ(books.number("select sum(shares) from worker_sum"), records);
}

// Else a program whose lease a migration could not end would go on with it for ever.
TEST(Lease, IsGivenBackRatherThanRenewedOnceTheSchemaIsNewerThanTheProgram)
{
    BooksFixture books;
    books.open();
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    payouts::Lease lease{db, "accountant", "older", std::chrono::seconds{10}};
    const pool::SteadyTime now = pool::read_clock().steady;
    ASSERT_TRUE(lease.keep(now).value_or(false));
    books.scalar(
        "insert into schema_migrations (version, checksum, steps_done) values (99, "
        "repeat('x', 32), 0)");
    const auto kept = lease.keep(now + std::chrono::seconds{5});
    ASSERT_FALSE(kept.has_value());
    EXPECT_EQ(kept.error().code, Error::Code::refused);
    EXPECT_NE(kept.error().detail.find("99"), std::string::npos) << kept.error().detail;
    EXPECT_FALSE(lease.held());
    EXPECT_EQ(books.scalar("select until_ms from lease where name = 'accountant'"), "0");
    EXPECT_EQ(lease.fence().error().code, Error::Code::conflict);
}

TEST(Lease, PassesOnThoughMysqlsClockWasSetBackBeforeItsHolderDied)
{
    BooksFixture books;
    auto one = books.open();
    auto other = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    stream.ship_rest();
    ASSERT_TRUE(one->step(now_in(slot)).value_or(payouts::StepReport{}).active);
    books.scalar("update lease set until_ms = until_ms + 3600000 where name = 'accountant'");
    EXPECT_TRUE(settle(*other, slot).active);
    EXPECT_EQ(shares(books), 10U);
}

TEST(Lease, TellsAGapToTheProcessWhoseStreamItIs)
{
    BooksFixture books;
    auto active = books.open();
    auto owner = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    ASSERT_TRUE(stream.ship(1, 4));
    ASSERT_TRUE(stream.ship(8, 12));
    EXPECT_TRUE(settle(*active, slot).producers.at(0).gap);
    const auto seen = settle(*owner, slot);
    EXPECT_TRUE(seen.producers.at(0).gap);
    EXPECT_EQ(seen.producers.at(0).mark, 4U);
    stream.lose_stream();
    stream.ship_rest();
    settle(*active, slot);
    EXPECT_FALSE(settle(*owner, slot).producers.at(0).gap);
    EXPECT_EQ(shares(books), 10U);
}

TEST(Lease, PassesOnWhenItsHolderFallsSilentAmidBooking)
{
    BooksFixture books;
    auto other = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 10);
    stream.ship_rest();
    // As one who freezes, or whose machine lost its power: no word, and the socket stays open.
    auto options = books.mysql();
    options.silence = std::chrono::seconds{1};
    payouts::MysqlConnection frozen{options};
    ASSERT_TRUE(frozen.connect().has_value());
    payouts::Lease lease{frozen, "accountant", "frozen", std::chrono::milliseconds{100}};
    ASSERT_TRUE(lease.keep(pool::read_clock().steady).value_or(false));
    ASSERT_TRUE(frozen.run("START TRANSACTION").has_value());
    ASSERT_TRUE(lease.fence().has_value());

    EXPECT_TRUE(eventually(std::chrono::seconds{6}, [&] {
        const auto report = other->step(now_in(slot));
        return report && report->active;
    }));
    EXPECT_EQ(shares(books), 10U);
    EXPECT_FALSE(lease.fence().has_value()) << "what it had begun was rolled back";
}

TEST(Lease, NoticesNothingOfASessionThatTheServerEndedForSilence)
{
    BooksFixture books;
    auto options = books.options();
    options.mysql.silence = std::chrono::seconds{1};
    auto service = payouts::Service::open(options);
    ASSERT_TRUE(service.has_value());
    ASSERT_TRUE((*service)->step(now_in(slot)).has_value());
    const std::string sessions =
        "select count(*) from information_schema.processlist where db = database() and "
        "id <> connection_id()";
    EXPECT_TRUE(eventually(std::chrono::seconds{6}, [&] { return books.scalar(sessions) == "0"; }));
    const auto again = (*service)->step(now_in(slot));
    EXPECT_TRUE(again.has_value()) << again.error().detail;
}

// Redis was emptied, and its server died before it had filled it again: nobody ever will.
TEST(Retire, LetsSealingGoOnThoughTheStreamOfTheOneThatIsGoneHasAHole)
{
    BooksFixture books;
    {
        auto options = books.options();
        options.own_producers = {"b-0", "c-0"};  // c-0 lives, and has nothing to say
        ASSERT_TRUE(payouts::Service::open(options).has_value());
    }
    auto service = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.ship_rest();
    auto gone = books.producer("b-0");
    fill(gone, 10);
    ASSERT_TRUE(gone.ship(1, 4));
    ASSERT_TRUE(gone.ship(8, 12));
    constexpr std::uint64_t later = slot + 20;  // longer than the lag
    EXPECT_LT(settle(*service, later).sealed_through, slot) << "it may come yet";
    ASSERT_TRUE(service->retire("b-0").has_value());
    EXPECT_GE(settle(*service, later).sealed_through, slot);
    EXPECT_EQ(shares(books), 5U);
}

TEST(Retire, LetsSealingGoOnWithoutAProducerThatIsGone)
{
    BooksFixture books;
    {
        auto options = books.options();
        options.own_producers = {"b-0"};
        ASSERT_TRUE(payouts::Service::open(options).has_value());
    }
    auto service = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.mark(slot + 2);
    stream.ship_rest();
    EXPECT_LT(settle(*service, slot + 2).sealed_through, slot) << "b-0 may still speak";
    EXPECT_EQ(service->retire("b-9").error().code, Error::Code::not_found);
    EXPECT_EQ(service->retire("a-0").error().code, Error::Code::invalid);
    // Its server has told MySQL of its journal a moment ago.
    books.scalar(
        "update producer set told_at_ms = unix_timestamp(now(3)) * 1000 where name = 'b-0'");
    const auto lives = service->retire("b-0");
    ASSERT_FALSE(lives.has_value());
    EXPECT_EQ(lives.error().code, Error::Code::conflict);
    books.scalar("update producer set told_at_ms = told_at_ms - 121000 where name = 'b-0'");
    ASSERT_TRUE(service->retire("b-0").has_value());
    EXPECT_TRUE(service->retire("b-0").has_value()) << "once more is no harm";
    EXPECT_EQ(settle(*service, slot + 2).sealed_through, slot + 1);

    auto back = books.producer("b-0");
    fill(back, 2);
    back.ship_rest();
    settle(*service, slot + 2);
    const std::string retired = "select retired from producer where name = 'b-0'";
    EXPECT_EQ(books.scalar(retired), "1") << "the dead had shipped that before";
    EXPECT_EQ(shares(books), 5U);
    auto options = books.options();
    options.own_producers = {"b-0"};
    auto returned = payouts::Service::open(options);
    ASSERT_TRUE(returned.has_value()) << returned.error().detail;
    EXPECT_EQ(books.scalar(retired), "0");

    // It lived after all, and had only not reached MySQL.
    (*returned)->set_unbooked([] { return payouts::UnbookedSince{{"b-0", {}}}; });
    ASSERT_TRUE(service->retire("b-0").has_value());
    ASSERT_EQ(books.scalar(retired), "1");
    settle(**returned, slot + 2);
    EXPECT_EQ(books.scalar(retired), "0");
}

}  // namespace
}  // namespace tests
