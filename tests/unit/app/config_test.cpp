#include "pool/app/config.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "pool/app/config_table.h"

namespace pool {
namespace {

// An address of mainnet (BIP 173) and one of the test chains.
constexpr auto mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
constexpr auto testnet = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";

struct File {
    std::string path = testing::TempDir() + "zubr_config_" +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
    explicit File(const std::string& text) { std::ofstream{path} << text; }
    ~File() { std::remove(path.c_str()); }
};

std::string good(const std::string& more = "")
{
    return "[network]\nchain = \"main\"\n[pool]\npayout_address = \"" + std::string{mainnet} +
           "\"\ndata_dir = \"/tmp/z\"\n[[node]]\nurl = \"http://127.0.0.1:8332\"\n" + more;
}

std::string error_of(const std::string& text, std::vector<std::string> sets = {})
{
    const File file{text};
    const auto config =
        load_config({.file = file.path, .sets = std::move(sets), .environment = {}});
    if (config) return "no error";
    EXPECT_EQ(config.error().code, Error::Code::invalid);
    const std::string& detail = config.error().detail;
    const auto name = detail.find(file.path);
    return name == 0 ? detail.substr(file.path.size()) : detail;
}

TEST(LoadConfig, ReadsAFileAndKeepsTheDefaultsOfTheRest)
{
    const File file{
        good("[stratum]\nlisten = \"127.0.0.1:4444\"\nstart_difficulty = 0.5\n"
             "[web]\nquestions_per_address = 0\n")};
    const auto config = load_config({.file = file.path, .sets = {}, .environment = {}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->chain, Chain::main);
    EXPECT_EQ(config->payout.text, mainnet);
    EXPECT_EQ(config->stratum_listen.port, 4444);
    EXPECT_EQ(config->start_difficulty, 0.5);
    EXPECT_EQ(config->web_questions_per_address, 0U);
    EXPECT_EQ(config->web_questions_per_prefix, 32U);
    EXPECT_EQ(config->fee_bps, 100U);
    EXPECT_EQ(config->window_score, U128{2'000'000'000'000'000'000U});
    EXPECT_EQ(config->nodes.at(0).url, "http://127.0.0.1:8332");
    EXPECT_EQ(config->cookie_file, "/tmp/z/.cookie");
}

TEST(LoadConfig, LetsTheEnvironmentWinOverTheFileAndAFlagOverBoth)
{
    const File file{good("[pplns]\nfee_bps = 1\nwindow = 8\n")};
    const auto config = load_config({.file = file.path,
                                     .sets = {"pplns.fee_bps=3"},
                                     .environment = {{"ZUBR_PPLNS__FEE_BPS", "2"},
                                                     {"ZUBR_MYSQL__PASSWORD", "12345"},
                                                     {"ZUBR_SOMETHING", "else"}}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->fee_bps, 3U);
    EXPECT_EQ(config->mysql_password, "12345");
    EXPECT_EQ(config->window_score, U128{8'000'000'000'000'000'000U});
}

TEST(LoadConfig, NamesTheLineAndTheNearestNameOfAnUnknownKey)
{
    EXPECT_EQ(error_of(good("[stratum]\nlisen = \"127.0.0.1:1\"\n")),
              ":9: unknown key stratum.lisen; did you mean stratum.listen?");
    EXPECT_EQ(error_of(good("[stratun]\nlisten = \"127.0.0.1:1\"\n")),
              ":8: unknown section stratun; did you mean stratum?");
    const std::string twice = "name = \"a\"\n[[node]]\nurl = \"http://x\"\nname = \"a\"\n";
    EXPECT_NE(error_of(good(twice)).find("two nodes are named \"a\""), std::string::npos)
        << error_of(good(twice));
    EXPECT_EQ(error_of(good("[[node]]\nuri = \"http://x\"\n")),
              ":9: unknown key node.uri; did you mean node.url?");
    EXPECT_EQ(error_of(good(), {"redis.sockt=/x"}),
              "--set: unknown key redis.sockt; did you mean redis.socket?");
}

TEST(LoadConfig, SaysWhatAWrongValueShouldBe)
{
    EXPECT_EQ(error_of(good("[stratum]\nloops = \"two\"\n")),
              ":9: stratum.loops must be a whole number");
    EXPECT_EQ(error_of(good("[stratum]\nloops = -1\n")),
              ":9: stratum.loops must be between 0 and 256");
    // Neither "no limit" nor a limit: all would be closed.
    EXPECT_EQ(error_of(good("[limits]\nbad_requests = 0\n")),
              ":9: limits.bad_requests must be between 1 and 1000000");
    EXPECT_EQ(error_of(good("[limits]\nauthorize_seconds = 0\n")),
              ":9: limits.authorize_seconds must be between 1 and 3600");
    EXPECT_EQ(error_of(good("[stratum]\nlisten = \"here\"\n")),
              ":9: stratum.listen must be an address and a port such as \"127.0.0.1:3333\"");
    EXPECT_EQ(error_of(good("[redis]\nport = 70000\n")),
              ":9: redis.port must be a port, 1 to 65535");
    EXPECT_EQ(error_of(good("[pplns]\nwindow = 2.0005\n")),
              ":9: pplns.window may have three decimals at most");
    EXPECT_EQ(error_of(good("[log]\nlevel = \"loud\"\n")),
              ":9: log.level must be one of debug, info, notice, warn, error");
    EXPECT_EQ(error_of(good("[pool\n")).substr(0, 3), ":8:");
}

TEST(PagesUrl, IsAsConfiguredOrWhatThisMachineSees)
{
    Config config;
    EXPECT_EQ(pages_url(config), "http://127.0.0.1:8080");
    config.web_listen = {"0.0.0.0", 80};
    EXPECT_EQ(pages_url(config), "http://127.0.0.1:80");
    config.web_listen = {"::", 80};
    EXPECT_EQ(pages_url(config), "http://[::1]:80");
    config.web_url = "https://pool.example";
    EXPECT_EQ(pages_url(config), "https://pool.example");
}

TEST(LoadConfig, RefusesAPayoutAddressOfAnotherChain)
{
    const std::string error = error_of("[network]\nchain = \"main\"\n[pool]\npayout_address = \"" +
                                       std::string{testnet} + "\"\ndata_dir = \"/tmp/z\"\n");
    EXPECT_NE(error.find("pool.payout_address"), std::string::npos) << error;
    EXPECT_NE(error.find("main"), std::string::npos) << error;
}

TEST(LoadConfig, KnowsThePrintedExampleOfAnAddressFromAMistypedOne)
{
    const std::string error = error_of(example_config());
    EXPECT_NE(error.find("pool.payout_address is the example's"), std::string::npos) << error;
}

TEST(LoadConfig, AsksForWhatItCannotDoWithout)
{
    EXPECT_NE(error_of("").find("pool.payout_address is missing"), std::string::npos);
    const std::string no_node = good().substr(0, good().find("[[node]]"));
    EXPECT_NE(error_of(no_node).find("there is no [[node]]"), std::string::npos);
    EXPECT_NE(error_of(good(), {"pool.server_id=a/b"}).find("pool.server_id"), std::string::npos);
    EXPECT_NE(error_of(good(), {"pool.coinbase_tag=\"a\\nb\""}).find("pool.coinbase_tag"),
              std::string::npos);
}

// Several loops share a port without a word from the kernel: it would deal miners out between two
// policies.
TEST(Listeners, OfOneEndpointAreRefused)
{
    const auto listener = [](const std::string& listen) {
        return "[[listener]]\nlisten = \"" + listen + "\"\n";
    };
    const std::string main = "[stratum]\nlisten = \"127.0.0.1:3333\"\n";
    EXPECT_EQ(error_of(good(main + listener("127.0.0.1:3334") + listener("0.0.0.0:3333") +
                            listener("127.0.0.1:0") + listener("127.0.0.1:0"))),
              "no error");
    EXPECT_EQ(error_of(good(main + listener("127.0.0.1:3334") + listener("127.0.0.1:3333"))),
              ": listener[2].listen: 127.0.0.1:3333 is stratum.listen already");
    EXPECT_EQ(error_of(good(main + listener("[::1]:3334") + listener("127.0.0.1:3334") +
                            listener("[0:0::1]:3334"))),
              ": listener[3].listen: [::1]:3334 is listener[1].listen already");
}

TEST(Listeners, AreRefusedThatLetNobodyIn)
{
    const std::string more = "[[listener]]\nlisten = \"127.0.0.1:1\"\n";
    EXPECT_EQ(error_of(good(more + "tls_only = true\n")),
              ": listener[1].tls_only: there is no stratum.tls_certificate");
    EXPECT_EQ(error_of(good(more + "tls_only = true\n"),
                       {"stratum.tls_certificate=c.pem", "stratum.tls_key=k.pem"}),
              "no error");
    EXPECT_EQ(error_of(good(more + "proxy_only = true\n")),
              ": listener[1].proxy_only: name the proxies, else nobody gets in");
    EXPECT_EQ(error_of(good(more + "proxy_only = true\nproxies = [\"10.0.0.0/8\"]\n")), "no error");
    EXPECT_EQ(error_of(good("[stratum]\nproxy_only = true\n")),
              ": stratum.proxy_only: name the proxies, else nobody gets in");
}

TEST(Listeners, HaveAHighestDifficultyThatIsNotBelowTheLowest)
{
    const std::string more = "[[listener]]\nlisten = \"127.0.0.1:1\"\n";
    EXPECT_EQ(error_of(good(more + "min_difficulty = 64\nmax_difficulty = 32\n")),
              ": listener[1]: min_difficulty is above max_difficulty");
    EXPECT_EQ(error_of(good(more + "min_difficulty = 64\nmax_difficulty = 64\n")), "no error");
    // What it does not say is as [stratum] says.
    const std::string main = "[stratum]\nmin_difficulty = 1024\nmax_difficulty = 65536\n";
    EXPECT_EQ(error_of(good(main + more + "min_difficulty = 131072\n")),
              ": listener[1]: min_difficulty is above max_difficulty");
    EXPECT_EQ(error_of(good(main + more + "max_difficulty = 512\n")),
              ": listener[1]: min_difficulty is above max_difficulty");
    EXPECT_EQ(error_of(good(main + more)), "no error");
}

// It would be clamped, and the operator never know.
TEST(Listeners, HaveAStartDifficultyWithinTheirRange)
{
    const std::string main = "[stratum]\nmin_difficulty = 1024\nmax_difficulty = 65536\n";
    const std::string more = main + "[[listener]]\nlisten = \"127.0.0.1:1\"\n";
    const std::string refused =
        ": listener[1].start_difficulty must be between the port's min_ and max_difficulty";
    EXPECT_EQ(error_of(good(more + "start_difficulty = 512\n")), refused);
    EXPECT_EQ(error_of(good(more + "start_difficulty = 131072\n")), refused);
    EXPECT_EQ(error_of(good(more + "start_difficulty = 4096\nmin_difficulty = 8192\n")), refused);
    EXPECT_EQ(error_of(good(more + "start_difficulty = 4096\nmax_difficulty = 2048\n")), refused);
    EXPECT_EQ(error_of(good(more + "start_difficulty = 512\nmin_difficulty = 512\n")), "no error");
    EXPECT_EQ(error_of(good(more + "start_difficulty = 1024\n")), "no error");
    EXPECT_EQ(error_of(good(more + "start_difficulty = 65536\n")), "no error");
    // That of [stratum] was not written for this port: it begins where the range does.
    EXPECT_EQ(error_of(good(more + "max_difficulty = 2048\n")), "no error");
}

TEST(LoadConfig, SaysWhenTheFileCannotBeRead)
{
    const auto config =
        load_config({.file = "/nonexistent/zubr.toml", .sets = {}, .environment = {}});
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().code, Error::Code::io);
}

Config loaded(const std::string& text, std::vector<std::string> sets = {})
{
    const File file{text};
    auto config = load_config({.file = file.path, .sets = std::move(sets), .environment = {}});
    EXPECT_TRUE(config.has_value()) << config.error().detail;
    return config ? std::move(*config) : Config{};
}

const ConfigLine& line_of(const Config& config, const std::string& name)
{
    const auto same = [&](const ConfigLine& line) { return line.name == name; };
    const auto found = std::find_if(config.lines.begin(), config.lines.end(), same);
    static const ConfigLine none;
    EXPECT_NE(found, config.lines.end()) << name;
    return found == config.lines.end() ? none : *found;
}

TEST(ConfigLines, TellEachOptionOnceWithWhatItIsAndWhereItWasSet)
{
    const Config config =
        loaded(good("[stratum]\nloops = 3\nstart_difficulty = 0.5\n"), {"stratum.loops=4"});
    EXPECT_EQ(line_of(config, "stratum.loops").value, "4");
    EXPECT_EQ(line_of(config, "stratum.loops").source, "--set");
    EXPECT_EQ(line_of(config, "stratum.start_difficulty").value, "0.5");
    EXPECT_TRUE(line_of(config, "stratum.start_difficulty").source.ends_with(":10"));
    EXPECT_EQ(line_of(config, "pplns.fee_bps").value, "100");
    EXPECT_EQ(line_of(config, "pplns.fee_bps").source, "default");
    EXPECT_EQ(line_of(config, "node[1].url").value, "\"http://127.0.0.1:8332\"");
    std::set<std::string> names;
    for (const ConfigLine& line : config.lines) {
        EXPECT_TRUE(names.insert(line.name).second) << line.name;
    }
}

TEST(ConfigLines, ShowNoSecret)
{
    const std::string rpcauth =
        "alice:0c8e5a3d2b7f41960a1bce92d4f07a35$"
        "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8:viewer";
    const Config config = loaded(
        good("[mysql]\npassword = \"hidden-1\"\n[admin]\nrpcauth = [\"" + rpcauth +
             "\"]\n[[node]]\nurl = \"http://me:hidden-2@127.0.0.1:1\"\npassword = \"hidden-3\"\n"
             "[[webhook]]\nurl = \"https://example.org/hidden-4\"\n"
             "secret = \"hidden-5-hidden-5\"\nevents = [\"block.found\"]\n"));
    for (const ConfigLine& line : config.lines) {
        EXPECT_EQ(line.value.find("hidden"), std::string::npos) << line.name;
        EXPECT_EQ(line.value.find("0c8e5a"), std::string::npos) << line.name;
    }
    EXPECT_EQ(line_of(config, "mysql.password").value, "\"***\"");
    EXPECT_EQ(line_of(config, "webhook[1].secret").value, "\"***\"");
    EXPECT_EQ(line_of(config, "webhook[1].events").value, "[\"block.found\"]");
    EXPECT_EQ(line_of(config, "node[2].url").value, "\"***\"");
}

TEST(LimitsOfNetworks, AreThoseOfOneAddressButForWhatIsNamed)
{
    const Config config = loaded(
        good("[limits]\nconnections_per_address = 9\nprefix_connects_burst = 77\n"
             "address_lines_per_second = 55\nnetworks = "
             "[\"203.0.113.7 connections=0 connects_per_second=0 lines_per_second=0\", "
             "\"10.0.0.0/8 connects_burst=5 prefix_connections=6 prefix_connects_per_second=7 "
             "prefix_connects_burst=8\"]\n"));
    EXPECT_EQ(config.gate.address.connections, 9U);
    EXPECT_EQ(config.gate.prefix.connects_burst, 77U);
    ASSERT_EQ(config.gate.networks.size(), 2U);
    const auto& farm = config.gate.networks[0];
    EXPECT_EQ(farm.address.connections, 0U);
    EXPECT_EQ(farm.lines_per_second, 0U);
    EXPECT_EQ(farm.address.connects_per_second, 0U);
    EXPECT_EQ(farm.prefix.connections, 0U) << "a farm behind one address has no cap at all";
    EXPECT_EQ(farm.prefix.connects_per_second, 0U);
    const auto& other = config.gate.networks[1];
    EXPECT_EQ(other.address.connections, 9U);
    EXPECT_EQ(other.lines_per_second, 55U);
    EXPECT_EQ(other.address.connects_burst, 5U);
    EXPECT_EQ(other.prefix.connections, 6U);
    EXPECT_EQ(other.prefix.connects_per_second, 7U);
    EXPECT_EQ(other.prefix.connects_burst, 8U);
    for (const auto* wrong : {"10.0.0.0/8 prefix=3", "10.0.0.0/8 connections=-1",
                              "10.0.0.0/8 connections", "somewhere connections=1"}) {
        EXPECT_FALSE(parse_network_rule(wrong, {}).has_value()) << wrong;
    }
}

TEST(LimitsOfNetworks, FollowWhatIsSaidOfAllOthersWhereverThatStands)
{
    const std::string rules = "[limits]\nnetworks = [\"10.0.0.0/8 connects_burst=5\"]\n";
    const Config behind = loaded(good(rules + "connections_per_address = 9\n"));
    ASSERT_EQ(behind.gate.networks.size(), 1U);
    EXPECT_EQ(behind.gate.networks[0].address.connections, 9U);
    EXPECT_EQ(behind.gate.networks[0].address.connects_burst, 5U);
    const Config set = loaded(
        good(rules), {"limits.connections_per_address=11", "limits.address_lines_per_second=12"});
    ASSERT_EQ(set.gate.networks.size(), 1U);
    EXPECT_EQ(set.gate.networks[0].address.connections, 11U);
    EXPECT_EQ(set.gate.networks[0].lines_per_second, 12U);
    // And of two lists the stronger one alone holds.
    const Config other = loaded(good(rules), {"limits.networks=[\"192.0.2.0/24\"]"});
    ASSERT_EQ(other.gate.networks.size(), 1U);
    EXPECT_EQ(other.gate.networks[0].address.connects_burst, other.gate.address.connects_burst);
}

TEST(WebhookConfig, IsReadAsOftenAsItStandsThere)
{
    const Config config =
        loaded(good("[[webhook]]\nurl = \"https://me:pw@example.org:8443/x?y\"\n[[webhook]]\n"
                    "url = \"http://127.0.0.1/\"\nformat = \"slack\"\n"));
    ASSERT_EQ(config.webhooks.size(), 2U);
    EXPECT_EQ(config.webhooks[0].host, "example.org:8443");
    EXPECT_TRUE(config.webhooks[0].events.empty());
    EXPECT_EQ(config.webhooks[1].format, rpc::WebhookFormat::slack);
}

TEST(WebhookConfig, HasPresetsForTelegramAndNtfyWhoseUrlsAreSecrets)
{
    const Config config =
        loaded(good("[[webhook]]\nurl = \"https://api.telegram.org/bot1:hidden/sendMessage\"\n"
                    "format = \"telegram\"\nchat = \"-100123\"\n"
                    "[[webhook]]\nurl = \"https://ntfy.sh/hidden\"\nformat = \"ntfy\"\n"));
    ASSERT_EQ(config.webhooks.size(), 2U);
    EXPECT_EQ(config.webhooks[0].format, rpc::WebhookFormat::telegram);
    EXPECT_EQ(config.webhooks[0].chat, "-100123");
    EXPECT_EQ(config.webhooks[0].host, "api.telegram.org");
    EXPECT_EQ(config.webhooks[1].format, rpc::WebhookFormat::ntfy);
    EXPECT_EQ(line_of(config, "webhook[1].url").value, "\"***\"");
    EXPECT_EQ(line_of(config, "webhook[2].url").value, "\"***\"");
}

TEST(WebhookConfig, SaysWhatIsWrongWithOne)
{
    EXPECT_EQ(error_of(good("[[webhook]]\nsecret = \"0123456789abcdef\"\n")),
              ": webhook[1].url is missing");
    EXPECT_EQ(error_of(good("[[webhook]]\nurl = \"ftp://example.org\"\n")),
              ":9: webhook.url must be like \"https://example.org/hook\"");
    EXPECT_EQ(error_of(good("[[webhook]]\nurl = \"https://a/\"\nsecret = \"short\"\n")),
              ":10: webhook.secret must have 16 characters or more, or none");
    EXPECT_NE(error_of(good("[[webhook]]\nurl = \"https://a/\"\nevents = [\"block.lost\"]\n"))
                  .find("block.found, block.matured"),
              std::string::npos);
    const std::string chat = "webhook.chat goes with format = \"telegram\", and with no other";
    EXPECT_EQ(error_of(good("[[webhook]]\nurl = \"https://a/\"\nformat = \"telegram\"\n")),
              ":8: " + chat);
    EXPECT_EQ(error_of(good("[[webhook]]\nurl = \"https://a/\"\nchat = \"@room\"\n")),
              ":8: " + chat);
    EXPECT_EQ(error_of(good("[[webhook]]\nurl = \"https://a/\"\nchat = \"a b\"\n")),
              ":10: webhook.chat must be like \"-1001234567890\" or \"@channel\"");
    EXPECT_EQ(error_of(good("[[webhook]]\nulr = \"https://a/\"\n")),
              ":9: unknown key webhook.ulr; did you mean webhook.url?");
}

TEST(ExampleConfig, IsAConfigurationButForThePlacesToFillIn)
{
    std::string text = example_config();
    const auto at = text.find("bc1q…");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string{"bc1q…"}.size(), mainnet);
    const File file{text};
    const auto config = load_config({.file = file.path, .sets = {}, .environment = {}});
    EXPECT_TRUE(config.has_value()) << config.error().detail;
}

TEST(LoadConfig, TakesALogLevelForEachPart)
{
    const File file{good("[log]\nlevels = [\"stratum=debug\", \"rpc=error\"]\n")};
    const auto config = load_config({.file = file.path, .sets = {}, .environment = {}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    const std::map<log::Part, log::Level> expected{{log::Part::stratum, log::Level::debug},
                                                   {log::Part::rpc, log::Level::error}};
    EXPECT_EQ(config->log_levels, expected);
    for (const char* const wrong : {"stratum", "stratum=", "=debug", "miners=debug", "rpc=loud",
                                    "other=debug", "rpc=debug=info", ""}) {
        EXPECT_NE(error_of(good("[log]\nlevels = [\"" + std::string{wrong} + "\"]\n"))
                      .find("\"stratum=debug\""),
                  std::string::npos)
            << wrong;
    }
}

// It goes onto pages as a link's address.
TEST(LoadConfig, TakesAnExplorerThatIsAUrlWithAPlaceForTheTransaction)
{
    const auto explorer = [](const std::string& text) {
        return error_of(good("[web]\nexplorer = '" + text + "'\n"));
    };
    for (const char* const right :
         {"", "https://mempool.space/tx/{txid}", "http://127.0.0.1:8080/?tx={txid}&x=1#a"}) {
        EXPECT_EQ(explorer(right), "no error") << right;
    }
    for (const char* const wrong :
         {"mempool.space/{txid}", "javascript:alert({txid})", "https://a/",
          "https://a/{txid}{txid}", "https://a/ {txid}", "https://a/{txid}\"x", "https://a/<{txid}",
          " https://a/{txid}", "ftp://a/{txid}"}) {
        EXPECT_NE(explorer(wrong).find("web.explorer must be a URL"), std::string::npos) << wrong;
    }
    EXPECT_NE(explorer("https://a/{txid}" + std::string(200, 'a')).find("must be"),
              std::string::npos);
}

TEST(LoadConfig, TakesTimesAndSizesInAnyUnit)
{
    const File file{
        good("[limits]\nline_bytes = \"16KiB\"\nblock_answer_ms = \"2s\"\n"
             "line_bytes_handshake = 2048\n[accounts]\nnotice_hours = \"3d\"\n")};
    const auto config =
        load_config({.file = file.path, .sets = {"limits.job_line_bytes=4KiB"}, .environment = {}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->line_bytes, 16'384U);
    EXPECT_EQ(config->line_bytes_handshake, 2048U);
    EXPECT_EQ(config->job_line_bytes, 4096U);
    EXPECT_EQ(config->block_answer_ms, 2000U);
    EXPECT_EQ(config->notice_hours, 72U);
    for (const char* const wrong : {"90m", "3 d", "d", "-1h", "1.5h", "1H", "1MiB", "1h1"}) {
        EXPECT_NE(error_of(good("[accounts]\nnotice_hours = \"" + std::string{wrong} + "\"\n"))
                      .find("must be a whole number"),
                  std::string::npos)
            << wrong;
    }
    EXPECT_NE(
        error_of(good("[accounts]\nnotice_hours = \"9223372036854775807d\"\n")).find("must be"),
        std::string::npos);
    EXPECT_NE(error_of(good("[accounts]\nnotice_hours = \"400d\"\n")).find("between 0 and 8760"),
              std::string::npos);
    EXPECT_NE(error_of(good("[pplns]\nwindow = \"8s\"\n")).find("must be"), std::string::npos)
        << "it counts no time";
}

TEST(LoadConfig, TakesAUrlOfThePagesThatLinksCanBeginWith)
{
    const auto url = [](const std::string& text) {
        return error_of(good("[web]\nurl = '" + text + "'\n"));
    };
    for (const char* const right :
         {"", "https://pool.example", "http://10.0.0.1:8080", "https://example.org/pool"}) {
        EXPECT_EQ(url(right), "no error") << right;
    }
    for (const char* const wrong :
         {"pool.example", "https://", "https:///x", "https://pool.example/", "https://a b",
          "https://a#x", "https://a?x", "https://a\"b", "ftp://a", "javascript:alert(1)"}) {
        EXPECT_NE(url(wrong).find("web.url must be a URL"), std::string::npos) << wrong;
    }
    EXPECT_NE(url("https://" + std::string(200, 'a')).find("must be"), std::string::npos);
}

TEST(ConfigAsSet, ShowsWhatHoldsAndWhereItWasSetAndNoSecret)
{
    const File file{
        good("[mysql]\npassword = \"hunter2\"\n[[node]]\nname = \"two\"\nurl = "
             "\"http://127.0.0.1:8339\"\npassword = \"hunter3\"\n")};
    const auto config = load_config({.file = file.path,
                                     .sets = {"log.level=warn"},
                                     .environment = {{"ZUBR_REDIS__PORT", "7"}}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    const std::string text = config_as_set(*config);
    EXPECT_EQ(text.find("hunter"), std::string::npos) << text;
    for (const std::string& line :
         {"[network]\nchain = \"main\"  # " + file.path + ":2\n",
          std::string{"password = \"***\"  # "}, std::string{"level = \"warn\"  # --set\n"},
          std::string{"port = 7  # environment ZUBR_REDIS__PORT\n"}, std::string{"[[node]]\n"},
          std::string{"name = \"two\"  # " + file.path}}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_NE(text.find("[[node]]"), text.rfind("[[node]]")) << "both nodes";
}

}  // namespace
}  // namespace pool
