#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/browser/browser.h"

namespace tests {
namespace {

using std::chrono::seconds;

// As large as a list of workers gets. How long its first row takes is measured. ./dev bench pages
// wants it within a second; a machine that is busy with other tests is given a minute.
TEST(Crowd, OfTenThousandWorkersIsScrolledSortedAndFilteredOnOnePage)
{
    constexpr double any_hash = 0.00000000023283064365386962890625;  // 2^-32
    NodeFixture node{"testnet4"};
    PoolFixture pool{
        node,
        {.start_difficulty = any_hash,
         .sets = {"limits.connections_per_address=0", "limits.connects_per_second=0",
                  "limits.connections_per_prefix=0", "limits.prefix_connects_per_second=0",
                  "limits.lines_per_second=0", "limits.address_lines_per_second=0"}}};
    pool.start();
    const std::string address = test_address("testnet4", 1);
    // Longer than all the waiting below: the fixture ends it.
    const auto crowd = pool.miner(
        address, {"--load", "--connections", "10000", "--rate", "2000", "--duration", "900"});
    ASSERT_TRUE(eventually(seconds{60}, [&] { return pool.info("workers") >= 10'000; }))
        << crowd->output() << pool.log();
    const char* const most = std::getenv("ZUBR_FIRST_ROW_MS_MAX");
    const Browsed seen = browse(pool, "crowd",
                                {{"address", address},
                                 {"workers", "10000"},
                                 {"row_ms_max", most == nullptr ? "60000" : most}});
    EXPECT_TRUE(seen.passed);
    std::printf("%s", seen.said.c_str());
    EXPECT_TRUE(crowd->running()) << crowd->output();
}

}  // namespace
}  // namespace tests
