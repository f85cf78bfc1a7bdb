#include "pool/node/rpc_forms.h"

#include <string>

#include <gtest/gtest.h>

#include "pool/base/json.h"

namespace pool {
namespace {

SubmitOutcome outcome_of(const std::string& result)
{
    JsonDocument json;
    const auto parsed = json.parse(result, JsonLimits{});
    EXPECT_TRUE(parsed.has_value()) << result;
    return read_submit_answer(*parsed).outcome;
}

TEST(SubmitAnswers, MeanWhatTheNodeSaysOfTheBlock)
{
    EXPECT_EQ(outcome_of("null"), SubmitOutcome::accepted);
    EXPECT_EQ(outcome_of(R"("duplicate")"), SubmitOutcome::duplicate);
    EXPECT_EQ(outcome_of(R"("inconclusive")"), SubmitOutcome::inconclusive);
    EXPECT_EQ(outcome_of(R"("duplicate-inconclusive")"), SubmitOutcome::inconclusive);
    EXPECT_EQ(outcome_of(R"("duplicate-invalid")"), SubmitOutcome::rejected);
    EXPECT_EQ(outcome_of(R"("stale-prevblk")"), SubmitOutcome::inconclusive);
    EXPECT_EQ(outcome_of(R"("bad-txnmrklroot")"), SubmitOutcome::rejected);
}

TEST(SubmitAnswers, ThatMayBeOtherwiseInASecondAreAskedForAgain)
{
    EXPECT_EQ(outcome_of(R"("prev-blk-not-found")"), SubmitOutcome::unanswered);
    EXPECT_EQ(outcome_of(R"("time-too-new")"), SubmitOutcome::unanswered);
    EXPECT_EQ(outcome_of("false"), SubmitOutcome::unanswered) << "of a gateway, not of a node";
    EXPECT_EQ(outcome_of("{}"), SubmitOutcome::unanswered);
}

// A node whose disk is full answers with -25: the block is none the worse for it.
TEST(SubmitAnswers, ThatAreErrorsSayNothingOfTheBlockUnlessItCannotBeRead)
{
    EXPECT_EQ(outcome_of_error(-22), SubmitOutcome::rejected);
    for (const int code : {0, -1, -25, -28, -32601}) {
        EXPECT_EQ(outcome_of_error(code), SubmitOutcome::unanswered) << code;
    }
}

Result<ChainInfo> chain_info_of(const std::string& chain, const std::string& more = "")
{
    JsonDocument json;
    const auto parsed = json.parse(R"({"chain":")" + chain + R"(","blocks":3,"bestblockhash":")" +
                                       std::string(64, 'a') + "\"" + more + "}",
                                   JsonLimits{});
    EXPECT_TRUE(parsed.has_value());
    return read_chain_info(*parsed);
}

// All signets have one name and one first block.
TEST(ChainInfoAnswers, OfASignetThatWantsSignedBlocksIsARefusal)
{
    const auto other = chain_info_of("signet", R"(,"signet_challenge":"5121ad51ae")");
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, Error::Code::refused);
    EXPECT_NE(other.error().detail.find("-signetchallenge=51"), std::string::npos);
    EXPECT_FALSE(chain_info_of("signet", R"(,"signet_challenge":81)").has_value());
    const auto ours = chain_info_of("signet", R"(,"signet_challenge":"51")");
    ASSERT_TRUE(ours.has_value());
    EXPECT_EQ(ours->chain, Chain::signet);
    EXPECT_EQ(ours->height, Height{3});
}

TEST(ChainInfoAnswers, OfANodeThatNamesNoChallengeAreReadAllTheSame)
{
    EXPECT_TRUE(chain_info_of("signet").has_value()) << "before Bitcoin Core 29";
    EXPECT_TRUE(chain_info_of("main").has_value());
}

}  // namespace
}  // namespace pool
