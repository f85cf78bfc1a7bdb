// Shares from real Redis streams into real MySQL: each once, whatever happens on the way.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_queries.h"
#include "pool/base/uint256.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::StepReport;
using pool::Error;
using pool::RecordKind;

constexpr std::uint64_t slot = 1000;

std::uint64_t shares(const BooksFixture& books)
{
    return books.number("select coalesce(sum(shares), 0) from slot_account");
}

std::uint64_t work(const BooksFixture& books)
{
    return books.number("select coalesce(sum(work), 0) from slot_account");
}

// One start, one account, `count` shares of work 1, 2, 3, …
void fill(StreamWriter& stream, std::uint64_t count, std::uint64_t at = slot)
{
    stream.start(at);
    stream.account(1, 1, at);
    for (std::uint64_t i = 1; i <= count; ++i) stream.share(1, at, i);
}

std::uint64_t sum_to(std::uint64_t count) { return count * (count + 1) / 2; }

bool try_sql(const BooksFixture& books, const std::string& text)
{
    payouts::MysqlConnection db{books.mysql()};
    return db.connect().has_value() && db.run(text).has_value();
}

TEST(Accountant, CountsEachRecordOnceThroughOverlapsAndRepetitions)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 998);

    ASSERT_TRUE(stream.ship(1, 300));
    EXPECT_EQ(settle(*service, slot).records, 300U);
    // Sent again with other borders: what is counted is left out.
    ASSERT_TRUE(stream.ship(200, 500));
    ASSERT_FALSE(stream.ship(1, 300)) << "Redis itself refuses what it has had";
    EXPECT_EQ(settle(*service, slot).records, 200U);
    // Redis empty, and everything once more from its very beginning.
    stream.lose_stream();
    stream.ship_rest();
    const StepReport report = settle(*service, slot);
    EXPECT_EQ(report.records, 500U);
    EXPECT_EQ(report.producers.at(0).mark, 1000U);
    EXPECT_EQ(report.backlog, 0U);

    EXPECT_EQ(shares(books), 998U);
    EXPECT_EQ(work(books), sum_to(998));
    EXPECT_EQ(books.number("select sum(shares) from account_total"), 998U);
    EXPECT_EQ(service->mark("a-0").value(), 1000U);
}

TEST(Accountant, NeverStepsOverAGap)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 28);
    ASSERT_TRUE(stream.ship(1, 10));
    ASSERT_TRUE(stream.ship(21, 30));
    const StepReport stopped = settle(*service, slot);
    EXPECT_EQ(stopped.producers.at(0).mark, 10U);
    EXPECT_TRUE(stopped.producers.at(0).gap);
    EXPECT_EQ(stopped.backlog, 20U);
    EXPECT_EQ(shares(books), 8U);

    // The lag counts from what is known to be complete: nothing is sealed over a gap.
    EXPECT_LT(settle(*service, slot + 100).sealed_through, slot);

    stream.lose_stream();
    stream.ship_rest();
    const StepReport whole = settle(*service, slot);
    EXPECT_FALSE(whole.producers.at(0).gap);
    EXPECT_EQ(shares(books), 28U);
    EXPECT_EQ(work(books), sum_to(28));
}

// A machine and its copy, or two after a takeover: one name, one number, and other accounts.
TEST(Accountant, BooksNothingThatGoesOnFromAnotherServersRecords)
{
    for (const std::uint64_t first : {4U, 3U}) {
        BooksFixture books;
        auto service = books.open();
        auto one = books.producer("a-0");
        auto two = books.producer("a-0");
        one.start(slot);
        one.account(1, 1, slot);
        one.share(1, slot, 5);
        one.ship_rest();
        settle(*service, slot);
        two.start(slot + 1);
        two.account(1, 2, slot + 1);
        for (int i = 0; i < 3; ++i) two.share(1, slot + 1, 7);
        ASSERT_TRUE(two.ship(first, 5));
        const auto report = settle(*service, slot + 1);
        EXPECT_NE(report.producers.at(0).trouble.find("two servers"), std::string::npos)
            << report.producers.at(0).trouble;
        EXPECT_EQ(books.scalar("select sum(work) from slot_account"), "5");

        // As the sentence says: one is stopped, the stream deleted, and the other goes on.
        one.share(1, slot + 1, 6);
        one.lose_stream();
        ASSERT_TRUE(one.ship(4, 4));
        EXPECT_EQ(settle(*service, slot + 1).producers.at(0).trouble, "");
        EXPECT_EQ(books.scalar("select sum(work) from slot_account"), "11");
    }
}

TEST(Accountant, OfTwoOnOneDatabaseEachRecordIsCountedByOne)
{
    BooksFixture books;
    auto one = books.open();
    auto other = books.open();
    constexpr std::uint64_t records = 20'000;
    auto stream = books.producer("a-0");
    auto second = books.producer("a-1");
    auto options = books.options();
    options.own_producers = {"a-0", "a-1"};
    ASSERT_TRUE(payouts::Service::open(options).has_value());
    fill(stream, records);
    fill(second, records);
    stream.ship_rest();
    second.ship_rest();

    std::atomic<std::uint64_t> booked{0};
    const auto work_through = [&](payouts::Service& service) {
        for (int turn = 0; turn < 200 && booked < 2 * (records + 2); ++turn) {
            const auto report = service.step(now_in(slot));
            // A conflict on the way is the other one's success.
            if (report) booked += report->records;
        }
    };
    std::thread racer{[&] { work_through(*other); }};
    work_through(*one);
    racer.join();
    settle(*one, slot);

    EXPECT_EQ(booked, 2 * (records + 2));
    EXPECT_EQ(shares(books), 2 * records);
    EXPECT_EQ(work(books), 2 * sum_to(records));
    EXPECT_EQ(books.number("select count(*) from account"), 1U);
}

TEST(Accountant, CountsEachRecordOnceThroughLostConnections)
{
    BooksFixture books;
    auto service = books.open();
    constexpr std::uint64_t records = 40'000;
    auto stream = books.producer("a-0");
    fill(stream, records);

    std::atomic<bool> done{false};
    std::atomic<unsigned> kills{0};
    std::thread killer{[&] {
        std::mt19937_64 random{42};
        while (!done) {
            const std::string id = books.scalar(
                "select id from information_schema.processlist where db = database() "
                "and id <> connection_id() limit 1");
            if (id.empty()) continue;
            // It may have ended meanwhile, and that is no failure of the test.
            if (try_sql(books, "kill " + id)) ++kills;
            std::this_thread::sleep_for(std::chrono::milliseconds{random() % 20});
        }
    }};
    unsigned failed = 0;
    constexpr std::uint64_t entry = 250;
    for (std::uint64_t next = 1; next <= records + 2; next += entry) {
        ASSERT_TRUE(stream.ship(next, std::min(records + 2, next + entry - 1)));
        if (!service->step(now_in(slot))) ++failed;
    }
    done = true;
    killer.join();
    static_cast<void>(service->step(now_in(slot)));  // hears of the last kill
    settle(*service, slot);
    EXPECT_GT(failed, 0U);
    EXPECT_EQ(shares(books), records);
    EXPECT_EQ(work(books), sum_to(records));
}

TEST(Accountant, BooksLateSharesIntoTheOldestOpenSlotAndFlagsThem)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.mark(slot + 5);
    stream.ship_rest();
    EXPECT_EQ(settle(*service, slot + 5).sealed_through, slot + 4);

    stream.share(1, slot, 100);
    stream.share(1, slot, 100, RecordKind::stale);
    stream.ship_rest();
    settle(*service, slot + 5);
    EXPECT_EQ(books.number("select shares from slot_account where slot_id = 1005"), 1U);
    EXPECT_EQ(books.number("select late from slot_account where slot_id = 1005"), 2U);
    EXPECT_EQ(books.number("select shares from slot_account where slot_id = 1000"), 3U);
    EXPECT_EQ(books.number("select score = 6 * 500000000000000000 from slot where slot_id = 1000"),
              1U);
}

// Of a year in which the difficulty has doubled, each half counts as it was.
TEST(Accountant, KnowsHowManyBlocksAnAccountWasExpectedToFindAtTheDifficultiesOfItsShares)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 2);  // where a block takes two units of work
    stream.share(1, slot + 1, 2, RecordKind::share, 0, pool::CompactBits{0x203fffff});  // and four
    stream.mark(slot + 5);
    stream.ship_rest();
    settle(*service, slot + 5);
    const auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    const auto lucks = (*queries)->lucks();
    ASSERT_TRUE(lucks.has_value()) << lucks.error().detail;
    ASSERT_EQ(lucks->size(), 1U);
    EXPECT_EQ(pool::to_decimal(lucks->front().score), "1500000000000000000");
    EXPECT_EQ(lucks->front().blocks, 0U);
}

TEST(Accountant, SealsAfterTheLagWhenAProducerIsSilent)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& service = **opened;
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.ship_rest();
    EXPECT_LT(settle(service, slot + 1).sealed_through, slot);
    EXPECT_EQ(settle(service, slot + 16).sealed_through, slot);
}

// It has started with a wrong clock, and so has no reading before it to doubt this one by.
TEST(Accountant, SealsNoMinuteThatMysqlsClockHasNotSeenEndWhateverItsOwnSays)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& ahead = **opened;
    const std::uint64_t current = pool::slot_of(pool::read_clock().wall);
    auto one = books.producer("a-0");
    auto other = books.producer("b-0");
    fill(one, 3, current);
    fill(other, 3, current);
    one.ship_rest();
    other.ship_rest();
    const auto report = settle(ahead, current + 60);
    ASSERT_TRUE(report.active);
    EXPECT_EQ(report.sealed_through, current - 1) << "as all have gone on to this minute";
    other.share(1, current, 4);
    other.ship_rest();
    settle(ahead, current + 61);
    EXPECT_EQ(books.scalar("select sum(late) from slot_account"), "0");
}

// Where shares come all the time there is always one that was not counted yet.
TEST(Accountant, SealsAfterTheLagWhileStreamsHoldYoungerRecords)
{
    constexpr unsigned more_than_a_step = 850;
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "silent-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.ship_rest();
    for (unsigned i = 0; i < more_than_a_step; ++i) {
        stream.mark(slot + 16);
        stream.ship_rest();
    }
    const auto report = (*opened)->step(now_in(slot + 16));
    ASSERT_TRUE(report.has_value()) << report.error().detail;
    ASSERT_GT(report->backlog, 0U) << "or this shows nothing";
    EXPECT_EQ(report->sealed_through, slot);
}

// Redis takes no records: they wait in journals, of this server or of another one that lives.
TEST(Accountant, SealsNoMinuteForWhichALivingServersJournalHoldsRecords)
{
    BooksFixture books;
    auto service = books.open();
    payouts::UnbookedSince own;
    service->set_unbooked([&own] { return own; });
    auto options = books.options();
    options.own_producers = {"b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& other = **opened;
    payouts::UnbookedSince others;
    other.set_unbooked([&others] { return others; });
    auto stream = books.producer("a-0");
    fill(stream, 3);
    stream.ship_rest();
    settle(*service, slot);

    own["a-0"] = now_in(slot).wall;
    EXPECT_EQ(settle(*service, slot + 16).sealed_through, slot - 1);
    own["a-0"] = {};
    others["b-0"] = now_in(slot).wall;
    ASSERT_FALSE(settle(other, slot + 16).active);
    EXPECT_EQ(settle(*service, slot + 16).sealed_through, slot - 1);
    // It says nothing any more: nobody waits for the dead.
    books.scalar("update producer set told_at_ms = 1 where name = 'b-0'");
    EXPECT_EQ(settle(*service, slot + 16).sealed_through, slot);
    // What lives and never ships holds minutes up for a day.
    settle(other, slot + 17);
    others["b-0"] = now_in(slot + 1).wall;
    settle(other, slot + 18);
    EXPECT_EQ(settle(*service, slot + 100).sealed_through, slot);
    EXPECT_EQ(settle(*service, slot + 2 + 24 * 60).sealed_through, slot + 1);
}

// The clock of one producer, and of the server that seals, is an hour back: what is sealed stays
// so, with all that is in it. Without the database's own guards, which would hide it.
TEST(Accountant, OpensNoSealedSlotAgainWhenClocksGoBackAndForward)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    for (const char* guard : {"books_sealed_stay", "slot_account_sealed", "slot_account_open",
                              "slot_open", "slot_root_open"}) {
        books.scalar(std::string{"drop trigger "} + guard);
    }
    // Steady time goes on whatever the wall clock is set to.
    const auto step = [&](std::uint64_t truth, std::uint64_t wall) {
        const pool::Now now{now_in(truth).steady, now_in(wall).wall};
        for (int turn = 0; turn < 100; ++turn) {
            const auto report = (*opened)->step(now);
            ASSERT_TRUE(report.has_value()) << report.error().detail;
            if (!report->more) return;
        }
    };
    const auto sealed = [&] { return books.number("select sealed_through from books"); };
    const auto past = [&] {
        return books.scalar(
            "select concat((select group_concat(slot_id, ' ', shares, ' ', hex(chain) order by "
            "slot_id) from slot where slot_id <= 1060), ' | ', (select group_concat(slot_id, ' ', "
            "account_id, ' ', shares, ' ', work order by slot_id, account_id) from slot_account "
            "where slot_id <= 1060))");
    };
    auto one = books.producer("a-0");
    auto other = books.producer("b-0");
    for (StreamWriter* each : {&one, &other}) {
        fill(*each, 3);
        each->mark(slot + 61);
        each->ship_rest();
    }
    step(slot + 61, slot + 61);
    ASSERT_EQ(sealed(), slot + 60);
    const std::string before = past();
    ASSERT_NE(before, "");

    other.share(1, slot + 1, 7);
    other.ship_rest();
    step(slot + 62, slot + 2);
    EXPECT_EQ(sealed(), slot + 60);
    EXPECT_EQ(past(), before);
    EXPECT_EQ(books.number("select sum(late) from slot_account where slot_id = 1061"), 1U);
    for (StreamWriter* each : {&one, &other}) {
        each->mark(slot + 64);
        each->ship_rest();
    }
    step(slot + 64, slot + 64);
    EXPECT_EQ(sealed(), slot + 63);
    EXPECT_EQ(past(), before);
    EXPECT_EQ(shares(books), 7U);
}

TEST(Accountant, ReportsWhatItCannotBookAndGoesOnWithTheOthers)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "a-1"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value());
    auto bad = books.producer("a-0");
    bad.share(77, slot, 1);  // nobody declared handle 77
    bad.ship_rest();
    auto good = books.producer("a-1");
    fill(good, 5);
    good.ship_rest();
    const StepReport report = settle(**opened, slot);
    ASSERT_EQ(report.producers.size(), 2U);
    EXPECT_NE(report.producers[0].trouble.find("77"), std::string::npos);
    EXPECT_EQ(report.producers[1].trouble, "");
    EXPECT_EQ(shares(books), 5U);
}

TEST(Accountant, ReadsProducersOfAnEarlierLifeToTheirEndAndRetiresThem)
{
    BooksFixture books;
    {
        auto options = books.options();
        options.own_producers = {"a-0", "a-1", "b-0"};
        ASSERT_TRUE(payouts::Service::open(options).has_value());
    }
    auto old = books.producer("a-1");
    fill(old, 7);
    old.ship_rest();
    auto service = books.open();  // this life has a-0 only; b is another server
    settle(*service, slot);
    EXPECT_EQ(shares(books), 7U);
    EXPECT_EQ(books.scalar("select group_concat(name order by name) from producer where retired"),
              "a-1");
}

TEST(Service, RefusesOtherSettingsThanTheBooksWereBegunWith)
{
    BooksFixture books;
    ASSERT_NE(books.open(), nullptr);
    auto options = books.options();
    options.window_score += 1;
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::refused);
    options = books.options();
    options.chain = pool::Chain::signet;
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::refused);
    options = books.options();
    options.mysql.password = "wrong";
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::refused);
    options.mysql.socket = "/nowhere/mysql.sock";
    EXPECT_EQ(payouts::Service::open(options).error().code, Error::Code::unavailable);
}

}  // namespace
}  // namespace tests
