// ./dev sim pplns, shortly: whoever chooses when to mine earns what his shares are worth.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/sim/pplns_life.h"

namespace {

// A quarter of a million minutes of a pool that finds 5,000 blocks; fixed: a failure must replay.
TEST(PplnsHopping, EarnsAndCostsNothingButByOtherRules)
{
    constexpr std::uint64_t blocks = 5'000;
    unsigned contrasts = 0;
    for (const sim::Case& each : sim::cases()) {
        sim::Life life{1, each.window, 2.0};
        life.run(blocks, each.strategy);
        const double off = std::abs(life.expected() - 1);
        if (each.fair) {
            EXPECT_LE(off, sim::bound) << each.name << ": " << life.expected();
        } else {
            EXPECT_GT(off, 5 * sim::bound) << each.name << ": " << life.expected();
            ++contrasts;
        }
    }
    EXPECT_EQ(contrasts, 2U);
}

}  // namespace
