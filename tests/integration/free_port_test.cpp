#include <cstdint>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace tests {
namespace {

// Two servers are given theirs before either listens.
TEST(FreePort, IsGivenToNobodyTwice)
{
    std::set<std::uint16_t> given;
    for (int call = 0; call < 2'000; ++call) {
        const std::uint16_t port = free_port();
        ASSERT_TRUE(given.insert(port).second) << port << " at call " << call;
    }
}

}  // namespace
}  // namespace tests
