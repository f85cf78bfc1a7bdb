#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

// Every item of the conformance list that can be seen from outside, against a real zubrd on custom
// signet. The runner is tests/conformance/sv1_runner.py; its table is printed.
namespace tests {
namespace {

void add_account(PoolFixture& pool, const std::string& name, const std::string& chain)
{
    const auto made =
        pool.rpc("createaccount", "[\"" + name + "\",\"" + test_address(chain, 1) + "\"]");
    if (!made) ADD_FAILURE() << made.error().detail;
    // The runner looks at their pages.
    const auto open = pool.rpc("setvisibility", "[\"" + name + "\",true]");
    if (!open) ADD_FAILURE() << open.error().detail;
}

nlohmann::json told_of(PoolFixture& pool, NodeFixture& node)
{
    return {{"port", pool.stratum_port()},
            {"web", pool.web_url()},
            {"log", (pool.directory() / "zubrd.log").string()},
            {"node", {{"url", node.url()}, {"cookie", node.cookie_file()}}},
            {"pool", {{"url", pool.admin_url()}, {"cookie", pool.data_dir() + "/.cookie"}}}};
}

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
    for (const auto* name : {"user", "user2"}) add_account(pool, name, "signet");
    // Where a block costs nothing: one item wants a thousand tips.
    NodeFixture quick_node{"regtest"};
    PoolFixture quick_pool{quick_node, {}};
    quick_pool.start();
    add_account(quick_pool, "user", "regtest");

    const auto setup = pool.directory() / "setup.json";
    nlohmann::json told = told_of(pool, node);
    told["regtest"] = told_of(quick_pool, quick_node);
    told["asic_port"] = asic_port;
    told["proxy_port"] = proxy_port;
    told["capped"] = capped;
    // The build has them beside this program.
    told["unit_tests"] =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "zubr_unit_tests")
            .string();
    // How much longer answers may be waited for; what the server itself has to end in time is held
    // to the list's own times always.
    const char* const slack = std::getenv("ZUBR_CONFORMANCE_SLACK");
    told["slack"] = slack == nullptr ? 1 : std::strtod(slack, nullptr);
    told["regtest"]["slack"] = told["slack"];
    std::ofstream{setup} << told;
    Process runner{{"/usr/bin/env", "python3",
                    std::string{ZUBR_TESTS_DIR} + "/conformance/sv1_runner.py", setup.string()},
                   pool.directory() / "runner.log"};
    const auto code = runner.wait(std::chrono::seconds{500});
    std::fputs(runner.output().c_str(), stdout);
    EXPECT_EQ(code, 0) << runner.output() << pool.log();
    EXPECT_EQ(pool.stop(), 0);
    EXPECT_EQ(quick_pool.stop(), 0);
}

}  // namespace
}  // namespace tests
