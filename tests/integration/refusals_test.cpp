#include <arpa/inet.h>
#include <chrono>
#include <fstream>
#include <initializer_list>
#include <netinet/in.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "pool/share/redis_client.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/process.h"
#include "tests/support/stores_fixture.h"

namespace tests {
namespace {

constexpr int wrong_configuration = 2;
constexpr int wrong_world = 1;

struct Refusal {
    int code = -1;
    std::string sentence;  ///< what stands behind "zubrd: "
};

/// Runs the real zubrd, which is expected to end by itself with one sentence.
Refusal run_zubrd(const std::string& config, const std::vector<std::string>& sets)
{
    const TempDir directory;
    std::vector<std::string> argv{required("ZUBR_TEST_BIN") + "/zubrd", "-c", config};
    for (const std::string& set : sets) {
        argv.emplace_back("--set");
        argv.push_back(set);
    }
    Process process{argv, directory.path() / "output"};
    Refusal out;
    out.code = process.wait(std::chrono::seconds{60}).value_or(-1);
    std::istringstream lines{process.output()};
    std::string line;
    int sentences = 0;
    while (std::getline(lines, line)) {
        if (!line.starts_with("zubrd: ")) continue;
        ++sentences;
        out.sentence = line.substr(7);
    }
    EXPECT_EQ(sentences, 1) << process.output();
    return out;
}

/// The sentence of a zubrd that is given this file; the file needs no server to be refused.
Refusal refusal_of(const std::string& text)
{
    const TempDir directory;
    const std::string file = (directory.path() / "zubr.toml").string();
    std::ofstream{file} << text;
    return run_zubrd(file, {});
}

void expect_says(const Refusal& refusal, int code, const std::vector<std::string>& words)
{
    EXPECT_EQ(refusal.code, code) << refusal.sentence;
    for (const std::string& word : words) {
        EXPECT_NE(refusal.sentence.find(word), std::string::npos) << word << "\nis not in\n"
                                                                  << refusal.sentence;
    }
}

TEST(ZubrdRefuses, AnUnknownKeyWithItsLineAndTheNearestName)
{
    const auto refusal =
        refusal_of("[network]\nchain = \"regtest\"\n[stratum]\nlisten_on = \"x\"\n");
    expect_says(refusal, wrong_configuration,
                {"zubr.toml:4", "stratum.listen_on", "stratum.listen?"});
}

TEST(ZubrdRefuses, AValueOfAWrongType)
{
    const auto refusal = refusal_of("[stratum]\nloops = \"two\"\n");
    expect_says(refusal, wrong_configuration, {"zubr.toml:2", "stratum.loops", "whole number"});
}

TEST(ZubrdRefuses, APayoutAddressOfAnotherNetwork)
{
    const auto refusal = refusal_of(
        "[network]\nchain = \"main\"\n[pool]\ndata_dir = \"/tmp\"\n"
        "payout_address = \"" +
        test_address("regtest", 0) + "\"\n");
    expect_says(refusal, wrong_configuration, {"pool.payout_address", "main"});
}

TEST(ZubrdRefuses, AnAdminUserThatNobodyCouldLogInAs)
{
    const auto refusal = refusal_of("[admin]\nrpcauth = [\"alice\"]\n");
    expect_says(refusal, wrong_configuration, {"zubr.toml:2", "admin.rpcauth"});
}

class ZubrdInTheWorld : public ::testing::Test {
protected:
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {}};
};

TEST_F(ZubrdInTheWorld, RefusesANodeOfAnotherChainAndThenASchemaNewerThanItself)
{
    const auto chain =
        run_zubrd(pool.config_file(),
                  {"network.chain=signet", "pool.payout_address=" + test_address("signet", 0)});
    expect_says(chain, wrong_world, {"node local", "regtest", "signet", "network.chain"});

    // The schema is there now; a later program has been here since.
    pool.database().scalar(
        "insert into schema_migrations (version, checksum, steps_done, applied_at) "
        "values (9999, repeat('0', 32), 1, now())");
    expect_says(run_zubrd(pool.config_file(), {}), wrong_world, {"newer", "9999"});
}

TEST_F(ZubrdInTheWorld, RefusesAStoreThatItCannotReach)
{
    expect_says(run_zubrd(pool.config_file(), {"redis.socket=/nowhere/redis.sock"}), wrong_world,
                {"/nowhere/redis.sock", "Redis"});
    expect_says(run_zubrd(pool.config_file(), {"mysql.socket=/nowhere/mysql.sock"}), wrong_world,
                {"/nowhere/mysql.sock", "MySQL"});
}

/// A Redis of its own that is told `words` before zubrd sees it.
class ZubrdWithARedis : public ZubrdInTheWorld {
protected:
    void tell(std::initializer_list<std::string_view> words)
    {
        const auto reply = pool::RedisClient{{.socket = redis.socket()}}.command(words);
        ASSERT_TRUE(reply && !reply->is_error()) << (reply ? reply->text : reply.error().detail);
    }
    RedisFixture redis;
    const std::string socket = "redis.socket=" + redis.socket();
};

TEST_F(ZubrdWithARedis, RefusesOneThatKeepsSharesInMemoryOnlyUnlessToldOtherwise)
{
    tell({"CONFIG", "SET", "appendonly", "no"});
    expect_says(run_zubrd(pool.config_file(), {socket}), wrong_world,
                {redis.socket(), "appendonly yes", "redis.require_persistence"});
    PoolFixture told{node, {.sets = {socket, "redis.require_persistence=false"}}};
    told.start();
    EXPECT_EQ(told.stop(), 0) << told.log();
}

TEST_F(ZubrdWithARedis, RefusesOneThatMayThrowSharesAway)
{
    tell({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
    expect_says(run_zubrd(pool.config_file(), {socket}), wrong_world,
                {redis.socket(), "allkeys-lru", "noeviction"});
}

// Some hosted ones tell nobody how they are set.
TEST_F(ZubrdWithARedis, WarnsOfOneThatDoesNotTell)
{
    tell({"ACL", "SETUSER", "default", "-config"});
    PoolFixture warned{node, {.sets = {socket}}};
    warned.start();
    EXPECT_NE(warned.log().find("redis_settings_unknown"), std::string::npos) << warned.log();
    EXPECT_EQ(warned.stop(), 0) << warned.log();
}

TEST_F(ZubrdInTheWorld, RefusesAPortThatIsTaken)
{
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // As another zubrd with several loops holds it: the kernel would let the two share the miners.
    const int on = 1;
    ASSERT_EQ(::setsockopt(taken, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    socklen_t length = sizeof address;
    ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string at = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    for (const std::string option : {"stratum.listen=", "web.listen=", "admin.listen="}) {
        expect_says(run_zubrd(pool.config_file(), {option + at}), wrong_world, {at, "in use"});
    }
    ::close(taken);
}

}  // namespace
}  // namespace tests
