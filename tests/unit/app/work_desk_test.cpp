#include "pool/app/work_desk.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/chain_rules.h"
#include "pool/bitcoin/target.h"
#include "tests/sim/fake_node.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

const BlockHash tip{Digest{7}};

std::shared_ptr<BlockTemplate> a_template(Sats fees)
{
    auto out = std::make_shared<BlockTemplate>();
    out->height = {201};
    out->previous = tip;
    out->version = 0x20000000;
    out->bits = {0x207fffff};
    out->network_target = *target_from_compact(out->bits);
    out->time_now = {1'700'000'000};
    out->reward = Sats{5'000'000'000} + fees;
    out->fees = fees;
    out->witness_commitment = empty_block_commitment();
    out->rules = "!segwit csv ";
    out->weight_limit = 4'000'000;
    return out;
}

/// A node that answers every question at once, as its fields say.
struct Answers {
    explicit Answers(std::string name) : node(std::move(name)) {}

    void answer()
    {
        while (!node.chain_infos.empty()) {
            const auto done = std::exchange(node.chain_infos, {});
            for (const auto& each : done)
                each(ChainInfo{.chain = chain, .height = {200}, .tip = tip});
        }
        while (!node.proposals.empty() && judges) {
            ++proposed;
            const auto done = std::move(node.proposals.front().second);
            node.proposals.pop_front();
            done(verdict);
        }
        while (!node.templates.empty() && work != nullptr) {
            ++templates;
            const auto done = std::move(node.templates.front());
            node.templates.pop_front();
            if (no_template) {
                done(fail(*no_template));
            } else {
                done(Result<Node::TemplatePtr>{work});
            }
        }
    }

    tests::FakeNode node;
    Chain chain = Chain::regtest;
    bool judges = true;                         // false: it keeps its verdicts to itself
    std::string verdict;                        // of proposals; empty: it would take such a block
    std::shared_ptr<const BlockTemplate> work;  // null: it keeps its answer to itself
    std::optional<Error> no_template{};         // it answers so instead
    int proposed = 0;
    int templates = 0;
};

class DeskTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        first.work = a_template(Sats{900});
        second.work = a_template(Sats{5});
        make_desk({});
    }
    void make_desk(const WorkSource::Options& work)
    {
        WorkDeskOptions options;
        options.chain = Chain::regtest;
        options.pay_to = {0x51};
        options.work = work;
        desk = std::make_unique<WorkDesk>(
            test.loop, options, std::vector<WorkNode>{{&first.node, ""}, {&second.node, ""}},
            WorkDesk::Out{.publish = [this](const auto& job) { jobs.push_back(job); },
                          .prepare = [this](const auto& job) { prepared.push_back(job); },
                          .tip_moved = [](Height) {},
                          .announce = [](const std::string&) {}});
    }
    /// Until it holds; a machine that is busy gets twenty seconds.
    bool becomes(const std::function<bool()>& state)
    {
        bool holds = false;
        run(std::chrono::seconds{20}, [&] { return holds = state(); });
        return holds;
    }
    void run(milliseconds span, const std::function<bool()>& enough = [] { return false; })
    {
        const Watch answers = test.loop.every(milliseconds{1}, [&] {
            first.answer();
            second.answer();
            if (enough()) test.loop.stop();
        });
        const Watch end = test.loop.after(span, [this] { test.loop.stop(); });
        test.run();
    }

    TestLoop test;
    Answers first{"first"};
    Answers second{"second"};
    std::vector<std::shared_ptr<const Job>> jobs;
    std::vector<std::shared_ptr<const Job>> prepared;
    std::unique_ptr<WorkDesk> desk;
};

TEST_F(DeskTest, ATemplateThatItsOwnNodeWouldNotTakeGivesNoJobAndTheNextNodesDoes)
{
    first.verdict = "bad-cb-amount";
    Result<void> outcome = fail(Error::Code::unavailable, "not yet");
    desk->start(std::chrono::seconds{30}, [&](Result<void> started) { outcome = started; });
    ASSERT_TRUE(becomes([&] { return outcome.has_value() && !jobs.empty(); }))
        << desk->status().node_trouble.said;
    for (const auto& job : jobs) EXPECT_EQ(job->reward, second.work->reward);
    EXPECT_LE(first.proposed, 2) << "each form once: its no is remembered";
    EXPECT_GE(second.proposed, 1);
}

TEST_F(DeskTest, AShapeThatEveryNodeRejectsStopsTheStartWithTheNodesReason)
{
    first.verdict = "bad-cb-amount";
    second.verdict = "bad-cb-amount";
    Result<void> outcome;
    desk->start(std::chrono::seconds{30}, [&](Result<void> started) { outcome = started; });
    ASSERT_TRUE(becomes([&] { return !outcome.has_value(); }));
    run(milliseconds{300});
    EXPECT_TRUE(jobs.empty());
    EXPECT_NE(outcome.error().detail.find("bad-cb-amount"), std::string::npos);
    EXPECT_LE(first.templates + second.templates, 8) << "asked less and less often";
    EXPECT_EQ(desk->status().node_trouble.kind, "node_refuses_blocks");
}

// It was away when the pool started, or was restarted with other options.
// Their shape is one that both nodes have taken.
TEST_F(DeskTest, ATemplateThatLeavesNoRoomForTheCoinbaseIsPassedOverForTheNextNodes)
{
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    ASSERT_TRUE(becomes([&] { return !jobs.empty(); })) << desk->status().node_trouble.said;
    run(milliseconds{300});
    auto full = a_template(Sats{900'000'000});
    full->weight = 3'999'000;
    ASSERT_EQ(shape_of(*full), shape_of(*first.work));
    first.work = full;
    second.work = a_template(Sats{500'000'000});
    desk->refresh();
    EXPECT_TRUE(becomes([&] { return jobs.back()->reward == second.work->reward; }));
    EXPECT_GE(first.templates, 2);
}

// Every share on its jobs would be refused as too new, and no node would take a block of them.
TEST_F(DeskTest, ATemplateOfANodeWhoseClockIsHoursAheadIsPassedOverForTheNextNodes)
{
    auto ahead = a_template(Sats{900'000'000});
    ahead->time_now = {to_seconds(read_clock().wall).seconds + 7300};
    first.work = ahead;
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    ASSERT_TRUE(becomes([&] { return !jobs.empty() && first.templates > 0; }));
    for (const auto& job : jobs) EXPECT_EQ(job->reward, second.work->reward);
}

TEST_F(DeskTest, WhatCameInsteadOfATemplateTellsWhatIsWrongWithTheNode)
{
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    const auto told_of = [&](Error::Code code, const std::string& said) {
        first.no_template = second.no_template = Error{code, said};
        desk->refresh();
        EXPECT_TRUE(becomes([&] { return desk->status().node_trouble.said == said; })) << said;
        return desk->status().node_trouble.kind;
    };
    EXPECT_EQ(told_of(Error::Code::unavailable, "http://10.0.0.5:8332/: the connection was cut"),
              "node_away");
    EXPECT_EQ(told_of(Error::Code::refused, "node first refused our user and password"),
              "node_refuses");
    EXPECT_EQ(told_of(Error::Code::not_found, "node first says: Bitcoin is not connected!"),
              "node_no_template");
    EXPECT_EQ(told_of(Error::Code::invalid, "getblocktemplate: the node demands the rule \"x\""),
              "node_no_template");
}

TEST_F(DeskTest, ANodeThatTurnsOutToBeOnAnotherChainIsNotListenedTo)
{
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    ASSERT_TRUE(becomes([&] { return !jobs.empty() && desk->nodes()[1].up; }));
    second.chain = Chain::main;
    NodeTrouble told;  // until the other node gives work again
    EXPECT_TRUE(becomes([&] {
        told = desk->status().node_trouble;
        return !desk->nodes()[1].up;
    })) << "a look later";
    EXPECT_EQ(told.kind, "node_other_chain");
    EXPECT_EQ(told.node, "second");
    EXPECT_GT(first.node.warmed, 0U) << "its connection for blocks stays open";
    EXPECT_TRUE(desk->nodes()[0].up);
    EXPECT_FALSE(desk->nodes()[1].tip.has_value());
}

/// The second node, from which a template of a new shape waits for its word on the block, turns out
/// to be on another chain, and then gives that word.
class LateVerdictTest : public DeskTest {
protected:
    void hear_late(const std::string& verdict)
    {
        desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
        ASSERT_TRUE(becomes([&] { return !jobs.empty() && desk->nodes()[1].up; }));
        first.work = nullptr;  // nothing that it gives hides the trouble
        rich->rules = "!segwit csv taproot ";
        second.work = rich;
        second.judges = false;
        second.verdict = verdict;
        desk->refresh();
        ASSERT_TRUE(becomes([&] { return !second.node.proposals.empty(); }));
        second.chain = Chain::main;
        ASSERT_TRUE(becomes([&] { return !desk->nodes()[1].up; })) << "a look later";
        ASSERT_EQ(desk->status().node_trouble.kind, "node_other_chain");
        second.judges = true;
        ASSERT_TRUE(becomes([&] { return second.node.proposals.empty(); }));
        run(milliseconds{50});
        EXPECT_EQ(desk->status().node_trouble.kind, "node_other_chain");
        EXPECT_EQ(desk->status().node_trouble.node, "second");
    }
    std::shared_ptr<BlockTemplate> rich = a_template(Sats{900'000'000});
};

TEST_F(LateVerdictTest, OfANodeOnAnotherChainMakesNoWork)
{
    hear_late("");
    for (const auto& job : jobs) EXPECT_NE(job->reward, rich->reward);
}

TEST_F(LateVerdictTest, OfANodeOnAnotherChainHidesNotThatItIsThere) { hear_late("bad-cb-amount"); }

TEST_F(DeskTest, WhatANodeSaysAfterItWasSwitchedOffMovesNoTip)
{
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    ASSERT_TRUE(
        becomes([&] { return !jobs.empty() && !first.node.waits.empty() && first.proposed > 0; }));
    const BlockHash next{Digest{8}};
    first.node.waits.front().second(Tip{next, {201}});
    ASSERT_TRUE(becomes(
        [&] { return !first.node.headers.empty() && first.node.headers.back().first == next; }));
    const auto late = std::move(first.node.headers.back().second);
    ASSERT_TRUE(desk->set_enabled("first", false).has_value());
    EXPECT_FALSE(desk->status().nodes[0].enabled);
    EXPECT_TRUE(desk->status().nodes[1].enabled);
    late(TipHeader{.hash = next,
                   .previous = tip,
                   .height = {201},
                   .bits = first.work->bits,
                   .median_time = first.work->time_now});
    run(milliseconds{50});
    for (const auto& job : jobs) EXPECT_EQ(job->height, first.work->height);
    EXPECT_EQ(desk->status().tip, tip);
}

// The node is slow to give a template on a new tip: miners get the same empty work once more.
TEST_F(DeskTest, EmptyWorkThatIsRepeatedIsCountedAsEmpty)
{
    make_desk({.refresh = milliseconds{200}, .richer_by = {1'000'000'000}});
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    ASSERT_TRUE(becomes([&] {
        return !jobs.empty() && !first.node.waits.empty() && first.proposed + second.proposed >= 2;
    }));
    first.work = nullptr;
    second.work = nullptr;
    const BlockHash next{Digest{8}};
    const auto before = jobs.size();
    first.node.waits.front().second(Tip{next, {201}});
    ASSERT_TRUE(becomes([&] { return !first.node.headers.empty(); }));
    first.node.headers.back().second(TipHeader{.hash = next,
                                               .previous = tip,
                                               .height = {201},
                                               .bits = {0x207fffff},
                                               .median_time = {1'700'000'000}});
    ASSERT_TRUE(becomes([&] { return jobs.size() >= before + 3; }));
    ASSERT_EQ(jobs.back()->previous, next);
    EXPECT_EQ(jobs[before]->prepared, prepared.back()) << "it was made ahead of time";
    EXPECT_EQ(jobs[before]->id, prepared.back()->id);
    EXPECT_EQ(jobs[before + 1]->prepared, nullptr) << "the same again is other work";
    const auto& published = desk->published();
    EXPECT_TRUE(published[0].empty);
    EXPECT_FALSE(published[0].clean);
    EXPECT_TRUE(published[1].empty);
    EXPECT_EQ(desk->status().empty_jobs, jobs.size() - before);
    EXPECT_NE(jobs.back()->id, jobs[jobs.size() - 2]->id);
}

// A proxy in between that knows no long poll.
TEST_F(DeskTest, ANodeThatAnswersALongPollAtOnceIsNotAskedAsFastAsItAnswers)
{
    desk->start(std::chrono::seconds{30}, [](const Result<void>&) {});
    int waits = 0;
    const Watch proxy = test.loop.every(milliseconds{1}, [&] {
        while (!first.node.waits.empty()) {
            ++waits;
            const auto done = std::move(first.node.waits.front().second);
            first.node.waits.pop_front();
            done(Tip{tip, {200}});
        }
    });
    ASSERT_TRUE(becomes([&] { return waits > 0; }));
    run(milliseconds{500});
    EXPECT_LE(waits, 3);
}

}  // namespace
}  // namespace pool
