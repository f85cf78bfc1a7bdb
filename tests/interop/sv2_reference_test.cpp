#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

// A client made of the reference implementation's crates (sv2-reference/) goes through a pool on a
// real node: handshake, setup, extensions, every kind of channel, the whole negative set, blocks.
// It ends with 0 only if all of it held.
TEST(Sv2Reference, FindsNothingToComplainAbout)
{
    const char* program = std::getenv("ZUBR_SV2_REFERENCE");
    ASSERT_NE(program, nullptr) << "run ./dev test interop";
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const std::string url = pool.v2_url();
    const std::string key = url.substr(url.rfind('/') + 1);

    Process client{{program, "127.0.0.1:" + std::to_string(pool.stratum_port()), key,
                    test_address("regtest", 1) + ".reference"},
                   pool.directory() / "sv2-reference.log"};
    EXPECT_EQ(client.wait(seconds{120}), 0) << client.output() << pool.log();
    // Its blocks are in the node's chain, by the pool's own account of it.
    EXPECT_TRUE(eventually(seconds{30}, [&] { return pool.info("blocks_found") >= 4; }))
        << pool.log();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
