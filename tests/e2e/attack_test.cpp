#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/tls_talk.h"

// Attacks on a running zubrd, and what its other miners feel of them. The attacker is
// tests/attack/attacks.py; its table is printed. `./dev test attack` runs all of them at the size
// the issue names and with the limits that zubrd has by itself; otherwise those that need no
// waiting, small.
namespace tests {
namespace {

TEST(Attack, OtherMinersFeelNoneOfThem)
{
    const bool full = std::getenv("ZUBR_ATTACK_FULL") != nullptr;
    constexpr const char* lowest = "0.000000059604644775390625";  // 2^-24: a share in 256 hashes
    NodeFixture node{"signet"};
    const TempDir folder;
    const CertificateFiles tls = make_certificate(folder.path(), "pool.example");
    PoolOptions options;
    options.start_difficulty = 0.000000059604644775390625;
    options.sets = {
        "limits.networks=[\"127.0.250.0/24 connections=0 connects_per_second=0\"]",
        "stratum.tls_certificate=\"" + tls.certificate + "\"",
        "stratum.tls_key=\"" + tls.key + "\"",
        // A 190 shares at the lowest difficulty: nobody can hand in seven blocks' worth.
        "limits.withheld_blocks=0.01", std::string{"stratum.start_difficulty="} + lowest,
        std::string{"stratum.min_difficulty="} + lowest};
    PoolFixture pool{node, options};
    pool.start();
    const auto made = pool.rpc("createaccount", "[\"user\",\"" + test_address("signet", 1) + "\"]");
    if (!made) ADD_FAILURE() << made.error().detail;
    // What the names attack leaves behind is looked for on the account's page, too.
    const auto open = pool.rpc("setvisibility", R"(["user",true])");
    if (!open) ADD_FAILURE() << open.error().detail;

    const auto setup = pool.directory() / "setup.json";
    std::ofstream{setup}
        << "{\"port\":" << pool.stratum_port() << ",\"pid\":" << pool.process().pid()
        << ",\"full\":" << (full ? "true" : "false") << ",\"min_difficulty\":" << lowest
        << (full ? ""
                 : ",\"only\":[\"duplicates\",\"low\",\"never_reads\",\"names\",\"hostile\","
                   "\"garbage\",\"bombs\",\"endless\",\"spoof\",\"late\",\"middle\","
                   "\"orders\",\"output\",\"ranges\"]")
        << ",\"thief\":\"" << test_address("signet", 2) << "\",\"node\":{\"url\":\"" << node.url()
        << "\",\"cookie\":\"" << node.cookie_file() << "\"}"
        << ",\"web\":\"" << pool.web_url() << "\",\"log\":\""
        << (pool.directory() / "zubrd.log").string() << "\",\"pool\":{\"url\":\""
        << pool.admin_url() << "\",\"cookie\":\"" << pool.data_dir() << "/.cookie\"}}";
    Process attacker{{"/usr/bin/env", "python3", std::string{ZUBR_TESTS_DIR} + "/attack/attacks.py",
                      setup.string()},
                     pool.directory() / "attacker.log"};
    const auto code = attacker.wait(std::chrono::seconds{full ? 600 : 120});
    std::fputs(attacker.output().c_str(), stdout);
    EXPECT_EQ(code, 0) << attacker.output() << (full ? "" : pool.log());
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
