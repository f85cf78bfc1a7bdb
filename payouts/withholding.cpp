#include "payouts/withholding.h"

#include <algorithm>
#include <cmath>

namespace payouts {

double missing_blocks(double expected, std::uint64_t found)
{
    const auto most = static_cast<double>(found);
    if (!(expected > most)) return 0;  // as many as that, or luck
    // The terms of the Poisson sum fall from the last one back, in parts of that one.
    double sum = 1;
    double term = 1;
    for (double i = most; i > 0 && term > 1e-15; --i) {
        term *= i / expected;
        sum += term;
    }
    const double last = most * std::log(expected) - std::lgamma(most + 1);
    return std::max(expected - last - std::log(sum), 0.0);
}

}  // namespace payouts
