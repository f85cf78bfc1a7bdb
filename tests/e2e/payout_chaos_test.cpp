// The payout worker is killed at every step that it has, by SIGKILL of a process of its own, or its
// node is, or MariaDB is; the node forgets its mempool or reorganises meanwhile. Whatever happens,
// an account is paid once, or has its money back.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/payout_stories.h"
#include "tests/support/payouts_fixture.h"
#include "tests/support/stores_fixture.h"

namespace tests {
namespace {

/// Payouts from books in a MariaDB that may die.
class MortalPool : private MysqlFixture, public PayoutsFixture {
public:
    MortalPool(NodeFixture& node, const std::string& wallet_name)
        : PayoutsFixture(node, wallet_name, MysqlFixture::socket())
    {
    }
    MysqlFixture& mysql() { return *this; }
};

/// Blocks that a kill -9 of this one node cannot take back: a real one would get them from others.
void mine_to_disk(NodeFixture& node, unsigned blocks)
{
    mine(node, blocks);
    EXPECT_TRUE(node.call("gettxoutsetinfo", "[\"none\"]").has_value());
}

/// Asks for what the story wants as far as it is not there yet, and lets the worker work; stops
/// where it is when the node or MySQL has gone.
void act(MortalPool& pool, payouts::Payouts& worker, const Story& story, const std::string& request,
         const bool& gone)
{
    const pool::Now now = pool::read_clock();
    const auto batch = worker.create(request, "ann", false, now);
    ASSERT_TRUE(batch.has_value()) << batch.error().detail;
    const std::uint64_t id = batch->id;
    if (batch->state == payouts::BatchState::draft) {
        const auto done = worker.approve(id, pool::to_hex(batch->digest), "bob", now);
        ASSERT_TRUE(done.has_value()) << done.error().detail;
    }
    run_payouts(worker);
    if (const auto psbt = worker.export_psbt(id); story.offline && psbt && !gone) {
        const auto whole = pool.wallet().open()->sign(*psbt);
        ASSERT_TRUE(whole.has_value()) << whole.error().detail;
        const auto taken = worker.import_psbt(id, *whole);
        ASSERT_TRUE(taken.has_value()) << taken.error().detail;
        run_payouts(worker);
    }
    if (story.bump && !gone && state_of(worker, id) == "broadcast") {
        ASSERT_TRUE(worker.bump(id, 20).has_value());
        run_payouts(worker);
    }
    if (story.cancel && !gone && !state_of(worker, id).starts_with("c")) {
        ASSERT_TRUE(worker.cancel(id, "ann", now).has_value());
        run_payouts(worker);
    }
    if (gone) return;
    mine_to_disk(pool.node(), payouts::final_depth);
    run_payouts(worker);
    if (!story.watched || gone) return;
    mine_to_disk(pool.node(), payouts::forgotten_depth);
    run_payouts(worker);
}

/// How the pool pays.
struct Manner {
    bool offline = false;
    std::chrono::hours every{0};
};

// A wallet whose node was killed is read and rescanned: under load the call may end before that,
// and the node goes on with it.
void start_again(MortalPool& pool)
{
    pool.node().start();
    for (const std::string& name : {std::string{"mine"}, pool.wallet().name()}) {
        std::string said;
        EXPECT_TRUE(eventually(std::chrono::seconds{180},
                               [&] {
                                   const auto listed = pool.node().call("listwallets").value_or("");
                                   if (listed.find('"' + name + '"') != std::string::npos)
                                       return true;
                                   const auto loaded =
                                       pool.node().call("loadwallet", "[\"" + name + "\"]");
                                   said = loaded ? *loaded : loaded.error().detail;
                                   return false;
                               }))
            << name << ": " << said;
    }
}

payouts::PayoutOptions options_of(const MortalPool& pool, const Manner& manner = {})
{
    payouts::PayoutOptions options = pool.options();
    options.offline = manner.offline;
    options.every = manner.every;
    options.on_point = expect_known;
    options.lease = std::chrono::milliseconds{300};  // of the dead: its heir need not wait long
    return options;
}

bool take_lease(payouts::Payouts& worker)
{
    return eventually(std::chrono::seconds{10}, [&] {
        return worker.step(pool::read_clock()).value_or(payouts::PayoutReport{}).active;
    });
}

/// Where a process of its own is struck: the nth time that it comes to `point`, or to any.
struct Blow {
    std::string point;
    unsigned nth = 1;
    Victim victim = Victim::worker;
    Manner manner{};
};

bool hits_node(Victim victim) { return victim == Victim::node || victim == Victim::both; }
bool hits_worker(Victim victim) { return victim == Victim::worker || victim == Victim::both; }

using Deed = std::function<void(payouts::Payouts& worker, const bool& gone)>;

/// Lets a process of its own do the deed, and kills it, or the node or the MariaDB under it, where
/// `blow` says. True: it came there. What died under it is back in the end.
bool do_and_die(MortalPool& pool, const Blow& blow, const Deed& deed)
{
    constexpr int struck = 77;
    NodeFixture& node = pool.node();
    const pid_t child = ::fork();
    if (child == 0) {
        auto options = options_of(pool, blow.manner);
        unsigned met = 0;
        bool gone = false;
        options.on_point = [&](std::string_view point) {
            expect_known(point);
            if (!blow.point.empty() && point != blow.point) return;
            if (++met != blow.nth) return;
            gone = blow.victim != Victim::worker;
            if (hits_node(blow.victim)) node.process().signal(SIGKILL);
            if (blow.victim == Victim::mysql) pool.mysql().process().signal(SIGKILL);
            if (hits_worker(blow.victim)) ::raise(SIGKILL);
        };
        auto worker = pool.open(options);
        const bool ours = take_lease(*worker);
        if (ours) deed(*worker, gone);
        if (gone) ::_exit(struck);
        ::_exit(ours && !testing::Test::HasFailure() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    const bool died = WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == struck);
    if (!died) {
        EXPECT_EQ(WEXITSTATUS(status), 0) << "the worker failed by itself";
        return false;
    }
    if (hits_node(blow.victim)) {
        EXPECT_TRUE(node.process().wait(std::chrono::seconds{10}).has_value());
        start_again(pool);
    }
    if (blow.victim == Victim::mysql) {
        EXPECT_TRUE(pool.mysql().process().wait(std::chrono::seconds{10}).has_value());
        pool.mysql().start();
    }
    return true;
}

bool act_and_die(MortalPool& pool, const Story& story, const std::string& request, unsigned nth)
{
    return do_and_die(pool, {story.point, nth, story.victim, {.offline = story.offline}},
                      [&](payouts::Payouts& worker, const bool& gone) {
                          act(pool, worker, story, request, gone);
                      });
}

void move_the_chain(MortalPool& pool, Move move)
{
    NodeFixture& node = pool.node();
    if (move == Move::eviction) {
        node.stop();
        start_again(pool);
        EXPECT_NE(node.call("getmempoolinfo").value_or("").find("\"size\":0"), std::string::npos);
    }
    if (move == Move::reorganisation) {
        const std::string block = node.call("getbestblockhash").value_or("");
        const auto taken = node.call("invalidateblock", "[" + block + "]");
        ASSERT_TRUE(taken.has_value()) << taken.error().detail;
        for (int i = 0; i < 2; ++i) {
            // To another script than mine() pays: within one second it would be the same block.
            const auto made = node.call("generateblock", "[\"raw(52)\", []]");
            ASSERT_TRUE(made.has_value()) << made.error().detail;
        }
    }
}

/// After whatever was: the heir brings the story to its end, and nobody has lost or won anything.
void expect_good_end(MortalPool& pool, const Story& story, unsigned number, std::int64_t owed,
                     const std::string& request)
{
    auto worker = pool.open(options_of(pool, {.offline = story.offline}));
    ASSERT_TRUE(take_lease(*worker));
    for (int round = 0; round < 3; ++round) act(pool, *worker, story, request, false);
    const auto batch = worker->create(request, "ann", false, pool::read_clock());
    ASSERT_TRUE(batch.has_value()) << batch.error().detail;
    const std::string state = state_of(*worker, batch->id);
    EXPECT_TRUE(state == "confirmed" || (state == "cancelled" && story.cancel)) << state;
    EXPECT_EQ(pool.received(number), state == "confirmed" ? owed : 0);
    EXPECT_EQ(pool.available(number), state == "confirmed" ? 0 : owed);
    EXPECT_EQ(pool.in_payout(number), 0);
    EXPECT_EQ(pool.audit(*worker), "");
    if (state == "cancelled") {
        // Out of the way of the next story.
        pool.books().scalar(
            "insert into account_setting (account_id, hold_reason) select id, "
            "'done' from account where name = 'member-" +
            std::to_string(number) + "'");
    }
}

TEST(ChaosPayouts, KilledAtEveryStepNeitherPayTwiceNorLoseAnything)
{
    const auto node = node_with_money();
    MortalPool pool{*node, "chaos"};
    mine_to_disk(*node, 1);
    unsigned number = 100;
    for (const Story& story : stories()) {
        SCOPED_TRACE(story.point + (story.bump ? " bump" : "") + (story.cancel ? " cancel" : "") +
                     " move " + std::to_string(static_cast<int>(story.move)) + " victim " +
                     std::to_string(static_cast<int>(story.victim)));
        const std::int64_t owed = 150'000 + ++number;
        pool.owe(number, owed);
        const std::string request = "story-" + std::to_string(number);
        EXPECT_TRUE(act_and_die(pool, story, request, story.nth)) << "the point was never met";
        move_the_chain(pool, story.move);
        expect_good_end(pool, story, number, owed, request);
        if (HasFailure()) return;
    }
}

// Killed again and again, each heir anywhere in what it does.
TEST(ChaosPayouts, KilledAgainAndAgainComeToAGoodEndAllTheSame)
{
    const auto node = node_with_money();
    MortalPool pool{*node, "again"};
    mine_to_disk(*node, 1);
    std::mt19937_64 random{20261125};
    const char* const rounds = std::getenv("ZUBR_CHAOS_ROUNDS");
    const auto last =
        rounds == nullptr ? 1U : static_cast<unsigned>(std::strtoul(rounds, nullptr, 10)) / 4;
    for (unsigned round = 1; round <= last; ++round) {
        Story story{"", random() % 2 == 0, random() % 2 == 0,
                    in_full() && random() % 4 == 0 ? Move::eviction : Move::none};
        const unsigned number = 500 + round;
        const std::int64_t owed = 150'000 + number;
        pool.owe(number, owed);
        const std::string request = "round-" + std::to_string(round);
        for (int kill = 0; kill < 4; ++kill) {
            const unsigned nth = 1 + static_cast<unsigned>(random() % 12);
            if (in_full()) story.victim = static_cast<Victim>(random() % 4);
            SCOPED_TRACE("round " + std::to_string(round) + ", dies at " + std::to_string(nth));
            if (!act_and_die(pool, story, request, nth)) break;
            move_the_chain(pool, kill % 2 == 0 ? story.move : Move::none);
        }
        expect_good_end(pool, story, number, owed, request);
        if (HasFailure()) return;
    }
}

/// The only draft there is, approved by so many people besides its creator.
std::uint64_t approve_the_draft(payouts::Payouts& worker, const std::vector<std::string>& people)
{
    const auto all = worker.list(1000);
    std::vector<std::uint64_t> drafts;
    for (const auto& each : all.value_or(std::vector<payouts::PayoutBatch>{})) {
        if (each.state == payouts::BatchState::draft) drafts.push_back(each.id);
    }
    EXPECT_EQ(drafts.size(), 1U);
    if (drafts.size() != 1) return 0;
    const auto batch = worker.get(drafts.front());
    for (const std::string& who : people) {
        const auto done =
            worker.approve(batch->id, pool::to_hex(batch->digest), who, pool::read_clock());
        EXPECT_TRUE(done.has_value()) << done.error().detail;
    }
    return batch->id;
}

void expect_paid(MortalPool& pool, payouts::Payouts& worker, std::uint64_t id, unsigned number,
                 std::int64_t owed)
{
    run_payouts(worker);
    mine_to_disk(pool.node(), payouts::final_depth);
    run_payouts(worker);
    EXPECT_EQ(state_of(worker, id), "confirmed");
    EXPECT_EQ(pool.received(number), owed);
    EXPECT_EQ(pool.in_payout(number), 0);
    EXPECT_EQ(pool.audit(worker), "");
}

TEST(ChaosPayouts, KilledAtTheEndOfAScheduledTurnDraftEveryoneOnce)
{
    const auto node = node_with_money();
    MortalPool pool{*node, "scheduled"};
    mine_to_disk(*node, 1);
    const Manner hourly{.every = std::chrono::hours{1}};
    unsigned number = 700;
    for (const std::string& point : schedule_points) {
        SCOPED_TRACE(point);
        const std::int64_t owed = 150'000 + ++number;
        // As if the last turn were long ago; its drafts are known by their names all the same.
        pool.books().scalar("delete from control where name = 'last_schedule_ms'");
        pool.owe(number, owed);
        EXPECT_TRUE(do_and_die(pool, {point, 1, Victim::worker, hourly},
                               [](payouts::Payouts& worker, const bool&) { run_payouts(worker); }))
            << "the point was never met";
        auto worker = pool.open(options_of(pool, hourly));
        ASSERT_TRUE(take_lease(*worker));
        run_payouts(*worker);
        expect_paid(pool, *worker, approve_the_draft(*worker, {"ann", "bob"}), number, owed);
        if (HasFailure()) return;
    }
}

/// One of two who wait for their anchor is held: somebody dies while the other is drafted anew.
void leave_one_out(MortalPool& pool, const std::string& point, Victim victim, unsigned held)
{
    const unsigned other = held + 1;
    pool.owe(held, 150'000);
    pool.owe(other, 160'000);
    auto worker = pool.open(options_of(pool));
    ASSERT_TRUE(take_lease(*worker));
    const std::uint64_t id = approved_batch(*worker, "both-" + std::to_string(held));
    worker.reset();
    pool.books().scalar(
        "insert into account_setting (account_id, hold_reason) select id, 'stolen key' from "
        "account where name = 'member-" +
        std::to_string(held) + "'");
    EXPECT_TRUE(do_and_die(pool, {point, 1, victim, {}},
                           [](payouts::Payouts& dying, const bool& gone) {
                               int rounds = 100;
                               while (!gone && rounds-- > 0 && dying.step(pool::read_clock())) {
                               }
                           }))
        << "the point was never met";
    worker = pool.open(options_of(pool));
    ASSERT_TRUE(take_lease(*worker));
    run_payouts(*worker);
    EXPECT_EQ(state_of(*worker, id), "cancelled");
    EXPECT_EQ(pool.available(held), 150'000);
    expect_paid(pool, *worker, approve_the_draft(*worker, {"bob"}), other, 160'000);
}

TEST(ChaosPayouts, KilledWhileOneIsLeftOutDraftTheOthersAnewOnce)
{
    const auto node = node_with_money();
    MortalPool pool{*node, "anew"};
    mine_to_disk(*node, 1);
    unsigned number = 800;
    for (const Victim victim : {Victim::worker, Victim::mysql, Victim::node, Victim::both}) {
        for (const std::string& point : renew_points) {
            if (!in_full() && victim == Victim::both) continue;
            SCOPED_TRACE(point + " victim " + std::to_string(static_cast<int>(victim)));
            leave_one_out(pool, point, victim, number += 2);
            if (HasFailure()) return;
        }
    }
}

/// Both say that `spent_by` has spent the anchor, whatever of it has been said before.
void write_off(payouts::Payouts& worker, std::uint64_t id, const pool::TxId& spent_by,
               const bool& gone)
{
    for (const std::string who : {"ann", "bob"}) {
        if (gone) return;
        const auto said = worker.write_off(id, spent_by, who, pool::read_clock());
        if (said) continue;
        EXPECT_EQ(said.error().code, pool::Error::Code::conflict) << said.error().detail;
    }
}

/// What the hand has cost is booked, and payouts go on.
void clear_up(payouts::Payouts& worker)
{
    const auto funds = worker.compare();
    ASSERT_TRUE(funds.has_value()) << funds.error().detail;
    const payouts::CoinWish wish{false, "pool:network", funds->difference, "by hand"};
    const auto asked = worker.ask_coins(wish, "ann", pool::read_clock());
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    ASSERT_TRUE(worker.approve_coins(asked->id, "bob", pool::read_clock()).has_value());
    ASSERT_TRUE(worker.release("ann", false, pool::read_clock()).has_value());
    ASSERT_FALSE(worker.release("bob", false, pool::read_clock())->stopped);
}

// Killed before or after the commit of either word: the money returns once, and nobody is paid
// before people have looked.
TEST(ChaosPayouts, KilledAroundAWriteOffReturnTheMoneyOnceAndAreHeld)
{
    const auto node = node_with_money();
    MortalPool pool{*node, "written-off"};
    mine_to_disk(*node, 1);
    unsigned number = 900;
    for (const Victim victim : {Victim::worker, Victim::node, Victim::both, Victim::mysql}) {
        for (const std::string& point : writeoff_points) {
            for (const unsigned word : {1U, 2U}) {
                if (!in_full() && (victim != Victim::worker || word == 1)) continue;
                SCOPED_TRACE(point + " of word " + std::to_string(word) + " victim " +
                             std::to_string(static_cast<int>(victim)));
                const std::int64_t owed = 150'000 + ++number;
                pool.owe(number, owed);
                auto worker = pool.open(options_of(pool));
                ASSERT_TRUE(take_lease(*worker));
                const auto id = approved_batch(*worker, "off-" + std::to_string(number));
                run_payouts(*worker);
                const auto batch = worker->get(id);
                ASSERT_TRUE(batch && batch->anchor);
                const auto by_hand = pool.spend_by_hand(batch->anchor.value_or(pool::OutPoint{}));
                mine_to_disk(*node, payouts::final_depth);
                worker.reset();

                EXPECT_TRUE(do_and_die(pool, {point, word, victim},
                                       [&](payouts::Payouts& dying, const bool& gone) {
                                           write_off(dying, id, by_hand, gone);
                                       }))
                    << "the point was never met";
                worker = pool.open(options_of(pool));
                ASSERT_TRUE(take_lease(*worker));
                write_off(*worker, id, by_hand, false);
                run_payouts(*worker);
                EXPECT_EQ(state_of(*worker, id), "cancelled");
                EXPECT_EQ(pool.available(number), owed);
                EXPECT_EQ(pool.in_payout(number), 0);
                EXPECT_TRUE(worker->hold()->stopped);
                clear_up(*worker);
                EXPECT_EQ(pool.audit(*worker), "");
                if (HasFailure()) return;
                const std::uint64_t next = approved_batch(*worker, "on-" + std::to_string(number));
                run_payouts(*worker);
                mine_to_disk(*node, payouts::final_depth);
                run_payouts(*worker);
                EXPECT_EQ(state_of(*worker, next), "confirmed");
                EXPECT_EQ(pool.received(number), owed);
                if (HasFailure()) return;
            }
        }
    }
}

}  // namespace
}  // namespace tests
