#include <chrono>
#include <csignal>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/unit/runtime/raw_socket.h"

namespace tests {
namespace {

using std::chrono::seconds;

TEST(Stop, WaitsForMinersToLeaveUntilItIsToldASecondTime)
{
    NodeFixture node{"regtest"};
    PoolOptions options;
    options.start_difficulty = 0.001;
    options.sets = {"stratum.drain_seconds=600"};
    PoolFixture pool{node, options};
    pool.start();
    const pool::RawSocket stays{pool.stratum_port()};
    constexpr std::string_view subscribe = "{\"id\":1,\"method\":\"mining.subscribe\"}\n";
    ASSERT_EQ(::send(stays.fd(), subscribe.data(), subscribe.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(subscribe.size()));
    ASSERT_TRUE(eventually(seconds{10}, [&pool] { return pool.info("connections") == 1; }));

    pool.process().signal(SIGTERM);
    ASSERT_TRUE(eventually(seconds{10},
                           [&pool] { return pool.log().find("stopping") != std::string::npos; }));
    EXPECT_TRUE(pool.ready()) << "whoever is connected is still served";
    pool.process().signal(SIGTERM);
    EXPECT_EQ(pool.process().wait(seconds{15}), 0) << pool.log();
    EXPECT_NE(pool.log().find("stopping_at_once"), std::string::npos);
}

}  // namespace
}  // namespace tests
