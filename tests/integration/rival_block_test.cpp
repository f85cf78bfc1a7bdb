#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/submitter.h"
#include "tests/support/node_fixture.h"
#include "tests/support/node_talk.h"
#include "tests/support/process.h"
#include "tests/support/solve.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

pool::BlockCandidate candidate_of(const SolvedBlock& block,
                                  const std::shared_ptr<const pool::BlockTemplate>& source)
{
    auto job = std::make_shared<pool::Job>();
    job->height = source->height;
    job->reward = source->reward;
    job->source = source;
    pool::BlockCandidate candidate;
    candidate.job = job;
    candidate.header = block.header;
    candidate.hash = block.hash;
    candidate.coinbase = block.coinbase;
    return candidate;
}

// Both blocks are as good as each other, and a node keeps the one that it saw first: its miners,
// and whoever it tells, build on that. Ours must not lose a race that a node of ours can decide.
TEST(RivalBlock, OfANodeThatSawItFirstGivesWayToOurs)
{
    NodeFixture a{"regtest"};
    NodeFixture b{"regtest"};
    NodeTalk to_a{options_of(a, "first")};
    NodeTalk to_b{options_of(b, "second")};
    const auto source = to_a.get_template();
    ASSERT_TRUE(source.has_value()) << source.error().detail;
    const SolvedBlock ours = solve(*source, 1);
    const SolvedBlock rival = solve(*source, 2);
    ASSERT_NE(ours.hash, rival.hash);
    ASSERT_EQ(to_b.submit(rival.bytes).outcome, pool::SubmitOutcome::accepted);

    pool::Loop loop;
    const auto first = pool::make_node_rpc(loop, options_of(a, "first"));
    const auto second = pool::make_node_rpc(loop, options_of(b, "second"));
    TempDir directory;
    auto store = pool::CandidateStore::open(directory.path() / "blocks");
    ASSERT_TRUE(store.has_value());
    std::vector<pool::NodeAnswer> answers;
    pool::Submitter submitter{
        loop,
        {first.get(), second.get()},
        *std::move(store),
        {.found = [](const pool::FoundFile&) {},
         .answer = [&](const pool::NodeAnswer& answer) { answers.push_back(answer); }}};
    submitter.found(candidate_of(ours, *source));

    const std::string wanted = "\"" + pool::to_display_hex(ours.hash) + "\"";
    bool preferred = false;
    const pool::Watch look = loop.every(milliseconds{50}, [&] {
        preferred = b.call("getbestblockhash").value_or("") == wanted;
        if (preferred) loop.stop();
    });
    const pool::Watch deadline = loop.after(seconds{30}, [&] { loop.stop(); });
    loop.run();
    EXPECT_TRUE(preferred);
    EXPECT_EQ(b.height(), 1U) << "no further block ended the race";
    ASSERT_EQ(answers.size(), 2U);
    for (const pool::NodeAnswer& answer : answers) {
        EXPECT_EQ(answer.answer.outcome, answer.node == "first" ? pool::SubmitOutcome::accepted
                                                                : pool::SubmitOutcome::inconclusive)
            << answer.node;
    }
}

// It is sent no blocks, but gives the work that our miners do: on the rival, unless it is told.
TEST(RivalBlock, OfANodeThatOnlyGivesTemplatesGivesWayToOursOnceItHasItFromTheOther)
{
    const std::uint16_t port = free_port();
    NodeFixture a{"regtest"};
    NodeFixture b{"regtest",
                  {"-listen=1", "-listenonion=0", "-bind=127.0.0.1:" + std::to_string(port)}};
    pool::NodeOptions gives = options_of(a, "gives");
    gives.role = "template";
    pool::NodeOptions takes = options_of(b, "takes");
    takes.role = "submit";
    NodeTalk to_a{gives};
    const auto source = to_a.get_template();
    ASSERT_TRUE(source.has_value()) << source.error().detail;
    const SolvedBlock ours = solve(*source, 1);
    const SolvedBlock rival = solve(*source, 2);
    ASSERT_EQ(to_a.submit(rival.bytes).outcome, pool::SubmitOutcome::accepted);

    pool::Loop loop;
    const auto first = pool::make_node_rpc(loop, gives);
    const auto second = pool::make_node_rpc(loop, takes);
    TempDir directory;
    auto store = pool::CandidateStore::open(directory.path() / "blocks");
    ASSERT_TRUE(store.has_value());
    std::vector<pool::NodeAnswer> answers;
    pool::Submitter submitter{
        loop,
        {first.get(), second.get()},
        *std::move(store),
        {.found = [](const pool::FoundFile&) {},
         .answer = [&](const pool::NodeAnswer& answer) { answers.push_back(answer); }}};
    submitter.found(candidate_of(ours, *source));
    // They hear of each other's tip when each has its own.
    const std::string wanted = "\"" + pool::to_display_hex(ours.hash) + "\"";
    bool joined = false;
    bool preferred = false;
    const pool::Watch look = loop.every(milliseconds{50}, [&] {
        if (!joined && b.call("getbestblockhash").value_or("") == wanted) {
            joined = true;
            EXPECT_TRUE(a.call("addnode", "[\"127.0.0.1:" + std::to_string(port) + "\",\"onetry\"]")
                            .has_value());
        }
        preferred = a.call("getbestblockhash").value_or("") == wanted;
        if (preferred) loop.stop();
    });
    const pool::Watch deadline = loop.after(seconds{30}, [&] { loop.stop(); });
    loop.run();
    EXPECT_TRUE(preferred) << "miners would be sent to the rival";
    EXPECT_EQ(a.height(), 1U) << "no further block ended the race";
    ASSERT_EQ(answers.size(), 1U) << "it is sent no blocks itself";
    EXPECT_EQ(answers.front().node, "takes");
}

}  // namespace
}  // namespace tests
