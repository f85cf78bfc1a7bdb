#include "pool/app/proposals.h"

#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "pool/bitcoin/chain_rules.h"
#include "pool/bitcoin/target.h"
#include "tests/sim/fake_node.h"

namespace pool {
namespace {

using Form = Proposals::Form;
using State = Proposals::State;

std::shared_ptr<BlockTemplate> a_template()
{
    auto out = std::make_shared<BlockTemplate>();
    out->height = {201};
    out->version = 0x20000000;
    out->bits = {0x207fffff};
    out->network_target = *target_from_compact(out->bits);
    out->time_now = {1'700'000'000};
    out->reward = {5'000'000'100};
    out->fees = {100};
    out->txids.push_back(TxId{});
    out->transactions.push_back(Bytes(60, 0));
    out->witness_commitment = empty_block_commitment();
    out->rules = "!segwit csv ";
    return out;
}

class ProposalsTest : public ::testing::Test {
protected:
    std::optional<Result<void>> propose(Form form, const Result<std::string>& answer)
    {
        std::optional<Result<void>> out;
        proposals.propose(node, source, form, plan, [&](Result<void> said) { out = said; });
        if (!node.proposals.empty()) {
            node.proposals.front().second(answer);
            node.proposals.pop_front();
        }
        return out;
    }
    tests::FakeNode node{"a"};
    std::shared_ptr<BlockTemplate> source = a_template();
    CoinbasePlan plan{.pay_to = {0x51}, .tag = "/zubr/"};
    Proposals proposals;
};

TEST_F(ProposalsTest, JudgesTheFullAndTheEmptyFormOfAShapeApart)
{
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::unknown);
    EXPECT_TRUE(propose(Form::full, std::string{})->has_value());
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::accepted);
    EXPECT_EQ(proposals.state(node, *source, Form::empty), State::unknown);
    const auto refused = propose(Form::empty, std::string{"bad-cb-amount"});
    ASSERT_FALSE(refused->has_value());
    EXPECT_NE(refused->error().detail.find("bad-cb-amount"), std::string::npos);
    EXPECT_EQ(proposals.state(node, *source, Form::empty), State::rejected);
}

TEST_F(ProposalsTest, ProposesTheEmptyFormWithoutTransactionsAndWithoutTheirFees)
{
    proposals.propose(node, source, Form::full, plan, [](const Result<void>&) {});
    proposals.propose(node, source, Form::empty, plan, [](const Result<void>&) {});
    ASSERT_EQ(node.proposals.size(), 2U);
    EXPECT_EQ(node.proposals[0].first.size(), node.proposals[1].first.size() + 60);
    const BlockTemplate empty = without_transactions(*source);
    EXPECT_EQ(empty.reward, Sats{5'000'000'000});
    EXPECT_EQ(empty.fees, Sats{0});
}

TEST_F(ProposalsTest, AsksAnewForEachRuleVersionBitLimitAndForm)
{
    EXPECT_TRUE(propose(Form::full, std::string{})->has_value());
    const auto changed = [this](auto change) {
        BlockTemplate other = *source;
        change(other);
        return proposals.state(node, other, Form::full) == State::unknown;
    };
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.rules += "covenants "; }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.version |= 0x10; }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.version_required = 2; }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.weight_limit = 3'000'000; }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.sigop_limit = 1000; }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.witness_commitment.clear(); }));
    EXPECT_TRUE(changed([](BlockTemplate& t) { t.height = {70'000}; })) << "another push";
    EXPECT_FALSE(changed([](BlockTemplate& t) { t.height = {202}; }));
    EXPECT_FALSE(changed([](BlockTemplate& t) { t.reward = {1}; }));
}

TEST_F(ProposalsTest, TakesAnAnswerThatCameTooLateForNoJudgement)
{
    EXPECT_TRUE(propose(Form::full, std::string{"inconclusive-not-best-prevblk"})->has_value());
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::unknown)
        << "the next one is proposed";
    EXPECT_FALSE(
        propose(Form::full, fail(Error::Code::unavailable, "the node is gone"))->has_value());
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::unknown);
}

TEST_F(ProposalsTest, DoesNotBotherTheNodeWithWhatFitsNoBlock)
{
    source->weight = 3'999'900;
    source->weight_limit = 4'000'000;
    const auto refused = propose(Form::full, std::string{});
    ASSERT_FALSE(refused->has_value());
    EXPECT_EQ(refused->error().code, Error::Code::limit);
    EXPECT_TRUE(node.proposals.empty());
}

// One node may be older, or stricter, than the other: what it rejects is not asked of it again for
// a while, and the other is asked all the same.
TEST_F(ProposalsTest, ARejectionCountsForTheNodeThatSaidIt)
{
    const tests::FakeNode other{"b"};
    EXPECT_FALSE(propose(Form::full, std::string{"bad-txns"})->has_value());
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::rejected);
    EXPECT_EQ(proposals.state(other, *source, Form::full), State::unknown);
    proposals.forget_rejected();
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::unknown);
    EXPECT_TRUE(propose(Form::full, std::string{})->has_value());
    EXPECT_EQ(proposals.state(other, *source, Form::full), State::accepted);
}

TEST_F(ProposalsTest, AnothersYesDoesNotMakeUpForANodesOwnNo)
{
    tests::FakeNode other{"b"};
    EXPECT_FALSE(propose(Form::full, std::string{"bad-txns"})->has_value());
    proposals.propose(other, source, Form::full, plan, [](const Result<void>&) {});
    other.proposals.front().second(std::string{});
    EXPECT_EQ(proposals.state(other, *source, Form::full), State::accepted);
    EXPECT_EQ(proposals.state(node, *source, Form::full), State::rejected);
}

}  // namespace
}  // namespace pool
