#include "payouts/funds_watch.h"

namespace payouts {

bool FundsWatch::saw(const FundsSeen& seen, pool::SteadyTime now)
{
    const FundsSeen before = told_;
    const bool differs = seen.difference != pool::Sats{};
    if (!differs || differed_) told_.difference = seen.difference;
    told_.above_max = seen.above_max;
    differed_ = differs;
    next_ = now + (differs ? look_again : look_every);
    return told_ != before;
}

}  // namespace payouts
