// Books that do not fit together, or not to the wallet, stop payouts; what is only on its way does
// not.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "payouts/mysql_audit.h"
#include "payouts/mysql_balance_watch.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Sats;
using std::chrono::minutes;

/// The pool's part of a coin is spent by hand, and nobody books it.
Sats robbed(PayoutsFixture& pool)
{
    const auto coins = pool.wallet().open()->coins();
    EXPECT_TRUE(coins.has_value() && !coins->empty());
    if (!coins || coins->empty()) return {};
    const auto before = pool.wallet().open()->totals();
    pool.spend_by_hand(coins->front().at, {{test_address("regtest", 45), Sats{50'000'000}}});
    mine(pool.node(), 6);
    const auto after = pool.wallet().open()->totals();
    return before && after ? before->spendable - after->spendable : Sats{};
}

TEST_F(Payouts, StopByThemselvesWhenTheWalletLacksWhatTheBooksSayUntilItIsBooked)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(120, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    clock.step_after({});
    const std::uint64_t id = approved_batch(*payouts, "a");
    const Sats gone = robbed(pool);
    ASSERT_GT(gone, Sats{50'000'000});

    clock.step_after(minutes{5});
    EXPECT_NE(state_of(*payouts, id).find("approved: the wallet lacks"), std::string::npos)
        << state_of(*payouts, id);
    EXPECT_FALSE(held(*payouts)) << "a second look might find it";
    EXPECT_TRUE(clock.step_after(minutes{1}).hold.stopped);
    EXPECT_TRUE(held(*payouts, "the wallet lacks " + std::to_string(gone.value)));
    EXPECT_EQ(state_of(*payouts, id), "approved");
    const auto audit = payouts::AuditBook::open(pool.books().mysql());
    ASSERT_TRUE(audit.has_value()) << audit.error().detail;
    const auto rows = (*audit)->list(10, 0, "zubrd");
    ASSERT_TRUE(rows.has_value()) << rows.error().detail;
    ASSERT_EQ(rows->size(), 1U) << "once";
    EXPECT_EQ(rows->front().method, "stoppayouts");
    EXPECT_NE(rows->front().params.find(std::to_string(gone.value)), std::string::npos);
    EXPECT_EQ((*audit)->verify()->difference, "");

    ASSERT_TRUE(payouts->release("ann", false, clock.now()).has_value());
    clock.step_after(minutes{1});
    EXPECT_EQ(payouts->hold()->released_by, "ann") << "her word stands at the next look";
    const auto early = payouts->release("bob", false, clock.now());
    ASSERT_FALSE(early.has_value());
    EXPECT_NE(early.error().detail.find("lacks"), std::string::npos) << early.error().detail;
    const auto asked = payouts->ask_coins({false, "pool:reserve", gone, "x"}, "ann", clock.now());
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    ASSERT_TRUE(payouts->approve_coins(asked->id, "bob", clock.now()).has_value());
    const auto released = payouts->release("bob", false, clock.now());
    ASSERT_TRUE(released.has_value()) << released.error().detail;
    EXPECT_FALSE(released->stopped);
    clock.step_after({});
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

// Whoever sets the switch back in the database has not brought the coins back.
TEST_F(Payouts, DoNotLeaveAWalletThatLacksWhatTheBooksSayThoughTheSwitchWasTurnedBack)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(121, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    const std::uint64_t id = approved_batch(*payouts, "a");
    robbed(pool);
    clock.step_after(minutes{5});
    clock.step_after(minutes{1});
    ASSERT_TRUE(held(*payouts));
    pool.books().scalar("update control set value = '' where name = 'payouts'");
    clock.step_after({});
    EXPECT_NE(state_of(*payouts, id).find("approved: the wallet lacks"), std::string::npos)
        << state_of(*payouts, id);
    clock.step_after(minutes{1});
    EXPECT_TRUE(held(*payouts)) << "again";
}

TEST_F(Payouts, GoOnWhileCoinsAreOnTheirWayOrNobodysYet)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(122, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    clock.step_after({});
    const std::uint64_t first = approved_batch(*payouts, "a");
    clock.step_after({});
    ASSERT_EQ(state_of(*payouts, first), "broadcast");

    // The node forgets what was not mined: the wallet does not show the change of it now.
    node().stop();
    node().start();
    for (const std::string& name : {pool.wallet().name(), std::string{"mine"}}) {
        ASSERT_TRUE(node().call("loadwallet", "[\"" + name + "\"]").has_value());
    }
    const auto dropped = payouts->compare();
    ASSERT_TRUE(dropped.has_value()) << dropped.error().detail;
    EXPECT_GT(dropped->difference, Sats{}) << "else this is no test";
    EXPECT_EQ(dropped->lacking(), Sats{});

    for (const minutes later : {minutes{5}, minutes{1}}) clock.step_after(later);
    EXPECT_FALSE(held(*payouts));

    // Somebody pays into the wallet, a block of the pool ripens, and neither is booked.
    pool.wallet().fund(1, 1'000'000);
    for (const minutes later : {minutes{5}, minutes{1}}) clock.step_after(later);
    EXPECT_FALSE(held(*payouts));
    EXPECT_EQ(state_of(*payouts, first), "confirmed") << "sent again, and mined meanwhile";
    ASSERT_TRUE(
        node().call("generatetoaddress", "[1, \"" + pool.wallet().address() + "\"]").has_value());
    pool.owe(122, 4'000'000);
    const std::uint64_t second = approved_batch(*payouts, "b");
    for (const minutes later : {minutes{5}, minutes{1}, minutes{1}}) clock.step_after(later);
    EXPECT_FALSE(held(*payouts));
    EXPECT_EQ(state_of(*payouts, second), "broadcast");
    EXPECT_LT(payouts->compare()->difference, Sats{}) << "more coins than the books know";
}

TEST_F(Payouts, StopByThemselvesWhenABalanceIsNotWhatItsTransfersMake)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(124, 5'000'000);
    auto payouts = pool.open();
    Clock clock{*payouts};
    clock.step_after({});
    pool.owe(125, 1'000'000);
    clock.step_after(minutes{5});
    EXPECT_FALSE(held(*payouts)) << "balances move with their transfers";
    const std::uint64_t id = approved_batch(*payouts, "a");
    pool.books().scalar(
        "update ledger_balance set credits_sat = credits_sat + 1 where account_id = (select id "
        "from ledger_account where code like 'm:%:available' limit 1)");
    clock.step_after(minutes{5});
    EXPECT_TRUE(held(*payouts, ":available differs from its transfers"));
    EXPECT_EQ(state_of(*payouts, id), "approved");
    for (const std::string who : {"ann", "bob"}) {
        ASSERT_TRUE(payouts->release(who, false, clock.now()).has_value());
    }
    clock.step_after({});
    EXPECT_TRUE(held(*payouts)) << "it is wrong still";
    payouts::MysqlConnection db{pool.books().mysql()};
    ASSERT_EQ(pool.books().rebuild(), 1U);
    for (const std::string who : {"ann", "bob"}) {
        ASSERT_TRUE(payouts->release(who, false, clock.now()).has_value());
    }
    clock.step_after({});
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

TEST_F(Payouts, HaveTheirBalancesComparedWithTransfersThatAreReadInParts)
{
    PayoutsFixture pool{node(), own_name()};
    for (unsigned number = 126; number < 130; ++number) pool.owe(number, 1'000);
    payouts::MysqlConnection db{pool.books().mysql()};
    payouts::BalanceWatch watch{2};
    const pool::SteadyTime now{};
    int looks = 0;
    do {
        EXPECT_EQ(watch.look(db, now).value_or("an error"), "");
        ++looks;
    } while (watch.more() && looks < 100);
    EXPECT_EQ(looks, 5) << "nine transfers";
    pool.books().scalar(
        "update ledger_balance set debits_sat = debits_sat + 1 where account_id = (select id from "
        "ledger_account where code = 'asset:wallet')");
    EXPECT_EQ(watch.look(db, now).value_or("an error"), "asset:wallet differs from its transfers");
}

// Nothing is posted to an account without one, though it has had no transfers yet.
TEST_F(Payouts, HaveABalanceMissedThatWasDeletedThoughItWasZero)
{
    PayoutsFixture pool{node(), own_name()};
    const BooksFixture& books = pool.books();
    pool.owe(141, 1'000);
    payouts::MysqlConnection db{books.mysql()};
    payouts::BalanceWatch watch;
    ASSERT_EQ(watch.look(db, {}).value_or("an error"), "");
    const std::string code =
        books.scalar("select code from ledger_account where code like 'm:%:immature' limit 1");
    ASSERT_NE(code, "");
    const std::string its =
        " account_id = (select id from ledger_account where code = '" + code + "')";
    ASSERT_EQ(books.scalar("select debits_sat + credits_sat from ledger_balance where" + its), "0");
    books.scalar("delete from ledger_balance where" + its);
    EXPECT_EQ(watch.look(db, {}).value_or("an error"), code + " has no balance");
}

// It is no overdraft, and nobody shall look for money that lacks.
TEST_F(Payouts, HaveCoinsRefusedByNameWhereABalanceIsMissing)
{
    PayoutsFixture pool{node(), own_name()};
    auto payouts = pool.open();
    const auto said = [&](bool in, Sats amount) {
        const auto asked =
            payouts->ask_coins({in, "pool:reserve", amount, "x"}, "ann", pool::read_clock());
        EXPECT_TRUE(asked.has_value()) << (asked ? "" : asked.error().detail);
        if (!asked) return std::string{};
        const auto done = payouts->approve_coins(asked->id, "bob", pool::read_clock());
        return done ? "" : done.error().detail;
    };
    EXPECT_EQ(said(true, Sats{1'000}), "");
    pool.owe(142, 400'000'000);  // out of the reserve
    const std::string overdraft = said(false, Sats{2'000});
    EXPECT_NE(overdraft.find("does not hold 2000 sat"), std::string::npos) << overdraft;
    pool.books().scalar(
        "delete from ledger_balance where account_id = (select id from ledger_account where code "
        "= 'equity:reserve')");
    const std::string missing = said(true, Sats{1'000});
    EXPECT_NE(missing.find("no balance row"), std::string::npos) << missing;
    EXPECT_EQ(missing.find("does not hold"), std::string::npos) << missing;
    EXPECT_EQ(pool.books().rebuild(), 1U);
    EXPECT_EQ(said(true, Sats{1'000}), "");
}

// A replica is promoted that lacks the newest event: another one gets its number.
TEST_F(Payouts, HaveTheirBalancesComparedAnewAfterAFailoverThatHasLostAnEvent)
{
    PayoutsFixture pool{node(), own_name()};
    const BooksFixture& books = pool.books();
    pool.owe(138, 1'000);
    payouts::MysqlConnection db{books.mysql()};
    payouts::BalanceWatch watch;
    EXPECT_EQ(watch.look(db, {}).value_or("an error"), "");
    ASSERT_FALSE(watch.more());
    const auto newest = [&books] { return books.number("select max(id) from ledger_event"); };
    const std::uint64_t lost = newest();
    books.scalar("drop trigger ledger_event_no_delete");
    books.scalar("drop trigger ledger_transfer_no_delete");
    const auto lose_from = [&](std::uint64_t first, std::uint64_t next) {
        books.scalar("delete from ledger_transfer where event_id >= " + std::to_string(first));
        books.scalar("delete from ledger_event where id >= " + std::to_string(first));
        books.scalar("alter table ledger_event auto_increment = " + std::to_string(next));
        books.rebuild();
    };
    lose_from(lost, lost);
    EXPECT_EQ(watch.look(db, {}).value_or("an error"), "") << "it is gone, and no other has come";
    pool.owe(139, 3'000);
    ASSERT_EQ(watch.look(db, {}).value_or("an error"), "");
    // And at once: between two looks another event has its number.
    const std::uint64_t last = newest();
    ASSERT_GT(last, lost);
    lose_from(lost, last);
    pool.owe(140, 5'000);
    ASSERT_EQ(books.number("select count(*) from ledger_event where id = " + std::to_string(last)),
              1U);
    EXPECT_EQ(watch.look(db, {}).value_or("an error"), "");
}

// It reads a snapshot: a credit that holds all rows for seconds neither waits for it nor holds it
// up.
TEST_F(Payouts, HaveTheirBalancesComparedPastWhoeverHasLockedThem)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(134, 1'000);
    payouts::MysqlConnection holds{pool.books().mysql()};
    ASSERT_TRUE(holds.connect().has_value());
    auto booking = payouts::Transaction::begin(holds);
    ASSERT_TRUE(booking.has_value());
    for (const char* table : {"ledger_balance", "ledger_transfer", "ledger_account", "books"}) {
        const auto locked = holds.query(std::string{"select * from "} + table + " for update");
        ASSERT_TRUE(locked.has_value()) << locked.error().detail;
    }
    ASSERT_TRUE(
        holds.run("update ledger_balance set debits_sat = debits_sat + 1 where side = 'debit'")
            .has_value());
    payouts::MysqlConnection db{pool.books().mysql()};
    ASSERT_TRUE(db.connect().has_value());
    ASSERT_TRUE(db.run("SET SESSION innodb_lock_wait_timeout = 1").has_value());
    payouts::BalanceWatch watch;
    EXPECT_EQ(watch.look(db, {}).value_or("it waits for the locks"), "");
    EXPECT_FALSE(watch.more());
}

// No lease stands between two people on two servers: the row's lock and the event's key do.
TEST_F(Payouts, BookCoinsOnceThoughTwoPeopleApproveThemAtTwoServersAtOnce)
{
    PayoutsFixture pool{node(), own_name()};
    auto one = pool.open();
    auto other = pool.open();
    constexpr std::uint64_t entries = 20;
    for (std::uint64_t entry = 0; entry < entries; ++entry) {
        const auto asked =
            one->ask_coins({true, "pool:reserve", Sats{1000}, "x"}, "ann", pool::read_clock());
        ASSERT_TRUE(asked.has_value()) << asked.error().detail;
        std::atomic<int> booked{0};
        const auto approve = [&](payouts::Payouts& server, const std::string& who) {
            if (server.approve_coins(asked->id, who, pool::read_clock())) ++booked;
        };
        std::thread first{[&] { approve(*one, "bob"); }};
        approve(*other, "carl");
        first.join();
        EXPECT_EQ(booked, 1);
    }
    EXPECT_EQ(one->compare()->difference, Sats{1000 * entries});
}

}  // namespace
}  // namespace tests
