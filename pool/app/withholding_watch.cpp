#include "pool/app/withholding_watch.h"

#include <utility>

#include "payouts/withholding.h"
#include "pool/base/log.h"

namespace pool {

void WithholdingWatch::look(const std::vector<payouts::AccountLuck>& rows)
{
    if (limit_ <= 0) return;
    constexpr double block = 1e18;  // of score
    std::set<std::string> now;
    for (const payouts::AccountLuck& row : rows) {
        const double expected = static_cast<double>(row.score) / block;
        const double missing = payouts::missing_blocks(expected, row.blocks);
        if (missing < limit_) continue;
        now.insert(row.name);
        if (suspects_.contains(row.name)) continue;
        log::warn("blocks_may_be_withheld", {{"account", row.name},
                                             {"expected", expected},
                                             {"found", row.blocks},
                                             {"as_if_none_of", missing}});
    }
    suspects_ = std::move(now);
}

}  // namespace pool
