// ./dev sim pplns: does it pay to hop, and does it cost to mine at night only? Fails when anyone is
// off by 0.5 %.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/pplns_life.h"

int main(int argc, char** argv)
{
    const std::string what = argc > 1 ? argv[1] : "";
    const std::uint64_t blocks = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
    const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    if (what != "pplns" || blocks == 0) {
        std::fprintf(stderr, "usage: zubr_sim pplns [BLOCKS [SEED]]\n");
        return 2;
    }
    std::printf(
        "PPLNS-SU/1, N = 2; %llu blocks a row, seed %llu; a farm of 10 %% of the pool; difficulty "
        "+10 %%, -10 %% in turn\n\n%-52s %10s %10s %14s\n",
        static_cast<unsigned long long>(blocks), static_cast<unsigned long long>(seed), "strategy",
        "paid/fair", "this life", "CV of 30 days");
    bool good = true;
    for (const sim::Case& each : sim::cases()) {
        sim::Life life{seed, each.window, 2.0};
        life.run(blocks, each.strategy);
        const double off = std::abs(life.expected() - 1);
        const bool right = each.fair ? off <= sim::bound : off > sim::bound;
        good = good && right;
        std::printf("%-52s %10.4f %10.4f %14.3f%s\n", each.name.c_str(), life.expected(),
                    life.happened(), life.variation(), right ? "" : "  <-- wrong");
    }
    std::printf("\n%s\n", good ? "nobody is off by more than 0.5 %, but in the contrasts"
                               : "FAILED: somebody gains or loses by choosing when to mine");
    return good ? 0 : 1;
}
