#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rpc/auth.h"
#include "rpc/cli/admin_address.h"
#include "rpc/cli/command_line.h"
#include "rpc/cli/new_user.h"
#include "rpc/cli/present.h"

namespace rpc::cli {
namespace {

using Words = std::vector<std::string>;

TEST(CommandLine, TakesLongOptionsWithOneDashUpToTheMethod)
{
    const std::array line{"-rpcconnect=127.0.0.1:1",
                          "--json",
                          "-c",
                          "-x.toml",
                          "-conf",
                          "y",
                          "-rpcwait",
                          "getuser",
                          "-name",
                          "-h"};
    EXPECT_EQ(with_two_dashes(line), (Words{"--rpcconnect=127.0.0.1:1", "--json", "-c", "-x.toml",
                                            "--conf", "y", "--rpcwait", "getuser", "-name", "-h"}));
    const std::array directory{"-datadir", "/d", "uptime"};
    EXPECT_EQ(with_two_dashes(directory), (Words{"--datadir", "/d", "uptime"}));
    const std::array patience{"-rpcclienttimeout", "5", "-conf", "y", "uptime"};
    EXPECT_EQ(with_two_dashes(patience),
              (Words{"--rpcclienttimeout", "5", "--conf", "y", "uptime"}));
    const std::array short_option{"-h"};
    EXPECT_EQ(with_two_dashes(short_option), Words{"-h"});
}

TEST(CommandLine, SendsParametersByPositionOrByName)
{
    EXPECT_EQ(request_json("getuser", Words{"a\"b"}),
              R"({"jsonrpc":"2.0","id":"zubr-cli","method":"getuser","params":["a\"b"]})");
    EXPECT_EQ(request_json("uptime", Words{}),
              R"({"jsonrpc":"2.0","id":"zubr-cli","method":"uptime","params":[]})");
    EXPECT_EQ(
        request_json("getledger", Words{"limit=5", "account=x=y"}),
        R"({"jsonrpc":"2.0","id":"zubr-cli","method":"getledger","params":{"limit":"5","account":"x=y"}})");
    EXPECT_FALSE(request_json("getledger", Words{"limit=5", "bob"}));
}

std::string config(const std::string& text)
{
    std::string path = "/tmp/zubr-cli-test-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ::close(fd);
    std::ofstream{path} << text;
    return path;
}

const Environment nothing = [](const char*) { return nullptr; };

TEST(AdminAddress, ComesFromTheServersConfiguration)
{
    const std::string path = config(
        "[pool]\ndata_dir = \"/srv/zubr\"\n[admin]\nlisten = \"0.0.0.0:9000\"\nrpcauth = []\n");
    const auto address = read_admin_address(path, nothing);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->endpoint.port, 9000);
    EXPECT_EQ(reachable(address->endpoint).host, "127.0.0.1");
    EXPECT_EQ(reachable({"::", 9000}).host, "::1");
    EXPECT_EQ(reachable({"::2", 9000}).host, "::2");
    EXPECT_EQ(address->cookie_file, "/srv/zubr/.cookie");
    ::unlink(path.c_str());
}

TEST(AdminAddress, HasTheServersDefaultsAndItsOwnCookieFile)
{
    const std::string path = config("[admin]\ncookie_file = \"/run/c\"\n");
    const auto address = read_admin_address(path, nothing);
    ASSERT_TRUE(address);
    EXPECT_EQ(to_string(address->endpoint), "127.0.0.1:8337");
    EXPECT_EQ(address->cookie_file, "/run/c");
    ::unlink(path.c_str());
}

TEST(AdminAddress, ComesFromTheServersEnvironmentBeforeItsFile)
{
    const Environment environment = [](const char* name) -> const char* {
        if (std::string_view{name} == "ZUBR_ADMIN__LISTEN") return "127.0.0.1:9100";
        if (std::string_view{name} == "ZUBR_POOL__DATA_DIR") return "/data";
        return nullptr;
    };
    const std::string path = config("[pool]\ndata_dir = \"/srv\"\n[admin]\nsocket = \"/run/s\"\n");
    const auto address = read_admin_address(path, environment);
    ::unlink(path.c_str());
    ASSERT_TRUE(address);
    EXPECT_EQ(address->endpoint.port, 9100);
    EXPECT_EQ(address->cookie_file, "/data/.cookie");
    EXPECT_EQ(address->socket, "/run/s");
    const auto without_file = read_admin_address("", environment);
    ASSERT_TRUE(without_file);
    EXPECT_EQ(without_file->endpoint.port, 9100);
    const auto wrong = read_admin_address("", [](const char*) { return "here"; });
    EXPECT_FALSE(wrong);
}

TEST(AdminAddress, SaysWhichLineIsWrong)
{
    const std::string path = config("[admin]\nlisten = \"127.0.0.1:1\n");
    const auto address = read_admin_address(path, nothing);
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().detail.substr(0, path.size() + 4), path + ":2: ");
    ::unlink(path.c_str());
    EXPECT_EQ(read_admin_address("/nonexistent", nothing).error().code, pool::Error::Code::io);
    const std::string endpoint = config("[admin]\nlisten = \"here\"\n");
    EXPECT_FALSE(read_admin_address(endpoint, nothing));
    ::unlink(endpoint.c_str());
}

TEST(Present, MakesATableOfAListAndAlignsNumbersRight)
{
    EXPECT_EQ(as_text(R"([{"height":7,"state":"mature"},{"height":112,"state":"immature"}])"),
              "height  state\n     7  mature\n   112  immature\n");
    EXPECT_EQ(as_text("[]"), "none\n");
    EXPECT_EQ(as_text("\"two\\nlines\""), "two\nlines\n");
    EXPECT_EQ(as_text("5"), "5\n");
    EXPECT_EQ(as_text(R"({"a":1,"long":null,"w":[{"x":"y"}]})"), "a     1\nlong  -\n\nw\nx\ny\n");
}

TEST(Present, ShowsTimesAsPeopleReadThemAndSixDigitsOfANumber)
{
    EXPECT_EQ(as_text(R"([{"found_at":1700000000,"share_difficulty":0.12345678901234567}])"),
              "           found_at  share_difficulty\n2023-11-14 22:13:20          0.123457\n");
    EXPECT_EQ(as_text(R"({"at":1700000000,"hashrate":1234567.8901234567,"height":1700000000})"),
              "at        2023-11-14 22:13:20\nhashrate  1.23457e+06\nheight    1700000000\n");
    EXPECT_EQ(as_text(R"([{"expires_at":null},{"expires_at":0}])"), "expires_at\n-\n0\n");
    EXPECT_EQ(as_json(R"({"at":1700000000})"), "{\n  \"at\": 1700000000\n}\n");
}

TEST(Present, KeepsControlCharactersFromTheTerminal)
{
    EXPECT_EQ(as_text(R"([{"name":"\u001b[2Jx\u009b1m\n"}])"), "name\n?[2Jx??1m?\n");
    EXPECT_EQ(as_text("\"\\u001b]0;x\\u0007\""), "?]0;x?\n");
    EXPECT_EQ(as_text("\"a\\u007fb\""), "a?b\n");
}

TEST(Present, IndentsJsonForPrograms)
{
    EXPECT_EQ(as_json(R"({"b":1,"a":[]})"), "{\n  \"b\": 1,\n  \"a\": []\n}\n");
    EXPECT_EQ(error_text(R"({"code":-5,"message":"no such\u001b account"})"),
              "error -5: no such? account");
}

TEST(Present, SumsUpThePool)
{
    const std::string pool =
        R"({"version":"0.1.0","chain":"signet","uptime_s":9,"height":812,"connections":3,)"
        R"("workers":2,"users":1,"hashrate_1m":999.4,"hashrate_10m":1234567,"shares_accepted":10,)"
        R"("blocks_found":1,"blocks_immature":1,"blocks_mature":0,"blocks_orphaned":0,)"
        R"("credited_sat":5,"stratum_port":3333,"web_port":8080,"ready":false,)"
        R"("shares_accepted_session":1,"shares_stale":0,"shares_rejected":0,"share_backlog":0,)"
        R"("books_lag_ms":0,"state_node":"ok","state_mysql":"away"})";
    const std::string text = info_text(pool, Colour::no);
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_NE(info_text(pool, Colour::yes).find("\x1b["), std::string::npos);
    EXPECT_NE(text.find("Hashrate  1.23 MH/s (10 min), 999 H/s (1 min)\n"), std::string::npos);
    EXPECT_NE(text.find("Zubr      0.1.0, NOT READY, up 9 s\n"), std::string::npos);
    EXPECT_NE(text.find("Miners    1 account, 2 workers, 3 connections\n"), std::string::npos);
    EXPECT_NE(text.find("Problems  mysql: away\n"), std::string::npos);
    EXPECT_EQ(text.find("Operator"), std::string::npos) << "no browser reaches it";
    EXPECT_NE(info_text(pool, Colour::no, operator_page({"::1", 8337}))
                  .find("Operator  http://[::1]:8337/#/operator  (log in"),
              std::string::npos);
    EXPECT_EQ(not_ready_text(R"({"ready":true})"), "");
}

TEST(Present, GivesARateThreeDigitsAndTheNextUnitFromAThousandOn)
{
    for (const auto& [rate, text] :
         {std::pair{"999.4", "999 H/s (10"}, std::pair{"999.5", "1.00 kH/s (10"},
          std::pair{"12345", "12.3 kH/s (10"}, std::pair{"123456", "123 kH/s (10"}}) {
        const std::string said =
            info_text(std::string{R"({"hashrate_10m":)"} + rate + "}", Colour::no);
        EXPECT_NE(said.find(std::string{"Hashrate  "} + text), std::string::npos) << said;
    }
}

TEST(Present, TellsOfEachBlockThatWasFoundWhatBecameOfIt)
{
    const std::string text =
        info_text(R"({"blocks_found":7,"blocks_immature":1,"blocks_mature":2,"blocks_orphaned":3,)"
                  R"("blocks_rejected":4})",
                  Colour::no);
    EXPECT_NE(text.find("7 found: 1 not credited yet, 1 immature, 2 mature, 3 orphaned; 4 refused"),
              std::string::npos)
        << text;
}

TEST(NewUser, ComesInWithItsPasswordAndItsRole)
{
    const auto told = cli::make_user("ann", "approver", "correct horse battery staple");
    ASSERT_TRUE(told.has_value()) << told.error().detail;
    EXPECT_EQ(told->line.find("correct"), std::string::npos);
    const auto made = cli::make_user("bob", "viewer", "");
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    EXPECT_EQ(made->password.size(), 64U);
    EXPECT_NE(cli::make_user("bob", "viewer", "")->password, made->password);
    const Authenticator door{{*parse_rpc_user(told->line), *parse_rpc_user(made->line)}, ""};
    const auto ann = door.identify({"ann", "correct horse battery staple"});
    ASSERT_TRUE(ann.has_value());
    EXPECT_EQ(ann->role, Role::approver);
    const auto bob = door.identify({"bob", made->password});
    ASSERT_TRUE(bob.has_value());
    EXPECT_EQ(bob->role, Role::viewer);
    EXPECT_FALSE(door.identify({"bob", "correct horse battery staple"}).has_value());
    EXPECT_NE(cli::user_json(*made, true).find(made->password), std::string::npos);
    EXPECT_EQ(cli::user_json(*told, false).find("password"), std::string::npos);
}

TEST(NewUser, IsNoneForWhatZubrdWouldNotTake)
{
    EXPECT_FALSE(cli::make_user("", "viewer", "").has_value());
    EXPECT_FALSE(cli::make_user("a:b", "viewer", "").has_value());
    EXPECT_FALSE(cli::make_user("__cookie__", "admin", "").has_value());
    EXPECT_FALSE(cli::make_user("ann", "boss", "").has_value());
    const auto brief = cli::make_user("ann", "viewer", "eleven char");
    ASSERT_FALSE(brief.has_value());
    EXPECT_NE(brief.error().detail.find("12"), std::string::npos);
}

}  // namespace
}  // namespace rpc::cli
