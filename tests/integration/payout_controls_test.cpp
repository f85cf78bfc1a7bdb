// What must hold before money leaves, and what is checked afterwards.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_payouts.h"
#include "pool/bitcoin/address.h"
#include "tests/integration/payouts_suite.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using pool::Sats;

TEST_F(Payouts, NeedTwoPeopleAndWhatTheyHaveSeen)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(15, 5'000'000);
    auto payouts = pool.open();
    const auto batch = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(batch.has_value()) << batch.error().detail;
    const std::string digest = pool::to_hex(batch->digest);
    const auto approve = [&](const std::string& who, const std::string& what) {
        const auto done = payouts->approve(batch->id, what, who, pool::read_clock());
        return done ? "" : done.error().detail;
    };
    EXPECT_NE(approve("ann", digest), "") << "her own";
    EXPECT_NE(approve("bob", std::string(64, '0')), "");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, batch->id), "draft");
    EXPECT_EQ(approve("bob", digest), "");
    EXPECT_EQ(state_of(*payouts, batch->id), "approved");
    EXPECT_NE(approve("carl", digest), "") << "it is no draft any more";

    // Somebody with rights on the database raises an amount behind the approver's back.
    pool.books().scalar("update payout_item set amount_sat = amount_sat + 1");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, batch->id).find("other items"), std::string::npos)
        << state_of(*payouts, batch->id);
    EXPECT_EQ(pool.received(15), 0);
}

TEST_F(Payouts, PayNobodyWhoWasPutOnHoldOrAskedForOtherAddressesAfterTheDraft)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(21, 5'000'000);
    auto payouts = pool.open();
    const auto draft = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(draft.has_value()) << draft.error().detail;
    const auto approve = [&] {
        return payouts->approve(draft->id, pool::to_hex(draft->digest), "bob", pool::read_clock());
    };
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account");
    const auto refused = approve();
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().detail.find("on hold"), std::string::npos);
    pool.books().scalar("update account_setting set hold_reason = null");
    ASSERT_TRUE(approve().has_value());

    pool.books().scalar("update account_setting set hold_reason = 'stolen key'");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, draft->id), "cancelled");
    EXPECT_EQ(pool.available(21), 5'000'000);
    EXPECT_EQ(payouts->list(10)->size(), 1U) << "there is nobody else to be paid";

    pool.books().scalar("update account_setting set hold_reason = null");
    const std::uint64_t second = approved_batch(*payouts, "b");
    pool.books().scalar("update account set payout_address = '" + test_address("regtest", 22) +
                        "'");
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, second), "cancelled");
    EXPECT_EQ(pool.available(21), 5'000'000) << "the next payout has the new address";
    mine(node(), 1);
    EXPECT_EQ(pool.received(21) + pool.received(22), 0);
}

TEST_F(Payouts, PayNobodyWhoseIncomeIsPartedOtherwiseSinceTheDraft)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(37, 5'000'000);
    pool.books().scalar("drop trigger address_change_begins");
    pool.books().scalar("drop trigger account_address_open");
    pool.books().scalar(
        "insert into address_change (account_id, state, proof, height, message, signer, signature, "
        "asked_by, asked_at_ms, locked_until_ms) select id, 'active', 'approvals', 0, '', '', '', "
        "'x', "
        "0, 0 from account");
    const auto parts = [&](unsigned first, unsigned second) {
        pool.books().scalar("delete from account_address");
        for (const auto& [number, part] : {std::pair{38U, first}, std::pair{39U, second}}) {
            const auto address =
                pool::parse_address(test_address("regtest", number), pool::Chain::regtest);
            pool.books().scalar("insert into account_address select id, " + std::to_string(number) +
                                ", '" + address->text + "', x'" + pool::to_hex(address->script) +
                                "', " + std::to_string(part) + " from address_change");
        }
    };
    parts(7000, 3000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    ASSERT_EQ(state_of(*payouts, id), "signed");
    parts(3000, 7000);
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("in other parts"), std::string::npos)
        << state_of(*payouts, id);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->txs.at(0).standing.place, pool::TxStanding::Place::unknown);
    parts(7000, 3000);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

TEST_F(Payouts, ComeFirstToThoseWhoWereLeftOutOfTheLast)
{
    PayoutsFixture pool{node(), own_name()};
    std::set<std::string> left_out;
    for (unsigned number = 40; number < 43; ++number) {
        pool.owe(number, 5'000'000);
        left_out.insert("member-" + std::to_string(number));
    }
    auto options = pool.options();
    options.caps.outputs_max = 2;
    auto payouts = pool.open(options);
    for (const std::string request : {"a", "b", "c", "d"}) {
        const auto batch = payouts->create(request, "ann", false, pool::read_clock());
        ASSERT_TRUE(batch.has_value()) << batch.error().detail;
        ASSERT_EQ(batch->items.size(), 2U);
        if (request != "a") {
            ASSERT_EQ(left_out.size(), 1U);
            EXPECT_EQ(batch->items.front().name, *left_out.begin()) << request;
        }
        left_out = {"member-40", "member-41", "member-42"};
        for (const auto& item : batch->items) {
            left_out.erase(item.name);
            pool.owe(static_cast<unsigned>(std::stoul(item.name.substr(7))), 5'000'000);
        }
    }
}

TEST_F(Payouts, AreNotSentToAnAccountOnHoldThoughTheFeeWasRaisedMeanwhile)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(27, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    ASSERT_EQ(state_of(*payouts, id), "signed");
    ASSERT_TRUE(payouts->bump(id, 30).has_value());
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("on hold"), std::string::npos);
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    for (const auto& tx : batch->txs) {
        EXPECT_EQ(tx.standing.place, pool::TxStanding::Place::unknown);
    }
}

// It pays nobody anything that the first one does not, and left alone both would wait for ever.
TEST_F(Payouts, AreBumpedOnTheirWayThoughAnAccountIsHeldSince)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(27, 5'000'000);
    auto payouts = pool.open();
    const std::uint64_t id = approved_batch(*payouts, "a");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account");
    ASSERT_TRUE(payouts->bump(id, 30).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
    const auto batch = payouts->get(id);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U);
    EXPECT_EQ(batch->txs.at(1).standing.place, pool::TxStanding::Place::waiting);
}

// A thousand accounts above the cap for one are nobody's turn, however long they have waited.
TEST_F(Payouts, CompareTheBooksWithTheWalletByThemselves)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.hot_wallet_max = Sats{100'000'000};
    auto payouts = pool.open(options);
    pool::Now now = pool::read_clock();
    const auto look = [&](std::chrono::minutes later) {
        now.steady += later;
        const auto report = payouts->step(now);
        EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().detail);
        return report ? report->funds : payouts::FundsSeen{};
    };
    EXPECT_EQ(look({}).difference, Sats{});
    EXPECT_TRUE(look({}).above_max);
    // Somebody empties half of the wallet by hand.
    const auto coins = pool.wallet().open()->coins();
    ASSERT_TRUE(coins.has_value() && !coins->empty());
    pool.spend_by_hand(coins->front().at, {{test_address("regtest", 45), Sats{50'000'000}}});
    mine(node(), 1);
    EXPECT_EQ(look(std::chrono::minutes{5}).difference, Sats{});
    EXPECT_GT(look(std::chrono::minutes{1}).difference, Sats{50'000'000});
    pool.books().scalar(
        "insert into control values ('payouts', 'x', 'ann', 0) on duplicate key update value = "
        "'x'");
    EXPECT_GT(look(std::chrono::minutes{1}).difference, Sats{50'000'000}) << "held or not";
}

TEST_F(Payouts, ReachThoseBehindAThousandWhoCannotBePaid)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.account_max = Sats{150'000};
    payouts::MysqlConnection db{pool.books().mysql()};
    ASSERT_TRUE(db.connect().has_value());
    payouts::LedgerEvent event{"adjust:many", "adjust", "", "test", "{}", {}, {}};
    constexpr unsigned first = 100'000;
    constexpr unsigned many = 1001;
    for (unsigned number = first; number < first + many; ++number) {
        const std::string id = std::to_string(number);
        ASSERT_TRUE(
            db.execute("insert into account (id, name, payout_address, salt) values "
                       "(?, ?, ?, repeat('s', 32))",
                       {std::uint64_t{number}, "rich-" + id, test_address("regtest", number)})
                .has_value());
        event.transfers.push_back({"equity:reserve", "m:" + id + ":available", Sats{200'000}});
    }
    {
        auto transaction = payouts::Transaction::begin(db);
        ASSERT_TRUE(transaction.has_value());
        const auto posted = payouts::post(db, event);
        ASSERT_TRUE(posted.has_value()) << posted.error().detail;
        ASSERT_TRUE(transaction->commit().has_value());
    }
    pool.books().scalar("alter table account auto_increment = 200000");
    pool.owe(44, 120'000);
    auto payouts = pool.open(options);
    const auto batch = payouts->create("a", "ann", false, pool::read_clock());
    ASSERT_TRUE(batch.has_value()) << batch.error().detail;
    ASSERT_EQ(batch->items.size(), 1U);
    EXPECT_EQ(batch->items.front().name, "member-44");
}

TEST_F(Payouts, LeaveWithinTheCapOfADayHoweverLongTheyWereDrafts)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.day_max = Sats{6'000'000};
    auto payouts = pool.open(options);
    const pool::Now later = pool::read_clock();
    pool::Now day_before = later;
    day_before.wall.value -= 2ULL * 24 * 60 * 60 * 1000;
    const auto draft = [&](const std::string& request, pool::Now now) {
        const auto made = payouts->create(request, "ann", false, now);
        EXPECT_TRUE(made.has_value()) << made.error().detail;
        EXPECT_TRUE(payouts->approve(made->id, pool::to_hex(made->digest), "bob", now).has_value());
        return made->id;
    };
    pool.owe(23, 5'000'000);
    const std::uint64_t first = draft("a", day_before);
    pool.owe(24, 4'000'000);
    const std::uint64_t second = draft("b", later);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, first), "broadcast");
    EXPECT_NE(state_of(*payouts, second).find("reached their cap"), std::string::npos)
        << state_of(*payouts, second);
}

// Signed elsewhere, and not before two days are over: it leaves with the others of that day.
TEST_F(Payouts, CountForTheDayOnWhichTheyLeaveHoweverLongTheyWaitedForSignatures)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.offline = true;
    options.caps.day_max = Sats{6'000'000};
    auto payouts = pool.open(options);
    const pool::Now today = pool::read_clock();
    pool::Now before = today;
    before.wall.value -= 2ULL * 24 * 60 * 60 * 1000;
    const auto approved = [&](const std::string& request, pool::Now now) {
        const auto made = payouts->create(request, "ann", false, now);
        EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().detail);
        if (!made) return std::uint64_t{0};
        EXPECT_TRUE(payouts->approve(made->id, pool::to_hex(made->digest), "bob", now).has_value());
        return made->id;
    };
    pool.owe(28, 5'000'000);
    const std::uint64_t first = approved("a", before);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(payouts->step(before).has_value());
    ASSERT_TRUE(payouts->export_psbt(first).has_value());
    options.caps.day_max = Sats{};  // so that there is another draft at all
    payouts = pool.open(options);
    pool.owe(29, 4'000'000);
    const std::uint64_t second = approved("b", today);
    options.caps.day_max = Sats{6'000'000};
    payouts = pool.open(options);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(payouts->step(today).has_value());
    EXPECT_NE(state_of(*payouts, second).find("approved: payouts of the last 24 hours"),
              std::string::npos)
        << state_of(*payouts, second);
    const auto psbt = payouts->export_psbt(first);
    ASSERT_TRUE(psbt.has_value());
    ASSERT_TRUE(
        payouts->import_psbt(first, pool.wallet().open()->sign(*psbt).value_or("")).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, first), "broadcast");
    EXPECT_NE(state_of(*payouts, second).find("reached their cap"), std::string::npos);
}

// Nobody is paid anything more by it.
TEST_F(Payouts, AreBumpedHoweverMuchHasLeftWithinTheDay)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.day_max = Sats{};
    auto payouts = pool.open(options);
    pool.owe(75, 5'000'000);
    const std::uint64_t first = approved_batch(*payouts, "a");
    pool.owe(76, 4'000'000);
    const std::uint64_t second = approved_batch(*payouts, "b");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, first), "broadcast");
    ASSERT_EQ(state_of(*payouts, second), "broadcast");
    options.caps.day_max = Sats{6'000'000};
    payouts = pool.open(options);
    ASSERT_TRUE(payouts->bump(first, 30).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, first), "broadcast");
    const auto batch = payouts->get(first);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->txs.size(), 2U);
    EXPECT_EQ(batch->txs.at(1).standing.place, pool::TxStanding::Place::waiting);
}

TEST_F(Payouts, AreAskedForTheCapOfADayOnceMoreBeforeTheyLeave)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.day_max = Sats{};
    auto payouts = pool.open(options);
    pool.owe(77, 5'000'000);
    const std::uint64_t first = approved_batch(*payouts, "a");
    pool.owe(78, 4'000'000);
    const std::uint64_t second = approved_batch(*payouts, "b");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(payouts->step(pool::read_clock()).has_value());
    ASSERT_EQ(state_of(*payouts, first), "signed");
    ASSERT_EQ(state_of(*payouts, second), "signed");
    options.caps.day_max = Sats{6'000'000};  // somebody has become careful meanwhile
    payouts = pool.open(options);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, first), "broadcast");
    EXPECT_NE(state_of(*payouts, second).find("signed: payouts of the last 24 hours"),
              std::string::npos)
        << state_of(*payouts, second);
    const auto batch = payouts->get(second);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->txs.at(0).standing.place, pool::TxStanding::Place::unknown);
}

TEST_F(Payouts, NeverTakeMoreThanTheBooksHoldWhateverTheFeeComesTo)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.account_max = options.caps.batch_max = options.caps.day_max = Sats{};
    auto payouts = pool.open(options);
    pool.owe(56, 399'500'001);
    const auto dry = payouts->create("x", "ann", true, pool::read_clock());
    ASSERT_TRUE(dry.has_value()) << dry.error().detail;
    ASSERT_EQ(dry->passed_over.size(), 1U);
    EXPECT_NE(dry->passed_over[0].why.reason.find("the books hold no more"), std::string::npos)
        << dry->passed_over[0].why.reason;
}

TEST_F(Payouts, KeepInTheBooksWhatTheyMayNeedOnceTheyAreOnTheirWay)
{
    PayoutsFixture pool{node(), own_name()};
    auto options = pool.options();
    options.caps.account_max = options.caps.batch_max = options.caps.day_max = Sats{};
    auto payouts = pool.open(options);
    pool.owe(57, 398'000'000);
    const std::uint64_t id = approved_batch(*payouts, "a");
    // What the pool itself had is booked out before the payout has its anchor.
    const auto book = [&](bool in, std::int64_t sats) {
        const auto asked =
            payouts->ask_coins({in, "pool:reserve", Sats{sats}, "x"}, "ann", pool::read_clock());
        EXPECT_TRUE(asked.has_value()) << asked.error().detail;
        const auto done = payouts->approve_coins(asked->id, "bob", pool::read_clock());
        return done ? "" : done.error().detail;
    };
    EXPECT_EQ(book(false, 1'600'000), "");
    run_payouts(*payouts);
    EXPECT_NE(state_of(*payouts, id).find("approved: the books hold 398400000 sat"),
              std::string::npos)
        << state_of(*payouts, id);
    EXPECT_EQ(book(true, 100'000), "");
    run_payouts(*payouts);
    ASSERT_EQ(state_of(*payouts, id), "broadcast");
    EXPECT_NE(book(false, 1).find("payouts on their way"), std::string::npos);
    mine(node(), 6);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "confirmed");
}

TEST_F(Payouts, StandStillWhileTheHoldSwitchIsOn)
{
    PayoutsFixture pool{node(), own_name()};
    pool.owe(11, 5'000'000);
    const TempDir directory;
    auto options = pool.options();
    options.hold_file = (directory.path() / "payouts.stop").string();
    auto payouts = pool.open(options);
    const std::uint64_t id = approved_batch(*payouts, "a");
    const pool::Now now = pool::read_clock();
    ASSERT_TRUE(payouts->stop("ann", "looks wrong", now).has_value());
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "approved");
    EXPECT_FALSE(payouts->create("b", "ann", false, now).has_value());
    const auto first = payouts->release("ann", false, now);
    ASSERT_TRUE(first.has_value());
    EXPECT_TRUE(first->stopped);
    const auto same = payouts->release("ann", false, now);
    ASSERT_TRUE(same.has_value());
    EXPECT_TRUE(same->stopped) << "one person, however often";
    const auto second = payouts->release("bob", false, now);
    ASSERT_TRUE(second.has_value());
    EXPECT_FALSE(second->stopped);

    std::ofstream{options.hold_file} << "held";
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "approved");
    EXPECT_FALSE(payouts->release("bob", false, now).has_value()) << "who can remove the file may";
    std::filesystem::remove(options.hold_file);
    run_payouts(*payouts);
    EXPECT_EQ(state_of(*payouts, id), "broadcast");
}

// Who looks at the switch before a payment leaves keeps it as he saw it, also before it was ever
// used.
TEST_F(Payouts, CannotBeHeldBetweenTheLastLookAtTheSwitchAndTheNoteOfIt)
{
    PayoutsFixture pool{node(), own_name()};
    auto payouts = pool.open();
    payouts::MysqlConnection looks{pool.books().mysql()};
    payouts::MysqlConnection holds{pool.books().mysql()};
    ASSERT_TRUE(looks.connect().has_value());
    ASSERT_TRUE(holds.connect().has_value());
    ASSERT_TRUE(holds.run("SET SESSION innodb_lock_wait_timeout = 1").has_value());
    auto look = payouts::Transaction::begin(looks);
    ASSERT_TRUE(look.has_value());
    ASSERT_TRUE(payouts::lock_controls(looks).has_value());
    const auto waits = payouts::write_control(holds, "payouts", {"stop", "ann"}, {});
    ASSERT_FALSE(waits.has_value());
    EXPECT_EQ(waits.error().code, pool::Error::Code::unavailable) << waits.error().detail;
    ASSERT_TRUE(look->commit().has_value());
    EXPECT_TRUE(payouts::write_control(holds, "payouts", {"stop", "ann"}, {}).has_value());
}

}  // namespace
}  // namespace tests
