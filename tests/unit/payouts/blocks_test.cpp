#include "payouts/blocks.h"

#include <ostream>

#include <gtest/gtest.h>

// A block's life is decision 19 of the charter; docs/money.md has it as a table.
namespace payouts {

static std::ostream& operator<<(std::ostream& out, const BlockPlan& plan)
{
    return out << static_cast<int>(plan.step) << " -> " << to_string(plan.state)
               << (plan.alarm ? " with alarm" : "");
}

static bool operator==(const BlockPlan& a, const BlockPlan& b)
{
    return a.step == b.step && a.state == b.state && a.alarm == b.alarm;
}

namespace {

using pool::Sighting;

constexpr std::uint64_t slot = 50;
constexpr BlockRules regtest{};
constexpr BlockRules mainnet{.maturity_extra = 20, .orphan_depth = 100};

BlockView block(BlockState state, BlockBooks books, Sighting sighting)
{
    return {state, books, slot, sighting};
}

Sighting in_chain(std::uint32_t confirmations)
{
    return {Sighting::Place::in_chain, confirmations, 0};
}
Sighting beside(std::uint32_t rival) { return {Sighting::Place::beside, 0, rival}; }

TEST(BlockLife, IsCreditedAtOneConfirmationOnceTheSlotBeforeItsOwnIsSealed)
{
    const auto seen = block(BlockState::submitted, BlockBooks::nothing, in_chain(1));
    EXPECT_EQ(plan(seen, slot - 2, regtest), (BlockPlan{BlockStep::none, BlockState::submitted}));
    EXPECT_EQ(plan(seen, slot - 1, regtest), (BlockPlan{BlockStep::accrue, BlockState::immature}));
}

TEST(BlockLife, ThatEveryNodeRefusedStaysRefusedUnlessTheChainHasIt)
{
    const auto refused = [](Sighting sighting) {
        return block(BlockState::rejected, BlockBooks::nothing, sighting);
    };
    const BlockPlan stays{BlockStep::none, BlockState::rejected};
    EXPECT_EQ(plan(refused({}), slot, regtest), stays);
    EXPECT_EQ(plan(refused(beside(50)), slot, regtest), stays) << "it knows the header of it";
    EXPECT_EQ(plan(refused(in_chain(1)), slot, regtest),
              (BlockPlan{BlockStep::accrue, BlockState::immature}));
}

TEST(BlockLife, WaitsForMaturity)
{
    const auto at = [](std::uint32_t confirmations) {
        return block(BlockState::immature, BlockBooks::accrued, in_chain(confirmations));
    };
    const BlockPlan waits{BlockStep::none, BlockState::immature};
    const BlockPlan matures{BlockStep::mature, BlockState::mature};
    EXPECT_EQ(plan(at(100), slot, regtest), waits);
    EXPECT_EQ(plan(at(101), slot, regtest), matures);
    EXPECT_EQ(plan(at(120), slot, mainnet), waits);
    EXPECT_EQ(plan(at(121), slot, mainnet), matures);
}

TEST(BlockLife, ShowsAnOrphanAtOnceAndReversesItWhenTheRivalIsDeep)
{
    const auto at = [](std::uint32_t rival) {
        return block(BlockState::immature, BlockBooks::accrued, beside(rival));
    };
    const BlockPlan shown{BlockStep::none, BlockState::orphaned};
    const BlockPlan reversed{BlockStep::reverse, BlockState::orphaned};
    EXPECT_EQ(plan(at(1), slot, regtest), shown);
    EXPECT_EQ(plan(at(5), slot, regtest), shown);
    EXPECT_EQ(plan(at(6), slot, regtest), reversed);
    EXPECT_EQ(plan(at(99), slot, mainnet), shown);
    EXPECT_EQ(plan(at(100), slot, mainnet), reversed);
}

TEST(BlockLife, ReturnsFromOrphanedBeforeAndAfterTheReversal)
{
    EXPECT_EQ(plan(block(BlockState::orphaned, BlockBooks::accrued, in_chain(3)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::immature}));
    EXPECT_EQ(plan(block(BlockState::orphaned, BlockBooks::nothing, in_chain(3)), slot, regtest),
              (BlockPlan{BlockStep::accrue, BlockState::immature}));
}

TEST(BlockLife, OfABlockThatWasNeverCreditedEndsWithoutAnEntry)
{
    EXPECT_EQ(plan(block(BlockState::submitted, BlockBooks::nothing, beside(100)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::orphaned}));
}

TEST(BlockLife, NeverUndoesMaturedMoneyButCallsPeople)
{
    EXPECT_EQ(plan(block(BlockState::mature, BlockBooks::matured, beside(500)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::orphaned, true}));
    EXPECT_EQ(plan(block(BlockState::orphaned, BlockBooks::matured, beside(500)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::orphaned}))
        << "once";
    EXPECT_EQ(plan(block(BlockState::orphaned, BlockBooks::matured, in_chain(500)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::mature}));
    EXPECT_EQ(plan(block(BlockState::mature, BlockBooks::matured, in_chain(500)), slot, regtest),
              (BlockPlan{BlockStep::none, BlockState::mature}));
}

TEST(BlockLife, TakesUnknownForNoAnswer)
{
    for (const BlockState state :
         {BlockState::submitted, BlockState::immature, BlockState::mature, BlockState::orphaned}) {
        for (const BlockBooks books :
             {BlockBooks::nothing, BlockBooks::accrued, BlockBooks::matured}) {
            EXPECT_EQ(plan(block(state, books, {}), slot, regtest),
                      (BlockPlan{BlockStep::none, state}));
        }
    }
}

}  // namespace
}  // namespace payouts
