// What the books must not forget, and what happens when they have.
#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_payout_mark.h"
#include "payouts/mysql_verify.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

/// What of the books is changed in place, and so is copied for a dump. The client programs that
/// make real ones are not among what tests need.
constexpr std::array changed_in_place{"books", "ledger_balance", "control", "payout_batch"};
constexpr std::array only_added_to{"payout_item", "payout_approval", "payout_tx"};

void dump(const BooksFixture& books)
{
    for (const std::string table : changed_in_place) {
        books.scalar("create table dump_" + table + " as select * from " + table);
    }
    for (const std::string table : only_added_to) {
        books.scalar("create table dump_" + table + " as select * from " + table);
    }
    books.scalar("create table dump_event as select coalesce(max(id), 0) id from ledger_event");
}

void restore(const BooksFixture& books)
{
    for (const char* trigger : {"ledger_event_no_delete", "ledger_transfer_no_delete",
                                "payout_batch_begins", "payout_item_open"}) {
        books.scalar(std::string{"drop trigger if exists "} + trigger);
    }
    books.scalar("delete from ledger_transfer where event_id > (select id from dump_event)");
    books.scalar("delete from ledger_event where id > (select id from dump_event)");
    for (const std::string table : only_added_to) books.scalar("delete from " + table);
    for (const std::string table : changed_in_place) {
        books.scalar("delete from " + table);
        books.scalar("insert into " + table + " select * from dump_" + table);
    }
    for (const std::string table : only_added_to) {
        books.scalar("insert into " + table + " select * from dump_" + table);
    }
    books.scalar(
        "delete from ledger_account where id not in (select account_id from ledger_balance)");
    // A dump says where the numbers went on.
    books.scalar("alter table ledger_event auto_increment = 1");
    books.scalar("alter table payout_batch auto_increment = 1");
}

using pool::Sats;

class PayoutMark : public Payouts {};

TEST_F(PayoutMark, HoldsPayoutsWhenARestoredDumpHasForgottenOne)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    options.mark_file = (directory.path() / "payouts.mark").string();
    pool.owe(31, 5'000'000);
    std::uint64_t id = 0;
    {
        auto payouts = pool.open(options);
        run_payouts(*payouts);
        dump(pool.books());
        id = approved_batch(*payouts, "a");
        run_payouts(*payouts);
        ASSERT_EQ(state_of(*payouts, id), "broadcast");
        mine(node(), 1);
        ASSERT_EQ(pool.received(31), 5'000'000);
    }
    restore(pool.books());
    ASSERT_EQ(pool.available(31), 5'000'000) << "the books think that it was never paid";

    auto payouts = pool.open(options);
    run_payouts(*payouts);
    const auto hold = payouts->hold();
    ASSERT_TRUE(hold.has_value()) << hold.error().detail;
    EXPECT_TRUE(hold->stopped);
    EXPECT_NE(hold->reason.find("lack event"), std::string::npos) << hold->reason;
    EXPECT_FALSE(payouts->create("b", "ann", false, pool::read_clock()).has_value());
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(pool.received(31), 5'000'000) << "once";

    // What had been paid is booked by two people, and wallet and books agree again.
    const pool::Now now = pool::read_clock();
    ASSERT_NE(payouts->compare()->difference, Sats{});
    const auto in_wallet = payouts->compare()->difference;
    const auto paid = payouts->ask_coins({false, "member-31", Sats{5'000'000}, "txid"}, "ann", now);
    ASSERT_TRUE(paid.has_value()) << paid.error().detail;
    const auto fee = payouts->ask_coins(
        {false, "pool:network", in_wallet - Sats{5'000'000}, "its fee"}, "ann", now);
    ASSERT_TRUE(fee.has_value()) << fee.error().detail;
    EXPECT_EQ(pool.available(31), 5'000'000) << "asked is not booked";
    EXPECT_FALSE(payouts->approve_coins(paid->id, "ann", now).has_value()) << "her own";
    for (const std::uint64_t each : {paid->id, fee->id}) {
        const auto booked = payouts->approve_coins(each, "bob", now);
        ASSERT_TRUE(booked.has_value()) << booked.error().detail;
        EXPECT_FALSE(payouts->approve_coins(each, "carl", now).has_value()) << "once";
    }
    EXPECT_EQ(pool.available(31), 0);
    EXPECT_EQ(pool.audit(*payouts), "");

    // Nobody lets it go by habit, and nobody alone.
    EXPECT_FALSE(payouts->release("ann", false, now).has_value());
    ASSERT_TRUE(payouts->release("ann", true, now).has_value());
    ASSERT_TRUE(payouts->release("ann", true, now).has_value());
    EXPECT_FALSE(payouts->release("bob", false, now).has_value());
    run_payouts(*payouts);
    EXPECT_TRUE(payouts->hold()->stopped);
    const auto released = payouts->release("bob", true, now);
    ASSERT_TRUE(released.has_value()) << released.error().detail;
    EXPECT_FALSE(released->stopped);
    run_payouts(*payouts);
    EXPECT_FALSE(payouts->hold()->stopped) << "what two people have said is written down";
}

TEST_F(PayoutMark, KnowsAPayoutWhoseDraftIsInTheDumpAndItsSendingIsNot)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    options.mark_file = (directory.path() / "payouts.mark").string();
    pool.owe(32, 5'000'000);
    std::uint64_t id = 0;
    {
        auto payouts = pool.open(options);
        id = approved_batch(*payouts, "a");
        dump(pool.books());
        run_payouts(*payouts);
        ASSERT_EQ(state_of(*payouts, id), "broadcast");
        mine(node(), 6);
    }
    restore(pool.books());
    auto payouts = pool.open(options);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "approved") << "the ledger alone would not tell";
    const auto hold = payouts->hold();
    ASSERT_TRUE(hold.has_value());
    EXPECT_NE(hold->reason.find("payout " + std::to_string(id)), std::string::npos) << hold->reason;
    mine(node(), 6);
    EXPECT_EQ(pool.received(32), 5'000'000);
}

TEST_F(PayoutMark, HoldsPayoutsOfAllServersAndOutlivesWhatDamagesItsFile)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    options.mark_file = (directory.path() / "payouts.mark").string();
    std::ofstream{options.mark_file} << "zubr-payout-mark-1\nevent 1 00\n";
    auto payouts = pool.open(options);
    run_payouts(*payouts);
    const auto hold = payouts->hold();
    ASSERT_TRUE(hold.has_value());
    EXPECT_NE(hold->reason.find("damaged"), std::string::npos) << hold->reason;
    auto other = pool.open();  // has no mark of its own
    run_payouts(*other);
    EXPECT_TRUE(held(*other, "not those that were paid from"));

    // What is said of something else, where nothing speaks against it, does not lift it.
    const pool::Now now = pool::read_clock();
    ASSERT_TRUE(other->stop("ann", "maintenance", now).has_value());
    EXPECT_TRUE(held(*other, "not those that were paid from"));
    EXPECT_TRUE(held(*other, "maintenance")) << "and hers is not forgotten";
    EXPECT_FALSE(other->release("ann", false, now).has_value());
    EXPECT_FALSE(other->release("bob", false, now).has_value());
    ASSERT_TRUE(other->release("ann", true, now).has_value());
    EXPECT_FALSE(other->release("bob", false, now).has_value());
    run_payouts(*other);
    EXPECT_TRUE(held(*other));

    // Two who have looked say so on either server, and it holds for both.
    const auto released = other->release("bob", true, now);
    ASSERT_TRUE(released.has_value()) << released.error().detail;
    EXPECT_FALSE(released->stopped) << released->reason;
    run_payouts(*payouts);
    EXPECT_FALSE(payouts->hold()->stopped) << payouts->hold()->reason;
    EXPECT_FALSE(other->hold()->stopped);
}

// Restored once more, the books do not know either that they were held.
TEST_F(PayoutMark, HoldsPayoutsAnewWhenTheBooksHaveForgottenTheHold)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    options.mark_file = (directory.path() / "payouts.mark").string();
    std::ofstream{options.mark_file} << "damaged";
    auto payouts = pool.open(options);
    run_payouts(*payouts);
    auto other = pool.open();
    EXPECT_TRUE(held(*other));
    for (const std::string done :
         {"delete from control where name = 'books'",
          "update control set value = '', at_ms = 7 where name = 'books'", "delete from control"}) {
        pool.books().scalar(done);
        pool.books().scalar("update control set value = '' where name = 'payouts'");
        run_payouts(*payouts);
        EXPECT_TRUE(held(*other, "not those that were paid from")) << done;
    }
    pool.books().scalar("update control set value = '' where name = 'payouts'");
    EXPECT_TRUE(other->hold()->stopped) << "an older program has taken a plain word for it";
    ASSERT_TRUE(other->release("ann", true, pool::read_clock()).has_value());
    EXPECT_FALSE(other->release("bob", true, pool::read_clock())->stopped);
}

TEST_F(PayoutMark, LetsNothingLeaveThatItCannotWriteDown)
{
    PayoutsFixture pool{node(), own_name()};
    const TempDir directory;
    auto options = pool.options();
    options.mark_file = (directory.path() / "no such directory" / "payouts.mark").string();
    pool.owe(33, 5'000'000);
    auto payouts = pool.open(options);
    const auto report = payouts->step(pool::read_clock());
    ASSERT_FALSE(report.has_value());
    EXPECT_NE(report.error().detail.find("nothing is paid without it"), std::string::npos);
}

TEST_F(PayoutMark, TakesNoWordOfCoinsThatNobodyHasAndShowsWhoChangedOne)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(34, 5'000'000);
    auto payouts = pool.open();
    const pool::Now now = pool::read_clock();
    using Code = pool::Error::Code;
    const auto refused_as = [](const auto& result, Code code) {
        return !result && result.error().code == code;
    };
    EXPECT_TRUE(refused_as(payouts->ask_coins({true, "nobody", Sats{1}, "x"}, "ann", now),
                           Code::not_found));
    EXPECT_TRUE(refused_as(payouts->ask_coins({true, "pool:network", Sats{1}, "x"}, "ann", now),
                           Code::invalid));
    EXPECT_TRUE(
        refused_as(payouts->ask_coins({true, "pool:fee", Sats{1}, ""}, "ann", now), Code::invalid));
    const auto more = payouts->ask_coins({false, "member-34", Sats{5'000'001}, "x"}, "ann", now);
    ASSERT_TRUE(more.has_value()) << more.error().detail;
    EXPECT_TRUE(refused_as(payouts->approve_coins(more->id, "bob", now), Code::refused));
    const auto in = payouts->ask_coins({true, "member-34", Sats{7}, "x\ny"}, "ann", now);
    ASSERT_TRUE(in.has_value() && payouts->approve_coins(in->id, "bob", now).has_value());
    EXPECT_EQ(pool.available(34), 5'000'007);
    const auto listed = payouts->list_coins(2);
    ASSERT_TRUE(listed.has_value());
    ASSERT_EQ(listed->size(), 2U);
    EXPECT_EQ(listed->at(0).booked_by, "bob");
    EXPECT_EQ(listed->at(1).booked_by, "");

    pool.books().scalar("drop trigger adjustment_fixed");
    pool.books().scalar("update adjustment set reason = 'another' where id = " +
                        std::to_string(in->id));
    payouts::MysqlConnection db{pool.books().mysql()};
    const auto verdict = payouts::verify_ledger(db);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_NE(verdict->difference.find("two people"), std::string::npos) << verdict->difference;
}

// Whoever got no answer asks again, and an approver who sees two of them would book both.
TEST_F(PayoutMark, ARequestForCoinsThatIsAskedTwiceIsOneEntry)
{
    PayoutsFixture pool{node(), own_name()};
    auto payouts = pool.open();
    const pool::Now now = pool::read_clock();
    const std::size_t before = payouts->list_coins(10)->size();  // what the fixture owes
    const payouts::CoinWish wish{true, "pool:reserve", Sats{7}, "txid", "ann-1"};
    const auto first = payouts->ask_coins(wish, "ann", now);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    ASSERT_TRUE(payouts->approve_coins(first->id, "bob", now).has_value());
    const auto again = payouts->ask_coins(wish, "ann", now);
    ASSERT_TRUE(again.has_value()) << again.error().detail;
    EXPECT_EQ(again->id, first->id);
    EXPECT_EQ(again->booked_by, "bob");
    const auto listed = payouts->list_coins(10);
    ASSERT_TRUE(listed.has_value());
    ASSERT_EQ(listed->size(), before + 1);
    EXPECT_EQ(std::count_if(listed->begin(), listed->end(),
                            [](const auto& entry) { return entry.wish.request_id == "ann-1"; }),
              1);

    payouts::CoinWish other = wish;
    other.amount = Sats{8};
    const auto differs = payouts->ask_coins(other, "ann", now);
    ASSERT_FALSE(differs.has_value());
    EXPECT_EQ(differs.error().code, pool::Error::Code::conflict);
    other.request_id.clear();
    EXPECT_TRUE(payouts->ask_coins(other, "ann", now).has_value());
    EXPECT_TRUE(payouts->ask_coins(other, "ann", now).has_value());
    EXPECT_EQ(payouts->list_coins(10)->size(), before + 3);
}

TEST(BooksMark, ReadsBackAsItWasWrittenAndNothingElse)
{
    payouts::BooksMark mark;
    mark.event = 17;
    mark.hash.fill(0xab);
    mark.anchored.push_back({3, {pool::TxId{mark.hash}, 1}});
    const std::string text = payouts::to_text(mark);
    const auto read = payouts::books_mark_from(text);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, mark);
    for (std::size_t i = 0; i < text.size(); ++i) {
        EXPECT_FALSE(payouts::books_mark_from(text.substr(0, i)).has_value()) << i;
        std::string changed = text;
        changed[i] ^= 1;
        EXPECT_FALSE(payouts::books_mark_from(changed).has_value()) << i;
    }
}

}  // namespace
}  // namespace tests
