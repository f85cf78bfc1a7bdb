#include "pool/base/replace_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace pool {
namespace {

TEST(ReplaceFile, PutsANewOneInPlaceOfTheOldAndLeavesNothingElse)
{
    const tests::TempDir directory;
    const auto path = directory.path() / "mark";
    ASSERT_TRUE(replace_file(path, "a longer text that goes", 0600).has_value());
    ASSERT_TRUE(replace_file(path, "new", 0600).has_value());
    EXPECT_EQ(tests::read_file(path), "new");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{directory.path()}, {}), 1);
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(ReplaceFile, LeavesTheOldOneWhereItCannotWrite)
{
    const tests::TempDir directory;
    const auto path = directory.path() / "mark";
    ASSERT_TRUE(replace_file(path, "old", 0600).has_value());
    std::filesystem::create_directory(directory.path() / "mark.new");  // in the way
    const auto failed = replace_file(path, "new", 0600);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, Error::Code::io);
    EXPECT_NE(failed.error().detail.find(path.string()), std::string::npos);
    EXPECT_EQ(tests::read_file(path), "old");
}

}  // namespace
}  // namespace pool
