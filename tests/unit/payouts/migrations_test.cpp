#include "payouts/migrations.h"

#include <gtest/gtest.h>

namespace payouts {
namespace {

TEST(Migrations, AreSplitAtTheirLines)
{
    const auto parsed = parse_migrations(
        "-- words before\n-- migration 1\n\n-- step\nCREATE A\n\n-- step\nCREATE B (\n  x)\n"
        "-- migration 2\n-- step\nALTER A\n");
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->size(), 2U);
    EXPECT_EQ((*parsed)[0].version, 1U);
    const std::vector<std::string> steps{"CREATE A", "CREATE B (\n  x)"};
    EXPECT_EQ((*parsed)[0].steps, steps);
    EXPECT_EQ((*parsed)[1].steps, std::vector<std::string>{"ALTER A"});
}

TEST(Migrations, HaveChecksumsThatSeeEveryStepAndItsBorders)
{
    const auto one = parse_migrations("-- migration 1\n-- step\nA\n-- step\nB\n");
    const auto joined = parse_migrations("-- migration 1\n-- step\nA\nB\n");
    const auto spaced = parse_migrations("-- migration 1\n-- step\nA\n\n\n-- step\nB");
    ASSERT_TRUE(one && joined && spaced);
    EXPECT_NE((*one)[0].checksum, (*joined)[0].checksum);
    EXPECT_EQ((*one)[0].checksum, (*spaced)[0].checksum);
}

TEST(Migrations, AreRefusedWhenTheirNumbersHaveGapsOrAreNone)
{
    EXPECT_FALSE(parse_migrations("-- migration 2\n-- step\nA\n").has_value());
    EXPECT_FALSE(
        parse_migrations("-- migration 1\n-- step\nA\n-- migration 3\n-- step\nB\n").has_value());
    EXPECT_FALSE(parse_migrations("-- migration one\n-- step\nA\n").has_value());
}

TEST(Migrations, AreRefusedWithoutSteps)
{
    EXPECT_FALSE(parse_migrations("-- migration 1\n").has_value());
    EXPECT_FALSE(parse_migrations("-- step\nA\n").has_value());
}

TEST(Migrations, OfTheProgramCanBeRead)
{
    const auto parsed = parse_migrations(schema_sql());
    ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
    EXPECT_GE(parsed->size(), 1U);
    for (const Migration& migration : *parsed) {
        for (const std::string& step : migration.steps) EXPECT_FALSE(step.empty());
    }
}

}  // namespace
}  // namespace payouts
