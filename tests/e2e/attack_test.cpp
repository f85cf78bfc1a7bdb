#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/base/bytes.h"
#include "pool/share/redis_client.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/tls_talk.h"

// Attacks on a running zubrd, and what its other miners feel of them. The attacker is
// tests/attack/attacks.py; its table is printed. `./dev test attack` runs all of them at the size
// the issue names and with the limits that zubrd has by itself, and bounds what others feel;
// otherwise nearly all, small and with smaller limits: the counters, the memory, and that others
// are served.
namespace tests {
namespace {

// What the attacker sent as names, as it must never come out again.
constexpr std::array<std::string_view, 9> evil{"<script",    "drop table", "${jndi",
                                               "etc/passwd", "SET a b",    "\x1b[",
                                               "%s%n",       "],\"x\":",   "\xe2\x80\xae"};

std::string hex(std::string_view text)
{
    return "0x" + pool::to_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// The hostile names are in the books as they are to be stored, each as one worker of one account;
// what they were made of is in no text of any table.
void look_into_mysql(const Database& database, const std::filesystem::path& names)
{
    std::ifstream expected{names};
    std::size_t count = 0;
    for (std::string name; std::getline(expected, name); ++count) {
        EXPECT_TRUE(eventually(std::chrono::seconds{60}, [&] {
            return database.scalar(
                       "SELECT COUNT(DISTINCT account_id) FROM worker_sum WHERE worker = " +
                       hex(name)) == "1";
        })) << name;
    }
    EXPECT_GE(count, 12U);
    EXPECT_EQ(database.scalar("SELECT COUNT(*) FROM worker_sum WHERE worker NOT RLIKE "
                              "'^[A-Za-z0-9._:+=@-]{1,64}$'"),
              "0");
    EXPECT_EQ(
        database.scalar("SELECT COUNT(*) FROM account WHERE name <> 'user' AND script IS NULL"),
        "0");
    const std::string texts =
        " FROM information_schema.columns WHERE table_schema = DATABASE() AND data_type IN "
        "('varchar', 'char', 'text', 'mediumtext', 'longtext')";
    const std::size_t columns = std::stoul(database.scalar("SELECT COUNT(*)" + texts));
    EXPECT_GE(columns, 10U);
    for (std::size_t at = 0; at < columns; ++at) {
        const std::string place =
            " ORDER BY table_name, column_name LIMIT 1 OFFSET " + std::to_string(at);
        const std::string table = database.scalar("SELECT table_name" + texts + place);
        const std::string column = database.scalar("SELECT column_name" + texts + place);
        for (const std::string_view bad : evil) {
            EXPECT_EQ(database.scalar("SELECT COUNT(*) FROM `" + table + "` WHERE INSTR(CAST(`" +
                                      column + "` AS BINARY), " + hex(bad) + ") > 0"),
                      "0")
                << bad << " in " << table << "." << column;
        }
    }
}

// The commands that some names spell were not obeyed: no key was made or lost by them.
void look_into_redis(const std::string& server_id)
{
    pool::RedisOptions options;
    options.socket = required("ZUBR_TEST_REDIS");
    pool::RedisClient redis{options};
    const auto keys = redis.command({"KEYS", "*" + server_id + "*"});
    ASSERT_TRUE(keys.has_value());
    std::set<std::string> found;
    for (const auto& key : keys->elements) found.insert(key.text);
    EXPECT_EQ(found, (std::set<std::string>{pool::stream_key(options, server_id + "-0"),
                                            pool::stream_key(options, server_id + "-1")}));
    const auto made = redis.command({"EXISTS", "a", "b", "x"});
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->integer, 0);
    for (const std::string& stream : found) {
        const auto entries = redis.command({"XRANGE", stream, "-", "+"});
        ASSERT_TRUE(entries.has_value());
        for (const auto& entry : entries->elements) {
            for (const auto& field : entry.elements.at(1).elements) {
                for (const std::string_view bad : evil) {
                    EXPECT_EQ(field.text.find(bad), field.text.npos) << bad;
                }
            }
        }
    }
}

TEST(Attack, OtherMinersFeelNoneOfThem)
{
    const bool full = std::getenv("ZUBR_ATTACK_FULL") != nullptr;
    const char* const only = std::getenv("ZUBR_ATTACK_ONLY");     // functions of attacks.py
    constexpr const char* lowest = "0.000000059604644775390625";  // 2^-24: a share in 256 hashes
    constexpr int worker_names = 100;
    const int authorize_seconds = full ? 15 : 3;
    NodeFixture node{"signet"};
    const TempDir folder;
    const CertificateFiles tls = make_certificate(folder.path(), "pool.example");
    const std::uint16_t varying_port = free_port();
    PoolOptions options;
    options.start_difficulty = 0.000000059604644775390625;
    options.more = "[[listener]]\nlisten = \"127.0.0.1:" + std::to_string(varying_port) +
                   "\"\nvary_difficulty = true\n";
    options.sets = {
        "limits.networks=[\"127.0.250.0/24 connections=0 connects_per_second=0\"]",
        "stratum.tls_certificate=\"" + tls.certificate + "\"",
        "stratum.tls_key=\"" + tls.key + "\"",
        // A 190 shares at the lowest difficulty: nobody can hand in seven blocks' worth.
        "limits.withheld_blocks=0.01", "limits.worker_names=" + std::to_string(worker_names),
        "limits.authorize_seconds=" + std::to_string(authorize_seconds),
        std::string{"stratum.start_difficulty="} + lowest,
        std::string{"stratum.min_difficulty="} + lowest};
    if (!full) {
        for (const auto* small : {"first_line_seconds=3", "line_seconds=3", "connects_burst=600",
                                  "prefix_connects_burst=1000", "easy_shares=300"}) {
            options.sets.push_back(std::string{"limits."} + small);
        }
    }
    PoolFixture pool{node, options};
    pool.start();
    const auto made = pool.rpc("createaccount", "[\"user\",\"" + test_address("signet", 1) + "\"]");
    if (!made) ADD_FAILURE() << made.error().detail;
    // What the names attack leaves behind is looked for on the account's page, too.
    const auto open = pool.rpc("setvisibility", R"(["user",true])");
    if (!open) ADD_FAILURE() << open.error().detail;

    const auto names = pool.directory() / "names.txt";
    const auto setup = pool.directory() / "setup.json";
    nlohmann::json told{
        {"port", pool.stratum_port()},
        {"pid", pool.process().pid()},
        {"full", full},
        {"min_difficulty", nlohmann::json::parse(lowest)},
        {"varying_port", varying_port},
        {"easy_shares", full ? 5000 : 300},
        {"worker_names", worker_names},
        {"authorize_seconds", authorize_seconds},
        {"due", full ? 0.75 : 0.25},
        {"names", names.string()},
        {"thief", test_address("signet", 2)},
        {"node", {{"url", node.url()}, {"cookie", node.cookie_file()}}},
        {"web", pool.web_url()},
        {"log", (pool.directory() / "zubrd.log").string()},
        {"pool", {{"url", pool.admin_url()}, {"cookie", pool.data_dir() + "/.cookie"}}}};
    // They wait for an alarm, look at time alone, or have to be faster than a machine that runs
    // other tests lets them.
    if (!full) told["left_out"] = {"withholds", "timing", "crumbs"};
    if (only != nullptr) told["only"] = only;
    std::ofstream{setup} << told;
    Process attacker{{"/usr/bin/env", "python3", std::string{ZUBR_TESTS_DIR} + "/attack/attacks.py",
                      setup.string()},
                     pool.directory() / "attacker.log"};
    const auto code = attacker.wait(std::chrono::seconds{full ? 600 : 240});
    std::fputs(attacker.output().c_str(), stdout);
    EXPECT_EQ(code, 0) << attacker.output() << (full ? "" : pool.log());
    if (only == nullptr) look_into_mysql(pool.database(), names);
    look_into_redis(pool.server_id());
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
