// The admin's methods over a whole pool, by zubr-cli and by JSON-RPC.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/metric.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// alice, a viewer, with the password "correct horse battery staple".
const std::string alice =
    "rpcauth = [\"alice:0c8e5a3d2b7f41960a1bce92d4f07a35$"
    "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8:viewer\"]\n";

class Admin : public ::testing::Test {
protected:
    Admin()
        : node("testnet4"),
          pool(node, {.start_difficulty = 0.0000152587890625,  // 2^-16: no CPU share is a block
                      .sets = {"stratum.vary_difficulty=true", "admin.socket=" + socket(),
                               "admin.backup_command=" + script()},
                      .more = alice})
    {
        std::ofstream{script()} << "#!/bin/sh\ncd \"${0%/*}\" && exec sh ./what\n";
        ::chmod(script().c_str(), 0700);
        pool.start();
    }

    std::string socket() const { return directory.path() / "a.sock"; }
    std::string script() const { return directory.path() / "backup"; }
    bool exists(const char* name) const { return std::filesystem::exists(directory.path() / name); }
    /// What admin.backup_command does.
    void set_backup(const std::string& text) const
    {
        std::ofstream{directory.path() / "what"} << text;
    }

    json call(const std::string& method, const std::string& params = "[]")
    {
        const auto answer = pool.rpc(method, params);
        if (!answer) return answer.error().detail;
        return json::parse(*answer);
    }
    std::unique_ptr<Process> start_cli(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), required("ZUBR_TEST_BIN") + "/zubr-cli");
        return std::make_unique<Process>(arguments,
                                         directory.path() / ("cli-" + std::to_string(++calls)));
    }
    std::string cli(std::vector<std::string> arguments, int code)
    {
        const auto process = start_cli(std::move(arguments));
        EXPECT_EQ(process->wait(seconds{30}).value_or(-1), code) << process->output();
        return process->output();
    }
    std::string audited(const std::string& method) const
    {
        return pool.database().scalar(
            "select group_concat(actor, ' ', kind order by id separator ', ') from audit_event "
            "where method = '" +
            method + "'");
    }

    TempDir directory;
    NodeFixture node;
    PoolFixture pool;
    int calls = 0;
};

TEST_F(Admin, SeesConfigurationJobsSharesAndSchema)
{
    const json options = call("getconfig");
    ASSERT_TRUE(options.is_array()) << options;
    EXPECT_GT(options.size(), 80U);
    const json password = call("getconfig", R"(["mysql.password"])");
    ASSERT_EQ(password.size(), 2U) << "and password_file";
    EXPECT_EQ(password[0]["name"], "mysql.password");
    EXPECT_EQ(password[0]["value"], "***");
    const json loops = call("getconfig", R"({"section":"stratum.loops"})");
    EXPECT_EQ(loops[0]["value"], 2);
    EXPECT_NE(loops[0]["source"].get<std::string>().find("zubr.toml"), std::string::npos) << loops;
    EXPECT_EQ(
        call("getconfig", R"(["stratum.start_difficulty"])")[0]["source"].get<std::string>().find(
            "default"),
        std::string::npos);

    const json schema = call("migratestatus");
    EXPECT_EQ(schema["up_to_date"], true) << schema;
    EXPECT_EQ(std::to_string(schema["applied"].get<int>()),
              pool.database().scalar("select max(version) from schema_migrations"));

    const std::string account = test_address("testnet4", 1);
    const auto miner = pool.miner(account + ".rig", {"--json", "--max-shares-per-second", "20"});
    json newest;
    ASSERT_TRUE(eventually(seconds{30},
                           [&] {
                               const json log = call("getsharelog", "[5]");
                               if (log.is_array() && log.size() == 5) newest = log[0];
                               return newest.is_object() && newest["kind"] == "share";
                           }))
        << call("getsharelog", "[5]") << pool.log();
    EXPECT_EQ(newest["account"], account) << newest;
    EXPECT_EQ(newest["worker"], "rig");
    EXPECT_EQ(newest["producer"].get<std::string>().find(pool.server_id()), 0U);

    const json jobs = call("listjobs", "[64]");
    ASSERT_GE(jobs.size(), 1U) << jobs;
    EXPECT_EQ(jobs[0]["height"], 1) << "the block after the genesis block";
    EXPECT_EQ(call("listjobs", "[1]").size(), 1U);
    EXPECT_NE(call("listjobs", "[65]").dump().find("-32602"), std::string::npos);
}

// Names that dashboards and alarms are built on, with the labels that they are told apart by.
TEST_F(Admin, FindsEveryFigureInTheMetrics)
{
    const std::string account = test_address("testnet4", 1);
    const auto miner = pool.miner(account + ".rig", {"--json", "--max-shares-per-second", "20"});
    const auto v2 = pool.v2_miner(account + ".rig2", "standard", {"--max-shares-per-second", "1"});
    std::string shown;
    const auto value = [&shown](const std::string& series) {
        const std::size_t at = shown.find("\n" + series + " ");
        return at == std::string::npos ? -1.0 : std::stod(shown.substr(at + series.size() + 2));
    };
    const std::string port = std::to_string(pool.stratum_port());
    const std::string connections = "zubr_connections{listener=\"" + port + "\",proto=\"";
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        shown = http_get(pool.web_url() + "/metrics").body;
        return value(connections + "v1\"}") == 1 && value(connections + "v2\"}") == 1 &&
               value("zubr_share_difficulty_total") > 0 && value("zubr_best_share_difficulty") > 0;
    })) << shown;
    EXPECT_NE(shown.find("method=\"getblocktemplate\",le=\"5\"} "), std::string::npos) << shown;
    for (const char* const series : {"zubr_build_info{version=",
                                     "zubr_connections{listener=",
                                     "zubr_workers_active ",
                                     "zubr_users_active ",
                                     "zubr_hashrate_hps{window=\"5m\"} ",
                                     "zubr_shares_total{result=\"accepted\",reason=\"\"} ",
                                     "zubr_share_difficulty_total ",
                                     "zubr_share_latency_seconds_bucket{loop=",
                                     "zubr_job_broadcast_seconds_bucket{",
                                     "zubr_template_age_seconds{bitcoind=\"",
                                     "zubr_template_height ",
                                     "zubr_bitcoind_rpc_seconds_bucket{bitcoind=\"",
                                     "zubr_blocks_total{state=\"found\"} 0",
                                     "zubr_blocks_total{state=\"matured\"} 0",
                                     "zubr_blocks_total{state=\"orphaned\"} 0",
                                     "zubr_round_effort_ratio ",
                                     "zubr_best_share_difficulty ",
                                     "zubr_share_stream_lag_entries ",
                                     "zubr_redis_command_seconds_bucket{",
                                     "zubr_mysql_batch_seconds_bucket{",
                                     "zubr_mysql_batch_rows_total ",
                                     "zubr_payout_pending_sats 0",
                                     "zubr_ledger_imbalance_sats 0",
                                     "zubr_event_loop_lag_seconds_bucket{loop=\"rpc\"",
                                     "zubr_log_dropped_total 0",
                                     "zubr_bans_active 0",
                                     "process_cpu_seconds_total ",
                                     "process_open_fds "}) {
        EXPECT_NE(shown.find(std::string{"\n"} + series), std::string::npos) << series;
    }
    EXPECT_EQ(call("setban", R"(["203.0.113.7","3600"])").dump().find("error"), std::string::npos);
    EXPECT_TRUE(eventually(seconds{10}, [&] {
        shown = http_get(pool.web_url() + "/metrics").body;
        return value("zubr_bans_active") == 1;
    }));
}

TEST_F(Admin, FindsEachMethodAndNoOtherInTheTableOfTheDocs)
{
    std::ifstream page{std::string{ZUBR_TESTS_DIR} + "/../docs/api.md"};
    const std::string text{std::istreambuf_iterator<char>{page}, {}};
    const std::size_t begin = text.find("| group |");
    ASSERT_NE(begin, std::string::npos);
    const std::string table = text.substr(begin, text.find("| elsewhere |") - begin);
    const std::regex quoted{"`([a-z]+)`"};
    std::set<std::string> told;
    for (std::sregex_iterator at{table.begin(), table.end(), quoted}, end; at != end; ++at) {
        EXPECT_TRUE(told.insert((*at)[1]).second) << (*at)[1] << " stands there twice";
    }
    std::set<std::string> methods;  // each begins a line of the list, those of other roles, too
    std::istringstream lines{call("help").get<std::string>()};
    for (std::string line; std::getline(lines, line);) {
        const std::string name = line.substr(0, line.find(' '));
        if (!name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == name.npos) {
            methods.insert(name);
        }
    }
    EXPECT_EQ(told, methods);
}

// With real stores behind them: nothing of it becomes SQL, and the pool goes on.
TEST_F(Admin, OutlivesHostileParametersOfEveryMethod)
{
    const json methods = call("getrpcinfo").at("methods");
    ASSERT_GT(methods.size(), 60U) << methods;
    const std::vector<std::string> values{R"("';drop table account;--")",
                                          R"("\u0000\u001b[2J\n")",
                                          R"("\ud83d\udca3")",
                                          "-1",
                                          "18446744073709551616",
                                          "1e308",
                                          "null",
                                          R"({"a":[]})",
                                          "\"" + std::string(2000, 'a') + "\""};
    std::size_t refused = 0;
    for (const json& method : methods) {
        const std::string name = method.get<std::string>();
        if (name == "stop" || name == "drain" || name == "backupnow") continue;
        for (const std::string& value : values) {
            for (const std::string& params :
                 {"[" + value + "]", "[" + value + "," + value + "," + value + "]"}) {
                const auto answer = pool.rpc(name, params);
                if (!answer) ++refused;
                if (answer) continue;
                EXPECT_EQ(answer.error().detail.find("SQL"), std::string::npos)
                    << name << params << answer.error().detail;
            }
        }
    }
    EXPECT_GT(refused, 900U) << "most of it is refused";
    EXPECT_TRUE(pool.ready());
    EXPECT_EQ(call("verifyledger").at("good"), true);
    EXPECT_EQ(metric(pool, "\nzubr_ledger_heads_unknown "), 0);
    EXPECT_EQ(call("verifyaudit").dump().find("error"), std::string::npos);
    EXPECT_EQ(pool.log().find("SQL syntax"), std::string::npos);
    EXPECT_EQ(pool.database().scalar("select count(*) from account where name like '%drop%'"), "0");
}

TEST_F(Admin, HearsWhyAServerWithoutAWalletPaysNobody)
{
    for (const char* const method : {"listpayouts", "comparebooks"}) {
        EXPECT_NE(call(method).dump().find("set payouts.wallet"), std::string::npos) << method;
    }
    EXPECT_NE(call("createpayout").dump().find("may not"), std::string::npos)
        << "an admin makes no payouts here either";
}

TEST_F(Admin, MovesBoundsOfDifficultyAndResetsAWorkerWhileItMines)
{
    const std::string account = test_address("testnet4", 1);
    const std::string who = "[\"" + account + "\",\"rig\"]";
    const auto worker = [&](const char* key) { return call("getworker", who).value(key, -1.0); };
    const auto miner = pool.miner(account + ".rig", {"--json", "--max-shares-per-second", "20"});
    ASSERT_TRUE(eventually(seconds{120},
                           [&] {
                               const json found = call("getworker", who);
                               return found.is_object() && found.value("accepted", 0) >= 40 &&
                                      found.value("difficulty", 0.0) > 0.00006103515625;  // 2^-14
                           }))
        << call("getworker", who) << pool.log();

    const std::string port = std::to_string(pool.stratum_port());
    EXPECT_EQ(call("setvardiff", "[" + port + ",\"0.0000152587890625\",\"0.00006103515625\"]"), 1);
    EXPECT_TRUE(eventually(seconds{40}, [&] { return worker("difficulty") <= 0.00006103515625; }))
        << call("getworker", who);
    EXPECT_NE(call("setvardiff", "[1,\"1\",\"2\"]").dump().find("-5"), std::string::npos)
        << "nobody listens there";
    EXPECT_NE(call("setvardiff", "[" + port + ",\"2\",\"1\"]").dump().find("-8"),
              std::string::npos);

    const double before = worker("accepted");
    ASSERT_GE(before, 40);
    EXPECT_GE(call("resetworker", who), 1);
    // What was read of workers is kept for a moment.
    EXPECT_TRUE(eventually(seconds{10}, [&] { return worker("accepted") < before; }))
        << call("getworker", who);
    EXPECT_TRUE(eventually(seconds{30}, [&] { return worker("accepted") > 0; })) << "it mines on\n"
                                                                                 << miner->output();
    EXPECT_EQ(audited("resetworker"), "__cookie__ call, __cookie__ done");
    EXPECT_EQ(audited("setvardiff"),
              "__cookie__ call, __cookie__ done, __cookie__ call, __cookie__ failed, __cookie__ "
              "call, __cookie__ failed");
}

TEST_F(Admin, IsToldBySocketAndNobodyDoesMoreThanHisRoleMay)
{
    const std::string conf = "-conf=" + pool.config_file();
    EXPECT_NE(cli({conf, "-rpcsocket=" + socket(), "getrpcinfo"}, 0).find("\"admin\""),
              std::string::npos);
    struct ::stat found{};
    ASSERT_EQ(::stat(socket().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0660U);

    const std::vector<std::string> as_alice{conf, "-rpcuser=alice",
                                            "-rpcpassword=correct horse battery staple"};
    const auto by_alice = [&](const std::vector<std::string>& words, int code) {
        std::vector<std::string> line = as_alice;
        line.insert(line.end(), words.begin(), words.end());
        return cli(line, code);
    };
    EXPECT_NE(by_alice({"getpoolinfo"}, 0).find("testnet4"), std::string::npos);
    const std::string account = test_address("testnet4", 1);
    const std::string port = std::to_string(pool.stratum_port());
    const std::vector<std::vector<std::string>> refused{
        {"stop"},         {"backupnow"},
        {"getconfig"},    {"setvardiff", port, "1", "2"},
        {"getsharelog"},  {"resetworker", account, "rig"},
        {"getledger"},    {"setban", "192.0.2.0/24"},
        {"drain"},        {"logging", "debug"},
        {"reloadconfig"}, {"setnode", "local", "false"}};
    for (const auto& words : refused) {
        EXPECT_NE(by_alice(words, 1).find("the role viewer may not call " + words[0]),
                  std::string::npos);
        // Nobody waits for the row of what only reads.
        EXPECT_TRUE(eventually(seconds{10}, [&] { return audited(words[0]) == "alice refused"; }))
            << words[0] << ": " << audited(words[0]);
    }
    EXPECT_FALSE(exists("begun"));
    EXPECT_TRUE(pool.ready());
    EXPECT_EQ(pool.database().scalar("select params from audit_event where method = 'setban'"),
              R"({"network":"192.0.2.0/24","seconds":86400})");
}

// Whose password was stolen is out without a restart, and a mistake in the file changes nothing.
TEST_F(Admin, ComesAndGoesWithTheConfigurationAtSighup)
{
    const std::string url = pool.admin_url() + "/api/v1/operator";
    // "alice:correct horse battery staple"
    const auto alice_gets = [&url] {
        return http_get(url,
                        "Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==")
            .status;
    };
    std::string with_alice;
    std::getline(std::ifstream{pool.config_file()}, with_alice, '\0');
    std::string without = with_alice;
    without.replace(without.find(alice), alice.size(),
                    "[log]\nlevel = \"debug\"\nformat = \"json\"\n");
    const auto reread = [this](const std::string& text) {
        std::ofstream{pool.config_file()} << text;
        pool.process().signal(SIGHUP);
    };
    const auto level = [this] { return call("getconfig", R"(["log.level"])")[0]["value"]; };
    EXPECT_EQ(alice_gets(), 200);
    EXPECT_EQ(level(), "info");

    EXPECT_TRUE(eventually(seconds{10}, [this] {
        return audited("GET /api/v1/operator") == "alice call";
    })) << audited("GET /api/v1/operator");

    reread(without);
    EXPECT_TRUE(eventually(seconds{30}, [&] { return alice_gets() == 401; })) << pool.log();
    EXPECT_EQ(level(), "debug");
    EXPECT_EQ(call("getconfig", R"(["log.format"])")[0]["value"], "text");
    EXPECT_NE(pool.log().find(" configuration_reloaded users=0"), std::string::npos)
        << "lines look as they did at the start, whatever the file says by now";

    reread(with_alice + "[admin\n");
    EXPECT_TRUE(eventually(seconds{30}, [this] {
        return pool.log().find("configuration_not_reloaded") != std::string::npos;
    }));
    EXPECT_NE(alice_gets(), 200);
    EXPECT_EQ(level(), "debug");

    reread(with_alice);
    EXPECT_TRUE(eventually(seconds{30}, [&] { return alice_gets() == 200; })) << pool.log();
    EXPECT_EQ(level(), "info");
}

TEST_F(Admin, IsWrittenDownBeforeWhatHeDoesAndABackupThatDoesNotHearHoldsNoStopUp)
{
    EXPECT_EQ(audited("backupnow"), "");
    set_backup(": >begun; until [ -e go ]; do sleep 0.05; done; echo here it is\n");
    const auto first = start_cli({"-conf=" + pool.config_file(), "backupnow"});
    ASSERT_TRUE(eventually(seconds{10}, [&] { return exists("begun"); })) << first->output();
    EXPECT_EQ(audited("backupnow"), "__cookie__ call") << "it runs, and is on disk already";
    EXPECT_NE(call("backupnow").dump().find("a backup is under way"), std::string::npos);
    std::ofstream{directory.path() / "go"} << "";
    EXPECT_EQ(first->wait(seconds{10}).value_or(-1), 0) << first->output();
    EXPECT_NE(first->output().find("here it is"), std::string::npos);
    EXPECT_TRUE(eventually(seconds{10}, [&] {
        return audited("backupnow") ==
               "__cookie__ call, __cookie__ call, __cookie__ failed, __cookie__ done";
    })) << audited("backupnow");

    set_backup("trap '' TERM; : >deaf; while :; do sleep 600; done\n");
    const auto deaf = start_cli({"-conf=" + pool.config_file(), "backupnow"});
    ASSERT_TRUE(eventually(seconds{10}, [&] { return exists("deaf"); })) << deaf->output();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
