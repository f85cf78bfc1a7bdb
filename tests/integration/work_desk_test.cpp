#include "pool/app/work_desk.h"

#include <chrono>
#include <csignal>
#include <optional>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/node_talk.h"

namespace tests {
namespace {

using std::chrono::seconds;

// Work on the older block would be stale; but nobody who reads "no answer yet" of nodes that all
// answer would find out why.
TEST(WorkDesk, SaysThatNoNodeWithTemplatesHasTheNewestBlock)
{
    NodeFixture behind{"regtest"};
    NodeFixture ahead{"regtest"};
    behind.generate(1);
    ahead.generate(2);
    pool::Loop loop;
    const auto gives = pool::make_node_rpc(loop, options_of(behind, "gives"));
    pool::NodeOptions only_takes = options_of(ahead, "takes");
    only_takes.role = "submit";
    const auto takes = pool::make_node_rpc(loop, only_takes);

    pool::WorkDeskOptions options;
    options.chain = pool::Chain::regtest;
    options.pay_to = {0x51};
    pool::WorkDesk desk{loop,
                        options,
                        {{gives.get(), ""}, {takes.get(), ""}},
                        {.publish = [](const std::shared_ptr<const pool::Job>&) {},
                         .prepare = [](const std::shared_ptr<const pool::Job>&) {},
                         .tip_moved = [](pool::Height) {},
                         .announce = [](const std::string&) {}}};
    // Had it been heard first, its older block would have been the newest that anybody knew.
    behind.process().signal(SIGSTOP);
    const pool::Watch heard = loop.every(std::chrono::milliseconds{10}, [&] {
        if (desk.nodes()[1].tip) behind.process().signal(SIGCONT);
    });
    std::optional<pool::Result<void>> outcome;
    desk.start(seconds{6}, [&](pool::Result<void> started) {
        outcome = std::move(started);
        loop.stop();
    });
    loop.run();
    ASSERT_TRUE(outcome.has_value());
    ASSERT_FALSE(outcome->has_value()) << "work on an older block than the pool knows";
    EXPECT_EQ(outcome->error().detail,
              "no work after waiting: no node that gives templates has the newest block (gives at "
              "height 1, takes at height 2); wait until one has caught up, or take the node that "
              "is ahead out of the configuration");
}

// Every signet is called so and begins with the same block: one that only takes blocks, and so
// never shows a template, would be the highest tip and stop the work.
TEST(WorkDesk, RefusesANodeOfAnotherSignetAtTheStart)
{
    NodeFixture ours{"signet"};
    NodeFixture other{"signet", {"-signetchallenge=52"}};
    pool::Loop loop;
    const auto gives = pool::make_node_rpc(loop, options_of(ours, "gives"));
    pool::NodeOptions only_takes = options_of(other, "takes");
    only_takes.role = "submit";
    const auto takes = pool::make_node_rpc(loop, only_takes);
    pool::WorkDeskOptions options;
    options.chain = pool::Chain::signet;
    options.pay_to = {0x51};
    pool::WorkDesk desk{loop,
                        options,
                        {{takes.get(), ""}, {gives.get(), ""}},
                        {.publish = [](const std::shared_ptr<const pool::Job>&) {},
                         .prepare = [](const std::shared_ptr<const pool::Job>&) {},
                         .tip_moved = [](pool::Height) {},
                         .announce = [](const std::string&) {}}};
    ours.process().signal(SIGSTOP);  // whoever speaks first: the other one is to be heard
    std::optional<pool::Result<void>> outcome;
    const pool::Watch on = loop.after(seconds{2}, [&] { ours.process().signal(SIGCONT); });
    desk.start(seconds{20}, [&](pool::Result<void> started) {
        outcome = std::move(started);
        loop.stop();
    });
    loop.run();
    ours.process().signal(SIGCONT);
    ASSERT_TRUE(outcome.has_value());
    ASSERT_FALSE(outcome->has_value()) << "a node of another chain gets our blocks";
    EXPECT_EQ(outcome->error().code, pool::Error::Code::refused);
    EXPECT_NE(outcome->error().detail.find("-signetchallenge=51"), std::string::npos)
        << outcome->error().detail;
}

}  // namespace
}  // namespace tests
