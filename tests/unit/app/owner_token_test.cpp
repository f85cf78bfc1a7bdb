#include "pool/app/owner_token.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace tests {
namespace {

TEST(OwnerToken, IsMadeOnceForEachDirectory)
{
    const TempDir one;
    const TempDir other;
    const auto token = pool::owner_token(one.path() / "data");
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->size(), 32U);
    EXPECT_EQ(pool::owner_token(one.path() / "data").value_or(""), *token);
    EXPECT_NE(pool::owner_token(other.path()).value_or(""), *token);
}

TEST(OwnerToken, IsNotMadeAnewWhenItsFileIsDamaged)
{
    const TempDir directory;
    std::ofstream{directory.path() / "owner"} << "abc";
    const auto token = pool::owner_token(directory.path());
    ASSERT_FALSE(token.has_value());
    EXPECT_EQ(token.error().code, pool::Error::Code::invalid);
    EXPECT_FALSE(pool::owner_token("/dev/null/data").has_value());
}

}  // namespace
}  // namespace tests
