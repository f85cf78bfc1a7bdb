#include "payouts/funds_watch.h"

namespace payouts {

using pool::Sats;

bool FundsWatch::saw(const FundsSeen& seen, pool::SteadyTime now)
{
    const FundsSeen before = told_;
    const bool differs = seen.difference != Sats{};
    if (!differs || last_.difference != Sats{}) told_.difference = seen.difference;
    const auto missing = [](const FundsSeen& look) { return look.behind ? Sats{} : look.lacking; };
    told_.lacking = missing(last_) > Sats{} ? missing(seen) : Sats{};
    told_.behind = seen.behind;
    told_.above_max = seen.above_max;
    last_ = seen;
    next_ = now + (differs ? look_again : look_every);
    return told_ != before;
}

}  // namespace payouts
