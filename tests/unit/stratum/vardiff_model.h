#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "stratum/difficulty_policy.h"

namespace tests {

/// A miner and its connection in simulated time: shares come as a Poisson process at the
/// difficulty that the miner works on, which changes with the next job (every 30 s at a random
/// phase, or after 0.1 s when the change is fourfold).
struct VardiffRun {
    double wrong_by = 1;  ///< ideal difficulty / start difficulty
    double shares_per_minute = 10;
    double seconds = 7200;
    double judged_from_s = 0;
    double tick_s = 1;
    std::function<double(double)> hashrate_at = [](double) { return 1.0; };  ///< relative, by time
    double lost = 0;      ///< part of the changes that the miner does not hear of until told again
    double clump_s = 0;   ///< shares are held back and come together so often; 0: at once
    double jitter_s = 0;  ///< the pool sees each share and tick so much late, at most
    bool vary = true;     ///< false: a control, whose difficulty stays where it was
    double far_off = 16;  ///< times the ideal, or a part of it so small; see worst_off_for_s
    bool immediate = false;  ///< the miner takes a new difficulty at once, as NerdMiner does
    std::uint64_t seed = 1;
};

struct VardiffResult {
    double converged_s = -1;  ///< when the rate was within 1/2 .. 2 of the wanted one for 10 min
    std::uint64_t shares = 0;
    double equal_shares = 0;  ///< so many of one difficulty would tell the hashrate as well
    std::uint64_t changes = 0;
    double credited_over_expected = 0;
    double rate_over_wanted = 0;  ///< of the whole run
    double worst_off_for_s = 0;   ///< longest time further than far_off from the ideal
    std::vector<double> gaps_s;   ///< between shares as they arrive; of a control only
    double mean_gap_s = 0;        ///< that the law of chance has at the start's difficulty
};

VardiffResult simulate(const VardiffRun& run);

/// The p-quantile, 0 <= p <= 1. Takes the values: it sorts them.
double quantile(std::vector<double> values, double p);

}  // namespace tests
