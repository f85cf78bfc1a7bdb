#include "payouts/event_order.h"

namespace payouts {

bool EventOrder::follows(const pool::BlockHash& block, std::string_view kind, std::uint64_t epoch)
{
    Standing& now = blocks_[block];
    const Standing before = now;
    if (kind == "accrue") {
        now = {BlockBooks::accrued, epoch};
        return before == Standing{BlockBooks::nothing, epoch};
    }
    now = kind == "mature" ? Standing{BlockBooks::matured, epoch}
                           : Standing{BlockBooks::nothing, epoch + 1};
    return before == Standing{BlockBooks::accrued, epoch};
}

EventOrder::Standing EventOrder::of(const pool::BlockHash& block) const
{
    const auto found = blocks_.find(block);
    return found == blocks_.end() ? Standing{} : found->second;
}

}  // namespace payouts
