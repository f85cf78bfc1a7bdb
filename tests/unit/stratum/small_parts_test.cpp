#include <gtest/gtest.h>

#include "stratum/difficulty_policy.h"
#include "stratum/first_bytes.h"
#include "stratum/v1/password.h"

namespace stratum {
namespace {

using std::chrono::seconds;

constexpr pool::SteadyTime epoch{};

TEST(Password, ReadsDifficultiesInAnyCaseAndWithAnySeparator)
{
    EXPECT_EQ(v1::parse_password("x, D=4").start, 4);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").start, 0.5);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").floor, 2);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").fixed, 8);
    EXPECT_EQ(v1::parse_password("x,MaxD=64").ceiling, 64);
    EXPECT_EQ(v1::parse_password("d=16,f=1").fixed, 16);
}

TEST(Password, IgnoresWhatMakesNoSense)
{
    const v1::PasswordOptions options =
        v1::parse_password("d=-5,d=nan,d=1e999,d=,md=x,==,=4,d,f=1,fd=0");
    EXPECT_FALSE(options.start.has_value());
    EXPECT_FALSE(options.floor.has_value());
    EXPECT_FALSE(options.fixed.has_value());
}

TEST(DifficultyPolicy, StaysInsideTheLimits)
{
    DifficultyPolicy policy{{.min = {0}, .max = {10}, .start = {4}}, epoch};
    EXPECT_EQ(policy.next().exponent, 4);
    policy.suggest({-20}, epoch);
    EXPECT_EQ(policy.next().exponent, 0);
    policy.suggest({30}, epoch);
    EXPECT_EQ(policy.next().exponent, 10);
    policy.set_floor({40});
    EXPECT_EQ(policy.next().exponent, 10);
}

TEST(DifficultyPolicy, NeverGoesBelowAFloorAndIgnoresHintsWhenFixed)
{
    DifficultyPolicy policy{{.min = {0}, .max = {40}, .start = {4}}, epoch};
    policy.set_floor({8});
    EXPECT_EQ(policy.next().exponent, 8);
    policy.fix({12});
    policy.suggest({20}, epoch);
    EXPECT_EQ(policy.next().exponent, 12);
}

}  // namespace
}  // namespace stratum
