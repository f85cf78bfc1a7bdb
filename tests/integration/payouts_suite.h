#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/support/payouts_fixture.h"

namespace tests {

/// One node for all; each test has a wallet and books of its own.
class Payouts : public testing::Test {
public:
    static void SetUpTestSuite() { shared_node = node_with_money().release(); }
    static void TearDownTestSuite()
    {
        delete shared_node;
        shared_node = nullptr;
    }

protected:
    static NodeFixture& node() { return *shared_node; }
    static std::string own_name()
    {
        return testing::UnitTest::GetInstance()->current_test_info()->name();
    }
    static inline NodeFixture* shared_node = nullptr;
};

}  // namespace tests
