#include "payouts/blocks.h"

namespace payouts {
namespace {

using pool::Sighting;

// Bitcoin lets the next block spend a coinbase of 100 confirmations; wallets show it at 101.
constexpr unsigned maturity = 101;

BlockPlan plan_in_chain(const BlockView& block, std::uint64_t sealed_through,
                        const BlockRules& rules)
{
    switch (block.books) {
        case BlockBooks::nothing: {
            const bool complete = block.found_slot <= sealed_through + 1;
            return complete ? BlockPlan{BlockStep::accrue, BlockState::immature}
                            : BlockPlan{BlockStep::none, BlockState::submitted};
        }
        case BlockBooks::accrued:
            return block.sighting.confirmations >= maturity + rules.maturity_extra
                       ? BlockPlan{BlockStep::mature, BlockState::mature}
                       : BlockPlan{BlockStep::none, BlockState::immature};
        case BlockBooks::matured:
            break;
    }
    return {BlockStep::none, BlockState::mature};
}

BlockPlan plan_beside(const BlockView& block, const BlockRules& rules)
{
    switch (block.books) {
        case BlockBooks::nothing:
            // A node knows the header of what it refused, too.
            if (block.state == BlockState::rejected) return {BlockStep::none, block.state};
            break;
        case BlockBooks::accrued:
            return block.sighting.rival_confirmations >= rules.orphan_depth
                       ? BlockPlan{BlockStep::reverse, BlockState::orphaned}
                       : BlockPlan{BlockStep::none, BlockState::orphaned};
        case BlockBooks::matured:
            // Money may have moved: no entry is made without people, who are called once.
            return {BlockStep::none, BlockState::orphaned, block.state != BlockState::orphaned};
    }
    return {BlockStep::none, BlockState::orphaned};
}

}  // namespace

BlockPlan plan(const BlockView& block, std::uint64_t sealed_through, const BlockRules& rules)
{
    switch (block.sighting.place) {
        case Sighting::Place::unknown:
            break;  // the node may be syncing: it says nothing, and nothing follows from it
        case Sighting::Place::in_chain:
            return plan_in_chain(block, sealed_through, rules);
        case Sighting::Place::beside:
            return plan_beside(block, rules);
    }
    return {BlockStep::none, block.state};
}

std::string_view to_string(BlockState state)
{
    switch (state) {
        case BlockState::submitted:
            return "submitted";
        case BlockState::immature:
            return "immature";
        case BlockState::mature:
            return "mature";
        case BlockState::orphaned:
            return "orphaned";
        case BlockState::rejected:
            return "rejected";
    }
    return "unknown";
}

}  // namespace payouts
