// What a payout batch does next, and an exhaustive search for a way to pay twice or to lose money.
#include "payouts/payout_plan.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace payouts {
namespace {

using Place = pool::TxStanding::Place;

constexpr pool::TxStanding unknown{Place::unknown, 0};
constexpr pool::TxStanding waiting{Place::waiting, 0};
constexpr pool::TxStanding shallow{Place::in_chain, final_depth - 1};
constexpr pool::TxStanding deep{Place::in_chain, final_depth};

BatchView batch(BatchState state, std::vector<AttemptView> attempts = {})
{
    return {.state = state,
            .anchored = !attempts.empty(),
            .attempts = std::move(attempts),
            .foreign = std::nullopt};
}

TEST(PayoutPlan, LeavesADraftToPeople)
{
    EXPECT_EQ(plan(batch(BatchState::draft)).step, BatchStep::wait);
    EXPECT_EQ(plan(batch(BatchState::approved)).step, BatchStep::choose_anchor);
}

TEST(PayoutPlan, BuildsAgainUntilAWholeTransactionIsStored)
{
    EXPECT_EQ(plan(batch(BatchState::built)).step, BatchStep::build);
    const BatchView exported = batch(BatchState::built, {{TxPurpose::pay, false, unknown}});
    EXPECT_EQ(plan(exported).step, BatchStep::wait) << "for its signatures";
}

TEST(PayoutPlan, SendsTheSameTransactionUntilItIsInTheChain)
{
    for (const auto standing : {unknown, waiting}) {
        for (const BatchState state : {BatchState::ready, BatchState::broadcast}) {
            EXPECT_EQ(plan(batch(state, {{TxPurpose::pay, true, standing}})).step, BatchStep::send);
        }
    }
    EXPECT_EQ(plan(batch(BatchState::broadcast, {{TxPurpose::pay, true, shallow}})).step,
              BatchStep::wait);
}

TEST(PayoutPlan, SettlesWhateverAttemptIsFinalEvenAfterACancelWasWanted)
{
    const BatchView raced = batch(BatchState::cancelling, {{TxPurpose::pay, true, deep},
                                                           {TxPurpose::bump, true, waiting},
                                                           {TxPurpose::cancel, true, waiting}});
    EXPECT_EQ(plan(raced), (BatchPlan{.step = BatchStep::settle, .attempt = 0}));
    const BatchView signed_elsewhere = batch(BatchState::built, {{TxPurpose::pay, false, deep}});
    EXPECT_EQ(plan(signed_elsewhere).step, BatchStep::settle)
        << "whoever signed it offline may have sent it, too";
}

TEST(PayoutPlan, ReturnsMoneyOnlyWhenTheCancelIsFinal)
{
    BatchView cancelled = batch(BatchState::cancelling, {{TxPurpose::pay, true, waiting}});
    EXPECT_EQ(plan(cancelled), (BatchPlan{.step = BatchStep::build, .purpose = TxPurpose::cancel}));
    cancelled.attempts.push_back({TxPurpose::cancel, true, unknown});
    EXPECT_EQ(plan(cancelled), (BatchPlan{.step = BatchStep::send, .attempt = 1}));
    cancelled.attempts[1].standing = shallow;
    EXPECT_EQ(plan(cancelled).step, BatchStep::wait);
    cancelled.attempts[0].standing = {Place::conflicted, final_depth};
    cancelled.attempts[1].standing = unknown;
    EXPECT_NE(plan(cancelled).step, BatchStep::give_back);
    cancelled.attempts[1].standing = deep;
    EXPECT_EQ(plan(cancelled), (BatchPlan{.step = BatchStep::give_back, .attempt = 1}));
}

TEST(PayoutPlan, StopsAtTheHoldSwitchButStillSettlesAndCancels)
{
    for (const BatchState state :
         {BatchState::approved, BatchState::built, BatchState::ready, BatchState::broadcast}) {
        BatchView held = batch(state, {{TxPurpose::pay, true, waiting}});
        held.stopped = true;
        EXPECT_EQ(plan(held).step, BatchStep::wait) << to_string(state);
        held.attempts[0].standing = deep;
        EXPECT_EQ(plan(held).step, BatchStep::settle) << to_string(state);
    }
    BatchView held = batch(BatchState::cancelling, {{TxPurpose::pay, true, waiting}});
    held.stopped = true;
    EXPECT_EQ(plan(held).step, BatchStep::build);
}

TEST(PayoutPlan, BumpsWhatIsNotMinedAndSendsTheNewest)
{
    BatchView slow = batch(BatchState::broadcast, {{TxPurpose::pay, true, waiting}});
    slow.bump_wanted = true;
    EXPECT_EQ(plan(slow), (BatchPlan{.step = BatchStep::build, .purpose = TxPurpose::bump}));
    slow.attempts.push_back({TxPurpose::bump, false, unknown});
    EXPECT_EQ(plan(slow), (BatchPlan{.step = BatchStep::send, .attempt = 0}))
        << "the bump waits for its signatures: the first one stays in the air";
    slow.attempts[1].whole = true;
    slow.bump_wanted = false;
    EXPECT_EQ(plan(slow), (BatchPlan{.step = BatchStep::send, .attempt = 1}));
    slow.bump_wanted = true;
    slow.attempts[0].standing = shallow;
    EXPECT_EQ(plan(slow).step, BatchStep::wait) << "mined meanwhile";
}

TEST(PayoutPlan, BumpsWhatNoNodeHasTakenYet)
{
    BatchView cheap = batch(BatchState::ready, {{TxPurpose::pay, true, unknown}});
    EXPECT_EQ(plan(cheap), (BatchPlan{.step = BatchStep::send, .attempt = 0}));
    cheap.bump_wanted = true;
    EXPECT_EQ(plan(cheap), (BatchPlan{.step = BatchStep::build, .purpose = TxPurpose::bump}));
    cheap.stopped = true;
    EXPECT_EQ(plan(cheap).step, BatchStep::wait);
}

TEST(PayoutPlan, RaisesTheAlarmWhenASettledPaymentLeavesTheChain)
{
    const BatchView lost = batch(BatchState::confirmed, {{TxPurpose::pay, true, waiting}});
    EXPECT_TRUE(plan(lost).alarm);
    EXPECT_EQ(plan(lost).step, BatchStep::send);
    const BatchView old =
        batch(BatchState::confirmed, {{TxPurpose::pay, true, {Place::in_chain, forgotten_depth}}});
    EXPECT_EQ(plan(old).step, BatchStep::close);
}

TEST(PayoutPlan, WatchesAReturnUntilItIsTooDeepToLeaveTheChain)
{
    const auto cancelled = [](pool::TxStanding pay, pool::TxStanding cancel) {
        return plan(batch(BatchState::cancelled,
                          {{TxPurpose::pay, true, pay}, {TxPurpose::cancel, true, cancel}}));
    };
    EXPECT_EQ(cancelled(unknown, deep), BatchPlan{});
    EXPECT_EQ(cancelled(unknown, {Place::in_chain, forgotten_depth}).step, BatchStep::close);
    const BatchPlan lost = cancelled(unknown, waiting);
    EXPECT_EQ(lost.step, BatchStep::send);
    EXPECT_EQ(lost.attempt, 1U);
    EXPECT_TRUE(lost.alarm);
    const BatchPlan paid = cancelled(shallow, unknown);
    EXPECT_EQ(paid.step, BatchStep::wait);
    EXPECT_TRUE(paid.alarm) << "it was paid after its money was returned";
    EXPECT_TRUE(cancelled({Place::in_chain, forgotten_depth}, unknown).alarm);
    EXPECT_EQ(plan(batch(BatchState::cancelled)), BatchPlan{}) << "before there was an anchor";
}

TEST(PayoutPlan, WatchesWhatWasWrittenOffUntilItsSpendIsTooDeepToLeaveTheChain)
{
    const auto written_off = [](pool::TxStanding pay, pool::TxStanding foreign) {
        BatchView view = batch(BatchState::cancelled, {{TxPurpose::pay, true, pay}});
        view.foreign = foreign;
        return plan(view);
    };
    EXPECT_EQ(written_off(unknown, deep), BatchPlan{});
    EXPECT_EQ(written_off(unknown, {Place::in_chain, forgotten_depth}).step, BatchStep::close);
    EXPECT_TRUE(written_off(unknown, waiting).alarm) << "the payment may be mined again";
    EXPECT_TRUE(written_off(unknown, unknown).alarm);
    EXPECT_TRUE(written_off(shallow, {Place::conflicted, 1}).alarm) << "it was";
    EXPECT_EQ(written_off(waiting, waiting).step, BatchStep::wait)
        << "its money was returned: nobody sends it again";
}

TEST(PayoutPlan, WordsReadBackAsWhatTheyStandFor)
{
    for (const BatchState state : {BatchState::draft, BatchState::approved, BatchState::built,
                                   BatchState::ready, BatchState::broadcast, BatchState::confirmed,
                                   BatchState::cancelling, BatchState::cancelled}) {
        EXPECT_EQ(batch_state_from(to_string(state)), state);
    }
    EXPECT_FALSE(batch_state_from("paid").has_value());
    EXPECT_EQ(tx_purpose_from("bump"), TxPurpose::bump);
}

// --- The crash model: the worker of these rules beside a node that may forget, mine and reorder
// anything. A crash loses nothing but memory, and the worker has none: every state of the database
// is a state to wake up in.

enum class Chain : std::uint8_t { forgotten, mempool, mined, buried };

struct World {
    BatchState state = BatchState::approved;
    bool bump = false;
    std::vector<std::pair<TxPurpose, Chain>> stored;  // each is whole, all spend one anchor
    auto key() const { return std::tie(state, bump, stored); }
    friend bool operator<(const World& a, const World& b) { return a.key() < b.key(); }
};

constexpr std::size_t attempts_max = 4;

bool taken(const World& world)
{
    return std::any_of(world.stored.begin(), world.stored.end(),
                       [](const auto& tx) { return tx.second >= Chain::mined; });
}

void node_takes(World& world, std::size_t at)
{
    if (taken(world)) return;  // a double spend
    for (auto& tx : world.stored) {
        if (tx.second == Chain::mempool) tx.second = Chain::forgotten;
    }
    world.stored[at].second = Chain::mempool;
}

std::vector<World> moves_of_the_chain(const World& world)
{
    std::vector<World> out;
    const auto add = [&](std::size_t i, Chain to) {
        World next = world;
        next.stored[i].second = to;
        out.push_back(std::move(next));
    };
    for (std::size_t i = 0; i < world.stored.size(); ++i) {
        const Chain now = world.stored[i].second;
        if (now == Chain::mempool) add(i, Chain::forgotten);
        // Somebody kept the bytes, and a miner took them.
        if (now <= Chain::mempool && !taken(world)) add(i, Chain::mined);
        if (now == Chain::mined) add(i, Chain::buried);
        if (now == Chain::mined) add(i, Chain::mempool);  // a reorganisation
    }
    return out;
}

pool::TxStanding seen(Chain at)
{
    if (at == Chain::forgotten) return unknown;
    if (at == Chain::mempool) return waiting;
    return at == Chain::mined ? shallow : deep;
}

std::vector<World> moves_of_the_worker(const World& world)
{
    BatchView view = batch(world.state);
    view.anchored = true;
    view.bump_wanted = world.bump;
    for (const auto& [purpose, chain] : world.stored) {
        view.attempts.push_back({purpose, true, seen(chain)});
    }
    const BatchPlan next = plan(view);
    World after = world;
    switch (next.step) {
        case BatchStep::choose_anchor:
            after.state = BatchState::built;
            return {after};
        case BatchStep::build:
            if (world.stored.size() == attempts_max) return {};
            after.stored.emplace_back(next.purpose, Chain::forgotten);
            after.bump = false;
            if (next.purpose != TxPurpose::cancel) after.state = BatchState::ready;
            return {after};
        case BatchStep::send: {
            if (after.state == BatchState::ready) after.state = BatchState::broadcast;
            const World crashed = after;  // written down, and killed before it was sent
            node_takes(after, next.attempt);
            return {after, crashed};
        }
        case BatchStep::settle:
            after.state = BatchState::confirmed;
            return {after};
        case BatchStep::give_back:
            after.state = BatchState::cancelled;
            return {after};
        case BatchStep::wait:
        case BatchStep::close:
            return {};
    }
    return {};
}

std::vector<World> moves_of_people(const World& world)
{
    const bool open = world.state != BatchState::confirmed && world.state != BatchState::cancelled;
    if (!open || world.state == BatchState::approved) return {};
    World cancel = world;
    cancel.state = BatchState::cancelling;
    World bump = world;
    bump.bump = true;
    return {cancel, bump};
}

TEST(PayoutCrashModel, NeitherPaysTwiceNorReturnsWhatWasPaidAndAlwaysFindsAnEnd)
{
    std::set<World> known{World{}};
    std::deque<World> open{World{}};
    std::set<BatchState> reached;
    std::map<World, std::vector<World>> before;  // by what time alone makes of them
    while (!open.empty()) {
        const World world = open.front();
        open.pop_front();
        reached.insert(world.state);
        const auto final_of = [&world](bool cancel) {
            return std::count_if(world.stored.begin(), world.stored.end(), [&](const auto& tx) {
                return tx.second == Chain::buried && (tx.first == TxPurpose::cancel) == cancel;
            });
        };
        ASSERT_LE(final_of(false) + final_of(true), 1);
        ASSERT_TRUE(final_of(false) == 1 || world.state != BatchState::confirmed);
        ASSERT_TRUE(final_of(true) == 1 || world.state != BatchState::cancelled);
        for (const auto& moves : {moves_of_the_chain(world), moves_of_the_worker(world)}) {
            for (const World& next : moves) before[next].push_back(world);
        }
        for (const auto& moves :
             {moves_of_the_chain(world), moves_of_the_worker(world), moves_of_people(world)}) {
            for (const World& next : moves) {
                if (known.insert(next).second) open.push_back(next);
            }
        }
    }
    // From wherever it is, it can come to an end with nobody's help.
    std::set<World> ends;
    for (const World& world : known) {
        const bool ended =
            world.state == BatchState::confirmed || world.state == BatchState::cancelled;
        if (ended && ends.insert(world).second) open.push_back(world);
    }
    while (!open.empty()) {
        const World world = open.front();
        open.pop_front();
        for (const World& earlier : before[world]) {
            if (ends.insert(earlier).second) open.push_back(earlier);
        }
    }
    EXPECT_EQ(ends.size(), known.size()) << "some states lead nowhere";
    EXPECT_GT(known.size(), 300U) << "the search has looked at next to nothing";
    EXPECT_EQ(reached.size(), 7U) << "all states but draft";
}

}  // namespace
}  // namespace payouts
