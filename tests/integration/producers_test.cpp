// Whose a producer's name is, and what its journal and its stream owe to the books.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "payouts/mysql_maintenance.h"
#include "payouts/mysql_verify.h"
#include "pool/bitcoin/address.h"
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

payouts::ServiceOptions serving(const BooksFixture& books, const std::string& server,
                                std::uint32_t number)
{
    auto options = books.options();
    options.own_producers = {server + "-0"};
    options.owner = "word-of-" + server;
    options.server_id = server;
    options.extranonce_server = number;
    // Longer than any machine stalls: a claim is kept by a thread that must come to its turn.
    options.extranonce_claim = std::chrono::minutes{2};
    return options;
}

// Two servers with the same one would have their miners search the same space.
TEST(ExtranonceServer, IsOneServersOwnAsLongAsThatLives)
{
    BooksFixture books;
    auto first = Service::open(serving(books, "a", 7));
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_TRUE(Service::open(serving(books, "c", 8)).has_value());

    std::atomic<bool> over{false};
    std::thread life{[&] {
        for (pool::Now now = now_in(slot); !over; now.steady += std::chrono::minutes{1}) {
            EXPECT_TRUE((*first)->step(now).has_value());
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
    }};
    const auto second = Service::open(serving(books, "b", 7));
    over = true;
    life.join();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, pool::Error::Code::refused);
    EXPECT_NE(second.error().detail.find("the server a on the same books"), std::string::npos)
        << second.error().detail;
    EXPECT_NE(second.error().detail.find("stratum.extranonce_server = 7"), std::string::npos);

    // Killed, it has its number in its next life at once; another waits until it is surely dead.
    EXPECT_TRUE(Service::open(serving(books, "a", 7)).has_value());
    const auto begun = std::chrono::steady_clock::now();
    books.scalar(
        "update lease set holder = 'a word-of-a', until_ms = unix_timestamp(now(3)) * 1000 + 1000 "
        "where name = 'extranonce-7'");
    EXPECT_TRUE(Service::open(serving(books, "b", 7)).has_value());
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds{990});
}

TEST(OldProducer, IsNotRetiredBeforeItsJournalIsBooked)
{
    BooksFixture books;
    {
        auto options = books.options();
        options.own_producers = {"a-0", "a-1"};
        ASSERT_TRUE(Service::open(options).has_value());
    }
    // This life has a-0 only, and Redis was away: a-1's last shares are in its journal yet.
    auto service = books.open();
    payouts::JournalState journal{.shipped = 0, .newest = 3, .lacks_from = 0};
    service->set_journals([&](const std::string& name) {
        return name == "a-1" ? std::optional{journal} : std::nullopt;
    });
    const auto of_old = [&] {
        for (const auto& each : settle(*service, slot).producers) {
            if (each.name == "a-1") return each;
        }
        ADD_FAILURE() << "it was retired";
        return payouts::ProducerReport{};
    };
    EXPECT_FALSE(of_old().gap) << "Redis has not had it yet";
    // Redis takes all of it, and is emptied before it is booked: no record comes that shows it.
    journal.shipped = 3;
    EXPECT_TRUE(of_old().gap) << "or it is never sent again";
    EXPECT_EQ(books.scalar("select retired from producer where name = 'a-1'"), "0");
    auto old = books.producer("a-1");
    old.start(slot);
    old.account(1, 1, slot);
    old.share(1, slot, 1);
    old.ship_rest();
    settle(*service, slot);
    EXPECT_EQ(books.scalar("select retired from producer where name = 'a-1'"), "1");
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 1U);
}

/// What a dump holds of shares, kept in the database itself: its client programs are not among what
/// tests need.
constexpr std::array dumped{"account",         "account_total",   "books",     "producer",
                            "producer_member", "producer_worker", "slot",      "slot_account",
                            "slot_leaves",     "slot_root",       "worker_sum"};

void dump(const BooksFixture& books)
{
    for (const std::string table : dumped) {
        books.scalar("create table dump_" + table + " as select * from " + table);
    }
}

void load(const BooksFixture& books)
{
    books.scalar("drop trigger slot_leaves_kept");  // as a dump does, which makes its tables anew
    for (const std::string table : dumped) {
        books.scalar("delete from " + table);
        books.scalar("insert into " + table + " select * from dump_" + table);
    }
}

// docs/operations.md, "Backup and restore".
TEST(Restore, OfAnOlderDumpGoesOnOnceTheHoleIsAccepted)
{
    BooksFixture books;
    auto stream = books.producer("a-0");
    {
        auto service = books.open();
        stream.start(slot);
        stream.account(1, 1, slot);
        stream.share(1, slot, 1);
        stream.share(1, slot, 1);
        stream.ship_rest();
        settle(*service, slot);
        dump(books);
        // The pool goes on: booked, trimmed from the stream, dropped from the journal.
        for (int i = 0; i < 6; ++i) stream.share(1, slot, 1);
        stream.ship_rest();
        settle(*service, slot);
        // Not booked yet when the machine is lost; handle 2 was told in what the journal dropped.
        stream.share(1, slot + 1, 1);
        stream.ship_rest();
    }
    load(books);
    auto service = books.open();
    EXPECT_TRUE(settle(*service, slot + 1).producers.at(0).gap);
    const pool::UnixMillis now = now_in(slot + 1).wall;
    EXPECT_EQ(service->accept_gap("b-0", "ann", now).error().code, pool::Error::Code::not_found);
    const auto early = service->accept_gap("a-0", "ann", now);
    ASSERT_FALSE(early.has_value());
    EXPECT_EQ(early.error().code, pool::Error::Code::refused) << "whose are the shares there?";

    // zubrd was restarted, as the restore asks: it tells its accounts anew.
    stream.start(slot + 1);
    stream.account(1, 2, slot + 1);
    stream.share(1, slot + 1, 1);
    stream.mark(slot + 2);
    stream.ship_rest();
    // What a journal may have is given up by nobody.
    std::optional<payouts::JournalState> journal;
    service->set_journals([&](const std::string&) { return journal; });
    const auto elsewhere = service->accept_gap("a-0", "ann", now);
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_NE(elsewhere.error().detail.find("another server writes as a-0"), std::string::npos);
    for (const std::uint64_t not_asked : {0U, 4U, 6U}) {
        journal = payouts::JournalState{.shipped = 0, .newest = 0, .lacks_from = not_asked};
        const auto refused = service->accept_gap("a-0", "ann", now);
        ASSERT_FALSE(refused.has_value()) << not_asked;
        EXPECT_EQ(refused.error().code, pool::Error::Code::conflict);
    }
    journal->lacks_from = 5;
    EXPECT_EQ(service->accept_gap("a-0", "ann", now).value_or(0), 7U);
    const auto report = settle(*service, slot + 2);
    EXPECT_FALSE(report.producers.at(0).gap);
    EXPECT_EQ(report.producers.at(0).trouble, "");
    EXPECT_EQ(report.sealed_through, slot + 1);
    EXPECT_EQ(books.scalar("select group_concat(account_id, ':', shares order by slot_id) "
                           "from slot_account"),
              "1:2,2:1");
    EXPECT_EQ(books.scalar("select concat(producer, after_seq, accepted_by, records) "
                           "from share_gap"),
              "a-04ann7");
    EXPECT_EQ(service->accept_gap("a-0", "ann", now).error().code, pool::Error::Code::invalid);

    payouts::MysqlConnection db{books.mysql()};
    const auto checked = payouts::verify_ledger(db);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->difference, "");
    EXPECT_EQ(checked->records_given_up, 7U);
}

// Redis was emptied, the server shipped a batch behind the hole, and died with its disk.
TEST(LostServer, HoldsNobodysMinutesUpOnceItIsRetired)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 1);
    stream.ship_rest();
    auto lost = books.producer("b-0");
    lost.start(slot);
    lost.account(1, 2, slot);
    for (int i = 0; i < 5; ++i) lost.share(1, slot, 1);
    // Nobody has heard of c-0 for long, so that minutes are sealed for their age.
    books.scalar("insert into producer (name, owner) values ('b-0', 'other'), ('c-0', 'third')");
    ASSERT_TRUE(lost.ship(1, 3));
    settle(*service, slot);
    ASSERT_TRUE(lost.ship(6, 7));
    // It is waited for as long as it may come back.
    const std::uint64_t later = slot + 60;
    stream.mark(later);
    stream.ship_rest();
    EXPECT_LT(settle(*service, later).sealed_through, slot);
    ASSERT_TRUE(service->retire("b-0").has_value());
    EXPECT_GE(settle(*service, later).sealed_through, slot);

    // What lies behind the hole may name accounts that were told in it: all of that goes.
    EXPECT_EQ(service->accept_gap("b-0", "ann", now_in(later).wall).value_or(0), 4U);
    EXPECT_EQ(settle(*service, later).backlog, 0U);
    EXPECT_EQ(books.scalar("select concat(producer, after_seq, records) from share_gap"), "b-034");
    EXPECT_EQ(service->accept_gap("b-0", "ann", now_in(later).wall).error().code,
              pool::Error::Code::invalid);
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 2U);
    EXPECT_EQ(lost.length(), 0U) << "nothing of it stays in Redis";
}

TEST(LostStream, IsAGapThoughNoLaterRecordShowsIt)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.ship_rest();
    settle(*service, slot);
    for (int i = 0; i < 4; ++i) stream.share(1, slot, 1);
    stream.ship_rest();
    // MySQL goes back: a replica that had not heard of them is the primary now.
    stream.trim();
    EXPECT_TRUE(settle(*service, slot).producers.at(0).gap);
    EXPECT_EQ(books.scalar("select gap from producer where name = 'a-0'"), "1");
}

TEST(Restore, OfBooksThatForgotAccountsGivesTheirSharesToThemInWhateverOrderTheyAreMadeAgain)
{
    BooksFixture books;
    auto stream = books.producer("a-0");
    auto service = books.open();
    const auto make = [&service](const std::string& name) {
        const auto address = pool::parse_address(test_address("regtest", 1), pool::Chain::regtest);
        const auto made = service->create_account(name, *address);
        EXPECT_TRUE(made.has_value()) << made.error().detail;
        return made.value_or(pool::AccountId{});
    };
    make("farm");
    const pool::AccountId mill = make("mill");
    dump(books);
    stream.start(slot);
    stream.registered(1, mill, slot);
    stream.share(1, slot, 1);
    stream.account(2, 2, slot);
    stream.share(2, slot, 1);
    stream.ship_rest();
    load(books);
    books.scalar("delete from account");  // the dump was made before both

    make("other");
    EXPECT_NE(settle(*service, slot).producers.at(0).trouble.find("registered under its name"),
              std::string::npos);
    make("mill");
    make("farm");
    EXPECT_EQ(settle(*service, slot).producers.at(0).trouble, "");
    EXPECT_EQ(books.scalar("select group_concat(a.name order by a.id) from slot_account s join "
                           "account a on a.id = s.account_id"),
              test_address("regtest", 2) + ",mill");
}

}  // namespace
}  // namespace tests
