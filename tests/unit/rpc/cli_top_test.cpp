#include <ctime>
#include <string>

#include <gtest/gtest.h>

#include "rpc/cli/present.h"

namespace rpc::cli {
namespace {

const std::string pool =
    R"({"version":"0.1.0","chain":"main","height":812,"connections":1,"workers":2,)"
    R"("hashrate_5m":1234567,"ready":true})";

std::string worker(const std::string& account, const std::string& name,
                   const std::string& more = R"("user_agent":"cgminer","last_share":null)")
{
    return R"({"account":")" + account + R"(","worker":")" + name +
           R"(","hashrate_1m":1000,"hashrate_5m":2000,"hashrate_1h":999.4,"accepted":7,"stale":1,)"
           R"("rejected":2,)" +
           more + "}";
}

TEST(Top, SumsUpThePoolAndShowsItsWorkersAsTheyCome)
{
    EXPECT_EQ(top_text(pool, "[" + worker("farm", "b") + "," + worker("ann", "a") + "]", {}),
              "zubr 0.1.0  main 812  1.23 MH/s  2 workers  1 connection\n"
              "\n"
              "ACCOUNT  WORKER      1 MIN      5 MIN      1 H  ACCEPTED  STALE  REJECTED  LAST  "
              "MINER\n"
              "farm     b       1.00 kH/s  2.00 kH/s  999 H/s         7      1         2     -  "
              "cgminer\n"
              "ann      a       1.00 kH/s  2.00 kH/s  999 H/s         7      1         2     -  "
              "cgminer\n");
    EXPECT_EQ(top_text("7", "[]", {}), "no such answer\n");
    EXPECT_EQ(top_text(pool, "{}", {}), "no such answer\n");
}

TEST(Top, FitsOnTheScreenByCharactersAndNotByBytes)
{
    const std::string workers =
        "[" + worker("farm", "a") + "," + worker("farm", "b") + "," + worker("farm", "c") + "]";
    EXPECT_EQ(top_text(pool, workers, {.rows = 4, .columns = 20}),
              "zubr 0.1.0  main 812\n"
              "\n"
              "ACCOUNT  WORKER     \n"
              "farm     a       1.0\n");
    EXPECT_EQ(top_text(pool, workers, {.rows = 4, .columns = 0}).find("farm     b"),
              std::string::npos);
    EXPECT_NE(top_text(pool, workers, {.rows = 0, .columns = 20}).find("farm     c       1.0\n"),
              std::string::npos);
    const std::string other =
        R"({"version":"\u00e9\u20bf","chain":"main","height":1,"ready":true})";
    EXPECT_EQ(top_text(other, "[]", {.rows = 1, .columns = 7}), "zubr \u00e9\u20bf\n");
}

TEST(Top, SaysWhatThePoolIsNotReadyForAboveTheWorkers)
{
    const std::string text =
        top_text(R"({"version":"1","ready":false,"state_node":"ok","state_mysql":"away"})",
                 "[" + worker("farm", "a") + "]", {});
    EXPECT_NE(text.find("\nNOT READY  mysql: away\n\nACCOUNT"), std::string::npos) << text;
    EXPECT_EQ(top_text(pool, "[]", {}).find("NOT READY"), std::string::npos);
}

TEST(Top, ShortensTheMiddleOfALongAddressAndNothingElse)
{
    const std::string text =
        top_text(pool,
                 "[" + worker("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "a") + "," +
                     worker("abcdefghijklmnopqrst", "b") + "]",
                 {});
    EXPECT_NE(text.find("\nbc1qw508d6...kv8f3t4  a "), std::string::npos) << text;
    EXPECT_NE(text.find("\nabcdefghijklmnopqrst  b "), std::string::npos) << text;
}

TEST(Top, TellsHowLongAgoTheLastShareWas)
{
    const auto ago = [](std::time_t seconds) {
        const std::string at = std::to_string(std::time(nullptr) - seconds);
        return top_text(
            pool, "[" + worker("farm", "a", R"("user_agent":"cgminer","last_share":)" + at) + "]",
            {});
    };
    EXPECT_NE(ago(180).find(" 3 min  cgminer\n"), std::string::npos) << ago(180);
    EXPECT_NE(ago(7300).find(" 2 h  cgminer\n"), std::string::npos) << ago(7300);
    EXPECT_NE(ago(-30).find(" 0 s  cgminer\n"), std::string::npos) << "a clock that is ahead";
}

TEST(Top, LetsNoMinersNameMoveTheCursor)
{
    const std::string text = top_text(
        pool,
        "[" + worker("farm", "a", R"("user_agent":"\u001b[2J\u009b1m\n","last_share":null)") + "]",
        {});
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_NE(text.find("?[2J??1m?\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace rpc::cli
