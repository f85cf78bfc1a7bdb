#include "pool/base/result.h"

#include <string>

#include <gtest/gtest.h>

namespace pool {
namespace {

Result<int> half_of(int number)
{
    if (number % 2 != 0) return fail(Error::Code::invalid, "odd");
    return number / 2;
}

TEST(Result, HoldsAValueOrSaysWhyNot)
{
    EXPECT_EQ(half_of(8), 4);
    const Result<int> failed = half_of(7);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, Error::Code::invalid);
    EXPECT_EQ(failed.error().detail, "odd");
}

TEST(Result, PassesAnErrorOnToAnotherType)
{
    const Result<std::string> passed = fail(half_of(7).error());
    EXPECT_EQ(passed.error().detail, "odd");
}

TEST(Check, DoesNothingWhenTheConditionHolds) { check(true, "one is one"); }

TEST(CheckDeathTest, EndsTheProcessAndSaysWhereAndWhy)
{
    EXPECT_DEATH(check(1 + 1 == 3, "sums are right"), "result_test.cpp.*sums are right");
}

}  // namespace
}  // namespace pool
