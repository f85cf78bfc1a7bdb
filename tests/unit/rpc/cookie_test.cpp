#include "rpc/cookie.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace rpc {
namespace {

/// A directory of this test's own, gone behind it.
struct Scratch {
    Scratch()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "zubr-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~Scratch()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string file(const std::string& name) const { return path + "/" + name; }
    std::string path;
};

std::string content(const std::string& path)
{
    std::ifstream in{path};
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(CookieFile, HoldsSixtyFourHexDigitsForItsOwnerOnly)
{
    const Scratch scratch;
    const ::mode_t before = ::umask(0);
    const auto cookie = CookieFile::create(scratch.file(".cookie"));
    ::umask(before);
    ASSERT_TRUE(cookie);
    EXPECT_EQ((*cookie)->secret().size(), 64U);
    EXPECT_EQ((*cookie)->secret().find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(content(scratch.file(".cookie")), "__cookie__:" + (*cookie)->secret());

    struct stat status{};
    ASSERT_EQ(::stat(scratch.file(".cookie").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_FALSE(std::filesystem::exists(scratch.file(".cookie.new")));
}

TEST(CookieFile, IsNewAtEachStartWhateverAKilledServerLeft)
{
    const Scratch scratch;
    std::ofstream{scratch.file(".cookie")} << "__cookie__:old";
    std::ofstream{scratch.file(".cookie.new")} << "half";
    std::string first;
    {
        const auto cookie = CookieFile::create(scratch.file(".cookie"));
        ASSERT_TRUE(cookie);
        first = (*cookie)->secret();
        EXPECT_EQ(read_cookie(scratch.file(".cookie")), first);
    }
    const auto cookie = CookieFile::create(scratch.file(".cookie"));
    ASSERT_TRUE(cookie);
    EXPECT_NE((*cookie)->secret(), first);
}

TEST(CookieFile, DoesNotWriteThroughALinkSomebodyLaid)
{
    const Scratch scratch;
    std::ofstream{scratch.file("precious")} << "keep";
    std::filesystem::create_symlink(scratch.file("precious"), scratch.file(".cookie.new"));
    std::filesystem::create_symlink(scratch.file("precious"), scratch.file(".cookie"));
    ASSERT_TRUE(CookieFile::create(scratch.file(".cookie")));
    EXPECT_EQ(content(scratch.file("precious")), "keep");
}

TEST(CookieFile, IsRemovedAtTheEndUnlessItIsAnotherServers)
{
    const Scratch scratch;
    {
        const auto cookie = CookieFile::create(scratch.file(".cookie"));
        ASSERT_TRUE(cookie);
    }
    EXPECT_FALSE(std::filesystem::exists(scratch.file(".cookie")));
    {
        const auto cookie = CookieFile::create(scratch.file(".cookie"));
        ASSERT_TRUE(cookie);
        std::ofstream{scratch.file(".cookie")} << "__cookie__:another";
    }
    EXPECT_EQ(content(scratch.file(".cookie")), "__cookie__:another");
}

TEST(CookieFile, SaysWhyItCannotBeWritten)
{
    const auto cookie = CookieFile::create("/nonexistent/.cookie");
    ASSERT_FALSE(cookie);
    EXPECT_EQ(cookie.error().code, pool::Error::Code::io);
    EXPECT_EQ(cookie.error().detail,
              "cannot write the cookie /nonexistent/.cookie.new: No such file or directory");
}

TEST(ReadCookie, TellsAMissingFileFromAWrongOne)
{
    const Scratch scratch;
    EXPECT_EQ(read_cookie(scratch.file("none")).error().code, pool::Error::Code::not_found);
    std::ofstream{scratch.file("other")} << "user:password";
    EXPECT_EQ(read_cookie(scratch.file("other")).error().code, pool::Error::Code::invalid);
    std::ofstream{scratch.file("empty")} << "__cookie__:";
    EXPECT_EQ(read_cookie(scratch.file("empty")).error().code, pool::Error::Code::invalid);
    std::ofstream{scratch.file("line")} << "__cookie__:abc\n";
    EXPECT_EQ(read_cookie(scratch.file("line")), "abc");
}

}  // namespace
}  // namespace rpc
