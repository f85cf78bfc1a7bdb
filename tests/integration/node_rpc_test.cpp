#include "pool/node/node_rpc.h"

#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/node_talk.h"
#include "tests/support/process.h"
#include "tests/support/solve.h"

namespace tests {
namespace {

using pool::Error;
using pool::Sighting;
using pool::SubmitOutcome;
using std::chrono::seconds;

std::string hash_param(const pool::BlockHash& hash)
{
    return "[\"" + pool::to_display_hex(hash) + "\"]";
}

// One node serves several tests of the file: a start takes most of a second.
class OnRegtest : public ::testing::Test {
protected:
    NodeFixture node{"regtest"};
    NodeTalk talk{options_of(node)};
};

TEST_F(OnRegtest, TellsItsChainAndGivesATemplateForTheNextBlock)
{
    node.generate(3);
    const auto info = talk.chain_info();
    ASSERT_TRUE(info.has_value()) << info.error().detail;
    EXPECT_EQ(info->chain, pool::Chain::regtest);
    EXPECT_EQ(info->height, pool::Height{3});

    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value()) << given.error().detail;
    EXPECT_EQ((*given)->height, pool::Height{4});
    EXPECT_EQ((*given)->previous, info->tip);
    EXPECT_EQ((*given)->reward, pool::Sats{5'000'000'000});
    EXPECT_EQ((*given)->witness_commitment.size(), 38U);
}

TEST_F(OnRegtest, TakesTheTimeOfEachCallByItsMethod)
{
    const auto calls = [this](pool::RpcCall call) {
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at <= pool::Histogram::bounds.size(); ++at) {
            sum += talk.node().times()->of(call).in_bucket(at);
        }
        return sum;
    };
    ASSERT_TRUE(talk.chain_info().has_value());
    ASSERT_TRUE(talk.chain_info().has_value());
    ASSERT_TRUE(talk.get_template().has_value());
    EXPECT_EQ(calls(pool::RpcCall::getblockchaininfo), 2U);
    EXPECT_EQ(calls(pool::RpcCall::getblocktemplate), 1U);
    EXPECT_EQ(calls(pool::RpcCall::submitblock), 0U);
    EXPECT_GT(talk.node().times()->of(pool::RpcCall::getblocktemplate).sum_seconds(), 0);
    EXPECT_EQ(to_string(pool::RpcCall::waitforblockheight), "waitforblockheight");
    EXPECT_EQ(to_string(pool::RpcCall::getblockheader), "getblockheader");
}

TEST_F(OnRegtest, WakesTheLongPollWhenTheTipMovesAndNotBefore)
{
    std::optional<pool::Tip> woken;
    talk.node().wait_for_height({1}, [&](auto tip) {
        ASSERT_TRUE(tip.has_value()) << tip.error().detail;
        woken = *tip;
        talk.loop().stop();
    });
    // Other questions are answered while the long poll hangs.
    ASSERT_TRUE(talk.chain_info().has_value());
    ASSERT_TRUE(talk.get_template().has_value());
    EXPECT_FALSE(woken.has_value());
    node.generate(1);
    if (!woken) talk.run(seconds{30});
    ASSERT_TRUE(woken.has_value());
    EXPECT_EQ(woken->height, pool::Height{1});
    EXPECT_EQ(woken->hash, talk.chain_info()->tip);
}

TEST_F(OnRegtest, GivesTheHeaderThatTheNextJobIsMadeOf)
{
    node.generate(2);
    const auto info = talk.chain_info();
    ASSERT_TRUE(info.has_value());
    const auto header = talk.header(info->tip);
    ASSERT_TRUE(header.has_value()) << header.error().detail;
    const auto next = talk.get_template();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(header->hash, (*next)->previous);
    EXPECT_EQ(header->height.value + 1, (*next)->height.value);
    EXPECT_EQ(header->median_time.seconds + 1, (*next)->time_min.seconds);
    EXPECT_EQ(header->bits, (*next)->bits);
    EXPECT_TRUE(header->newest);
    EXPECT_EQ(talk.header(pool::BlockHash{}).error().code, Error::Code::not_found);

    node.generate(1);
    const auto followed = talk.header(info->tip);
    ASSERT_TRUE(followed.has_value()) << followed.error().detail;
    EXPECT_FALSE(followed->newest);
    ASSERT_TRUE(node.call("invalidateblock", hash_param(info->tip)).has_value());
    const auto left = talk.header(info->tip);
    ASSERT_TRUE(left.has_value()) << left.error().detail;
    EXPECT_FALSE(left->newest);
}

TEST_F(OnRegtest, ChecksABlockThatIsOnlyProposed)
{
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value());
    EXPECT_EQ(talk.propose(solve_badly(*given).bytes).value_or("?"), "");
    auto greedy = std::make_shared<pool::BlockTemplate>(**given);
    greedy->reward += pool::Sats{1};
    EXPECT_EQ(talk.propose(solve_badly(greedy).bytes).value_or("?"), "bad-cb-amount");
    EXPECT_EQ(node.height(), 0U);
    node.generate(1);
    EXPECT_EQ(talk.propose(solve_badly(*given).bytes).value_or("?"),
              "inconclusive-not-best-prevblk")
        << "late, not wrong: see Proposals";
}

TEST_F(OnRegtest, TellsWhatItThinksOfABlock)
{
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value());
    const SolvedBlock block = solve(*given, 1);
    const SolvedBlock rival = solve(*given, 2);

    const auto accepted = talk.submit(block.bytes);
    EXPECT_EQ(accepted.outcome, SubmitOutcome::accepted) << accepted.reason;
    EXPECT_EQ(talk.submit(block.bytes).outcome, SubmitOutcome::duplicate);
    // A second block of the height is stored, and is not the tip.
    EXPECT_EQ(talk.submit(rival.bytes).outcome, SubmitOutcome::inconclusive);

    const auto high = talk.submit(solve_badly(*talk.get_template()).bytes);
    EXPECT_EQ(high.outcome, SubmitOutcome::rejected);
    EXPECT_EQ(high.reason, "high-hash");

    auto greedy = std::make_shared<pool::BlockTemplate>(**talk.get_template());
    greedy->reward += pool::Sats{1};
    const auto refused = talk.submit(solve(greedy, 3).bytes);
    EXPECT_EQ(refused.outcome, SubmitOutcome::rejected);
    EXPECT_EQ(refused.reason, "bad-cb-amount");

    // A node that lacks the parent may have it in a second: asked again, not given up.
    auto orphan = std::make_shared<pool::BlockTemplate>(**talk.get_template());
    orphan->previous.bytes[0] ^= 1;
    const auto early = talk.submit(solve(orphan, 4).bytes);
    EXPECT_EQ(early.outcome, SubmitOutcome::unanswered);
    EXPECT_EQ(early.reason, "prev-blk-not-found");

    const auto garbage = talk.submit(pool::Bytes(100, 0));
    EXPECT_EQ(garbage.outcome, SubmitOutcome::rejected);
    EXPECT_FALSE(garbage.reason.empty());
}

TEST_F(OnRegtest, SaysWhereABlockStands)
{
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value());
    const pool::Height height = (*given)->height;
    const SolvedBlock ours = solve(*given, 1);
    const SolvedBlock rival = solve(*given, 2);
    ASSERT_EQ(talk.submit(ours.bytes).outcome, SubmitOutcome::accepted);
    ASSERT_EQ(talk.submit(rival.bytes).outcome, SubmitOutcome::inconclusive);
    node.generate(2);

    const auto in = talk.sight(ours.hash, height);
    ASSERT_TRUE(in.has_value()) << in.error().detail;
    EXPECT_EQ(in->place, Sighting::Place::in_chain);
    EXPECT_EQ(in->confirmations, 3U);

    const auto beside = talk.sight(rival.hash, height);
    ASSERT_TRUE(beside.has_value()) << beside.error().detail;
    EXPECT_EQ(beside->place, Sighting::Place::beside);
    EXPECT_EQ(beside->rival_confirmations, 3U);

    const auto unknown = talk.sight(pool::BlockHash{}, height);
    ASSERT_TRUE(unknown.has_value()) << unknown.error().detail;
    EXPECT_EQ(unknown->place, Sighting::Place::unknown);

    // Cut off by a person: known, not in the chain, and no rival has its height yet.
    ASSERT_TRUE(node.call("invalidateblock", hash_param(ours.hash)).has_value());
    const auto cut = talk.sight(ours.hash, height);
    ASSERT_TRUE(cut.has_value()) << cut.error().detail;
    EXPECT_EQ(cut->place, Sighting::Place::beside);
}

// What Submitter does 400 ms after it has sent a block, where a rival was there first.
TEST_F(OnRegtest, PrefersOurBlockToTheRivalThatItHeardOfFirst)
{
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value());
    const pool::Height height = (*given)->height;
    const SolvedBlock rival = solve(*given, 1);
    const SolvedBlock ours = solve(*given, 2);
    ASSERT_EQ(talk.submit(rival.bytes).outcome, SubmitOutcome::accepted);
    ASSERT_EQ(talk.submit(ours.bytes).outcome, SubmitOutcome::inconclusive);
    const auto before = talk.sight(ours.hash, height);
    ASSERT_TRUE(before.has_value()) << before.error().detail;
    EXPECT_EQ(before->place, Sighting::Place::beside);
    EXPECT_EQ(before->rival_confirmations, 1U);

    const auto told =
        talk.ask<void>([&](auto done) { talk.node().prefer(ours.hash, std::move(done)); });
    ASSERT_TRUE(told.has_value()) << told.error().detail;
    const auto after = talk.sight(ours.hash, height);
    ASSERT_TRUE(after.has_value()) << after.error().detail;
    EXPECT_EQ(after->place, Sighting::Place::in_chain);
    EXPECT_EQ(after->confirmations, 1U);
    EXPECT_EQ(talk.chain_info()->tip, ours.hash);
}

TEST_F(OnRegtest, FindsTheNodeAgainWithItsNewCookie)
{
    ASSERT_TRUE(talk.chain_info().has_value());
    node.stop();
    const auto gone = talk.chain_info();
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().code, Error::Code::unavailable) << gone.error().detail;
    EXPECT_EQ(talk.submit(pool::Bytes(100, 0)).outcome, SubmitOutcome::unanswered);
    node.start();
    const auto back = talk.chain_info();
    EXPECT_TRUE(back.has_value()) << back.error().detail;
}

TEST_F(OnRegtest, SaysWhichSettingIsWrongWhenTheNodeRefusesThePassword)
{
    TempDir directory;
    pool::NodeOptions options = options_of(node);
    options.cookie_file = (directory.path() / "cookie").string();
    std::ofstream{options.cookie_file} << "__cookie__:0000";
    NodeTalk stranger{options};
    const auto info = stranger.chain_info();
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, Error::Code::refused);
    EXPECT_NE(info.error().detail.find("cookie_file"), std::string::npos) << info.error().detail;
    EXPECT_EQ(stranger.get_template().error().code, Error::Code::refused);
    EXPECT_EQ(stranger.submit(pool::Bytes(100, 0)).outcome, SubmitOutcome::unanswered)
        << "a block is not lost to a wrong password: it is tried again";
}

TEST(OnSignet, GivesATemplateAndTakesABlockWithoutASignature)
{
    NodeFixture node{"signet"};
    NodeTalk talk{options_of(node)};
    const auto info = talk.chain_info();
    ASSERT_TRUE(info.has_value()) << info.error().detail;
    EXPECT_EQ(info->chain, pool::Chain::signet);
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value()) << given.error().detail;
    EXPECT_EQ((*given)->bits.value, 0x1e0377aeU);
    const auto answer = talk.submit(solve(*given, 1).bytes);
    EXPECT_EQ(answer.outcome, SubmitOutcome::accepted) << answer.reason;
    EXPECT_EQ(node.height(), 1U);
}

// It is there and lets us in: "away" would send people to look at its machine.
TEST(OnMain, ANodeWithoutPeersAnswersAndGivesNoTemplate)
{
    NodeFixture node{"main"};
    NodeTalk talk{options_of(node)};
    ASSERT_TRUE(talk.chain_info().has_value());
    const auto given = talk.get_template();
    ASSERT_FALSE(given.has_value());
    EXPECT_EQ(given.error().code, Error::Code::not_found) << given.error().detail;
    EXPECT_NE(given.error().detail.find("not connected"), std::string::npos)
        << given.error().detail;
}

TEST(OnTestnet4, GivesATemplateAndRefusesABlockAboveTheTarget)
{
    NodeFixture node{"testnet4"};
    NodeTalk talk{options_of(node)};
    const auto info = talk.chain_info();
    ASSERT_TRUE(info.has_value()) << info.error().detail;
    EXPECT_EQ(info->chain, pool::Chain::testnet4);
    const auto given = talk.get_template();
    ASSERT_TRUE(given.has_value()) << given.error().detail;
    EXPECT_EQ((*given)->bits.value, 0x1d00ffffU);
    EXPECT_EQ((*given)->height, pool::Height{1});
    EXPECT_EQ(talk.submit(solve_badly(*given).bytes).reason, "high-hash");
}

}  // namespace
}  // namespace tests
