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

}  // namespace
}  // namespace pool
