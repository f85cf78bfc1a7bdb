// The payout worker is killed at every step that it has, by SIGKILL of a process of its own; the
// node forgets its mempool or reorganises meanwhile. Whatever happens, an account is paid once, or
// has its money back.
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/payouts_fixture.h"

namespace tests {
namespace {

enum class Move { none, eviction, reorganisation };

/// What people want of one batch, and where the worker dies of it.
struct Story {
    std::string point;
    bool bump = false;
    bool cancel = false;
    Move move = Move::none;
};

const std::vector<std::string> pay_points{
    "before_reserve", "after_reserve",    "before_approve",   "after_approve",   "before_anchor",
    "after_anchor",   "signed_pay",       "before_store_pay", "after_store_pay", "marked",
    "sent_pay",       "before_broadcast", "after_broadcast",  "before_settle",   "after_settle"};
const std::vector<std::string> bump_points{"before_bump",       "after_bump",       "signed_bump",
                                           "before_store_bump", "after_store_bump", "sent_bump"};
const std::vector<std::string> cancel_points{
    "before_want_cancel", "after_want_cancel", "signed_cancel", "before_store_cancel",
    "after_store_cancel", "sent_cancel",       "before_cancel", "after_cancel"};

/// Asks for what the story wants as far as it is not there yet, and lets the worker work.
void act(PayoutsFixture& pool, payouts::Payouts& worker, const Story& story,
         const std::string& request)
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
    if (story.bump && state_of(worker, id) == "broadcast") {
        ASSERT_TRUE(worker.bump(id, 20).has_value());
        run_payouts(worker);
    }
    if (story.cancel && !state_of(worker, id).starts_with("c")) {
        ASSERT_TRUE(worker.cancel(id, "ann", now).has_value());
        run_payouts(worker);
    }
    mine(pool.node(), payouts::final_depth);
    run_payouts(worker);
}

payouts::PayoutOptions options_of(const PayoutsFixture& pool)
{
    payouts::PayoutOptions options = pool.options();
    options.lease = std::chrono::milliseconds{300};  // of the dead: its heir need not wait long
    return options;
}

/// Lets a process of its own act, and kills it at the `nth` point that `dies` names.
/// True: it died there. False: it came to the end.
bool act_and_die(PayoutsFixture& pool, const Story& story, const std::string& request, unsigned nth)
{
    const pid_t child = ::fork();
    if (child == 0) {
        auto options = options_of(pool);
        unsigned met = 0;
        options.on_point = [&](std::string_view point) {
            if (!story.point.empty() && point != story.point) return;
            if (++met >= nth) ::raise(SIGKILL);
        };
        auto worker = pool.open(options);
        const bool ours = eventually(std::chrono::seconds{10}, [&] {
            return worker->step(pool::read_clock()).value_or(payouts::PayoutReport{}).active;
        });
        if (ours) act(pool, *worker, story, request);
        ::_exit(ours && !testing::Test::HasFailure() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return true;
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the worker failed by itself";
    return false;
}

void move_the_chain(PayoutsFixture& pool, Move move)
{
    NodeFixture& node = pool.node();
    if (move == Move::eviction) {
        node.stop();
        node.start();
        for (const std::string& name : {std::string{"mine"}, pool.wallet().name()}) {
            ASSERT_TRUE(node.call("loadwallet", "[\"" + name + "\"]").has_value());
        }
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
void expect_good_end(PayoutsFixture& pool, const Story& story, unsigned number, std::int64_t owed,
                     const std::string& request)
{
    auto worker = pool.open(options_of(pool));
    ASSERT_TRUE(eventually(std::chrono::seconds{10}, [&] {
        return worker->step(pool::read_clock()).value_or(payouts::PayoutReport{}).active;
    }));
    for (int round = 0; round < 3; ++round) act(pool, *worker, story, request);
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

bool in_full() { return std::getenv("ZUBR_CHAOS_BLOCKS") != nullptr; }

std::vector<Story> stories()
{
    std::vector<Story> out;
    if (!in_full()) {
        for (const std::string point : {"after_anchor", "signed_pay", "sent_pay"}) {
            out.push_back({point});
        }
        out.push_back({"sent_bump", true, false});
        out.push_back({"sent_cancel", true, true});
        return out;
    }
    for (const Move move : {Move::reorganisation, Move::eviction, Move::none}) {
        for (const auto& point : pay_points) out.push_back({point, false, false, move});
        for (const auto& point : bump_points) out.push_back({point, true, false, move});
        for (const auto& point : cancel_points) {
            out.push_back({point, false, true, move});
            out.push_back({point, true, true, move});
        }
    }
    return out;
}

TEST(ChaosPayouts, KilledAtEveryStepNeitherPayTwiceNorLoseAnything)
{
    const auto node = node_with_money();
    PayoutsFixture pool{*node, "chaos"};
    unsigned number = 100;
    for (const Story& story : stories()) {
        SCOPED_TRACE(story.point + (story.bump ? " bump" : "") + (story.cancel ? " cancel" : "") +
                     " move " + std::to_string(static_cast<int>(story.move)));
        const std::int64_t owed = 150'000 + ++number;
        pool.owe(number, owed);
        const std::string request = "story-" + std::to_string(number);
        EXPECT_TRUE(act_and_die(pool, story, request, 1)) << "the point was never met";
        move_the_chain(pool, story.move);
        expect_good_end(pool, story, number, owed, request);
        if (HasFailure()) return;
    }
}

// Killed again and again, each heir anywhere in what it does.
TEST(ChaosPayouts, KilledAgainAndAgainComeToAGoodEndAllTheSame)
{
    const auto node = node_with_money();
    PayoutsFixture pool{*node, "again"};
    std::mt19937_64 random{20261125};
    const char* const rounds = std::getenv("ZUBR_CHAOS_ROUNDS");
    const auto last =
        rounds == nullptr ? 1U : static_cast<unsigned>(std::strtoul(rounds, nullptr, 10)) / 4;
    for (unsigned round = 1; round <= last; ++round) {
        const Story story{"", random() % 2 == 0, random() % 2 == 0,
                          in_full() && random() % 4 == 0 ? Move::eviction : Move::none};
        const unsigned number = 500 + round;
        const std::int64_t owed = 150'000 + number;
        pool.owe(number, owed);
        const std::string request = "round-" + std::to_string(round);
        for (int kill = 0; kill < 4; ++kill) {
            const unsigned nth = 1 + static_cast<unsigned>(random() % 12);
            SCOPED_TRACE("round " + std::to_string(round) + ", dies at " + std::to_string(nth));
            if (!act_and_die(pool, story, request, nth)) break;
            move_the_chain(pool, kill % 2 == 0 ? story.move : Move::none);
        }
        expect_good_end(pool, story, number, owed, request);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace tests
