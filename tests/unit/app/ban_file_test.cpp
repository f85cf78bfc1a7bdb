#include "pool/app/ban_file.h"

#include <chrono>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace pool {
namespace {

using std::chrono::seconds;

stratum::Network network(const std::string& text)
{
    return stratum::parse_network(text).value_or(stratum::Network{});
}

// Steady time begins anew with each start of the machine.
TEST(BanFile, BansOutliveTheProcessForTheTimeThatIsLeft)
{
    const tests::TempDir directory;
    const std::filesystem::path file = directory.path() / "bans";
    const Now before{SteadyTime{seconds{5000}}, UnixMillis{1'700'000'000'000}};
    ASSERT_TRUE(write_bans(file,
                           {{network("192.0.2.0/24"), before.steady + seconds{60}},
                            {network("2001:db8::/32"), before.steady + seconds{600}},
                            {network("198.51.100.1"), before.steady}},
                           before));
    std::ifstream written{file};
    std::string line;
    std::size_t lines = 0;
    while (std::getline(written, line)) ++lines;
    EXPECT_EQ(lines, 2U) << "what is over is not written down";
    const Now after{SteadyTime{seconds{7}}, UnixMillis{1'700'000'060'000}};
    const auto read = read_bans(file, after);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    ASSERT_EQ(read->size(), 1U) << "of one the time is over";
    EXPECT_EQ(to_string(read->front().network), "2001:db8::/32");
    EXPECT_EQ(read->front().until, after.steady + seconds{540});
}

TEST(BanFile, IsEmptyWhenThereIsNoneAndSaysWhichLineIsNoneOfOurs)
{
    const tests::TempDir directory;
    const std::filesystem::path file = directory.path() / "bans";
    const Now now{SteadyTime{seconds{7}}, UnixMillis{1}};
    ASSERT_TRUE(read_bans(file, now).has_value());
    EXPECT_TRUE(read_bans(file, now)->empty());
    for (const char* const line :
         {"192.0.2.0/33 5", "192.0.2.0/24", "192.0.2.0/24 5x", "", "x 5"}) {
        std::ofstream{file} << "192.0.2.0/24 18446744073709551615\n" << line << "\n";
        const auto read = read_bans(file, now);
        ASSERT_FALSE(read.has_value()) << line;
        EXPECT_NE(read.error().detail.find("bans:2:"), std::string::npos) << read.error().detail;
    }
}

}  // namespace
}  // namespace pool
