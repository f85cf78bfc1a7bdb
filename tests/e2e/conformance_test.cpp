#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

// Every item of the conformance list that can be seen from outside, against a real zubrd on custom
// signet. The runner is tests/conformance/sv1_runner.py; its table is printed.
namespace tests {
namespace {

TEST(Conformance, EveryMustItemOfTheListHoldsOverTcp)
{
    NodeFixture node{"signet"};
    const std::uint16_t asic_port = free_port();
    const std::uint16_t proxy_port = free_port();
    constexpr int capped = 150;
    PoolOptions options;
    options.start_difficulty = 0.000003814697265625;  // 2^-18: a share in 16 thousand hashes
    options.sets = {"limits.networks=[\"127.0.124.0/24 connections=" + std::to_string(capped) +
                        " connects_per_second=0\"]",
                    "stratum.min_difficulty=0.00000095367431640625"};
    options.more = "[[listener]]\nlisten = \"127.0.0.1:" + std::to_string(asic_port) +
                   "\"\nstart_difficulty = 65536\nmin_difficulty = 1024\n"
                   "[[listener]]\nlisten = \"127.0.0.1:" +
                   std::to_string(proxy_port) +
                   "\"\nproxies = [\"127.0.0.1/32\"]\nproxy_only = true\n";
    PoolFixture pool{node, options};
    pool.start();
    for (const auto* name : {"user", "user2"}) {
        const auto made = pool.rpc("createaccount", "[\"" + std::string{name} + "\",\"" +
                                                        test_address("signet", 1) + "\"]");
        if (!made) ADD_FAILURE() << made.error().detail;
        // The runner looks at their pages.
        const auto open = pool.rpc("setvisibility", "[\"" + std::string{name} + "\",true]");
        if (!open) ADD_FAILURE() << open.error().detail;
    }

    const auto setup = pool.directory() / "setup.json";
    // The build has them beside this program.
    const auto unit_tests =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "zubr_unit_tests";
    // Processes of other builds share the machine of a developer; CI's is quiet.
    std::ofstream{setup} << "{\"port\":" << pool.stratum_port() << ",\"asic_port\":" << asic_port
                         << ",\"proxy_port\":" << proxy_port << ",\"capped\":" << capped
                         << ",\"unit_tests\":\"" << unit_tests.string() << "\""
                         << ",\"observe_ms\":65000,\"slack\":2,\"web\":\"" << pool.web_url()
                         << "\",\"log\":\"" << (pool.directory() / "zubrd.log").string()
                         << "\",\"node\":{\"url\":\"" << node.url() << "\",\"cookie\":\""
                         << node.cookie_file() << "\"},\"pool\":{\"url\":\"" << pool.admin_url()
                         << "\",\"cookie\":\"" << pool.data_dir() << "/.cookie\"}}";
    Process runner{{"/usr/bin/env", "python3",
                    std::string{ZUBR_TESTS_DIR} + "/conformance/sv1_runner.py", setup.string()},
                   pool.directory() / "runner.log"};
    const auto code = runner.wait(std::chrono::seconds{300});
    std::fputs(runner.output().c_str(), stdout);
    EXPECT_EQ(code, 0) << runner.output() << pool.log();
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
