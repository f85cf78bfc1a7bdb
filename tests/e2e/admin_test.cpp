#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

// What admins ask of a whole server while somebody mines.
namespace tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

json ask(PoolFixture& pool, const std::string& method, const std::string& params = "[]")
{
    const auto answer = pool.rpc(method, params);
    EXPECT_TRUE(answer.has_value()) << method << ": " << answer.error().detail;
    return answer ? json::parse(*answer) : json{};
}

TEST(Admin, SeesConfigurationJobsSharesAndSchemaAndChangesBoundsAndCountsLive)
{
    NodeFixture node{"testnet4"};
    const TempDir directory;
    const std::string script = directory.path() / "backup";
    std::ofstream{script} << "#!/bin/sh\necho saved\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    const std::string socket = directory.path() / "admin.sock";
    constexpr double any_hash = 0.00000000023283064365386962890625;  // 2^-32
    PoolFixture pool{node,
                     {.start_difficulty = any_hash,
                      .sets = {"admin.backup_command=" + script, "admin.socket=" + socket},
                      .more = "[[webhook]]\nurl = \"https://127.0.0.1:1/very-hidden\"\nsecret = "
                              "\"very-hidden-secret\"\n"}};
    pool.start();
    const std::string address = test_address("testnet4", 1);
    const auto miner = pool.miner(address + ".rig", {"--max-shares-per-second", "5"});
    const auto counts = [&] {
        const json worker = ask(pool, "getworker", "[\"" + address + "\", \"rig\"]");
        return worker.value("accepted", 0);
    };
    ASSERT_TRUE(eventually(seconds{30}, [&] { return pool.info("shares_accepted") >= 3; }));

    const std::string config = ask(pool, "getconfig").dump();
    EXPECT_EQ(config.find("very-hidden"), std::string::npos);
    EXPECT_NE(config.find("webhook[1].secret"), std::string::npos);
    EXPECT_EQ(ask(pool, "getconfig", "[\"pplns.fee_bps\"]").at(0).at("value"), 100);

    const json jobs = ask(pool, "listjobs", "[1]");
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].at("height"), 1);

    const json schema = ask(pool, "migratestatus");
    EXPECT_TRUE(schema.at("up_to_date").get<bool>()) << schema.dump();

    json shares;
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        shares = ask(pool, "getsharelog", "[5]");
        return !shares.empty() && shares[0].at("account") == address;
    })) << shares.dump();
    EXPECT_EQ(shares[0].at("worker"), "rig");
    EXPECT_LE(shares.size(), 5U);

    EXPECT_GE(counts(), 3);
    EXPECT_EQ(ask(pool, "resetworker", "[\"" + address + "\", \"rig\"]"), 1);
    EXPECT_FALSE(pool.rpc("resetworker", "[\"" + address + "\", \"nobody\"]").has_value());

    const std::string port = std::to_string(pool.stratum_port());
    EXPECT_EQ(ask(pool, "setvardiff", "[" + port + ", \"0.0009765625\", \"0.5\"]"), 1);
    EXPECT_FALSE(pool.rpc("setvardiff", "[1, \"1\", \"2\"]").has_value()) << "no port of ours";
    EXPECT_FALSE(pool.rpc("setvardiff", "[" + port + ", \"2\", \"1\"]").has_value());
    node.generate(1);
    json connections;
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        connections = ask(pool, "listconnections");
        return connections.at(0).at("difficulty") == 0.0009765625;
    })) << connections.dump();
    EXPECT_EQ(ask(pool, "backupnow").at("said"), "saved");
    EXPECT_TRUE(std::filesystem::is_socket(socket));
    const std::string audit = ask(pool, "listaudit", "[100]").dump();
    for (const std::string method : {"setvardiff", "resetworker", "backupnow", "getconfig"}) {
        EXPECT_NE(audit.find("\"" + method + "\""), std::string::npos) << method;
    }
    EXPECT_EQ(pool.stop(), 0);
    EXPECT_FALSE(std::filesystem::exists(socket));
}

}  // namespace
}  // namespace tests
