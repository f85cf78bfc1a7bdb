#include "pool/base/replace_file.h"

#include <filesystem>
#include <optional>
#include <string>

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

TEST(ReplaceFile, IsReadWholeAndNothingIsReadWhereThereIsNone)
{
    const tests::TempDir directory;
    const auto path = directory.path() / "mark";
    const auto none = read_whole_file(path);
    ASSERT_TRUE(none.has_value()) << none.error().detail;
    EXPECT_FALSE(none->has_value());
    const std::string text(10'000, 'x');
    ASSERT_TRUE(replace_file(path, text, 0600).has_value());
    EXPECT_EQ(read_whole_file(path).value_or(std::nullopt), text);
}

TEST(ReplaceFile, IsNotTakenForNoneWhereItCannotBeRead)
{
    const tests::TempDir directory;
    const auto path = directory.path() / "mark";
    std::filesystem::create_symlink(path, path);
    const auto looped = read_whole_file(path);
    ASSERT_FALSE(looped.has_value());
    EXPECT_EQ(looped.error().code, Error::Code::io);
    EXPECT_NE(looped.error().detail.find(path.string()), std::string::npos);
    EXPECT_FALSE(read_whole_file(directory.path()).has_value()) << "a directory";
}

}  // namespace
}  // namespace pool
