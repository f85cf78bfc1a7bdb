#include <chrono>
#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <openssl/tls1.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/tls_talk.h"

namespace tests {
namespace {

constexpr const char* subscribe = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n";
constexpr const char* ping = "{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n";

TEST(Tls, MinersSpeakItOnTheSamePortAndSighupBringsANewCertificate)
{
    NodeFixture node{"regtest"};
    const TempDir folder;
    const CertificateFiles files = make_certificate(folder.path(), "old.example");
    PoolOptions options;
    options.start_difficulty = 0.001;
    options.sets = {"stratum.tls_certificate=\"" + files.certificate + "\"",
                    "stratum.tls_key=\"" + files.key + "\""};
    PoolFixture pool{node, options};
    pool.start();

    TlsTalk before{pool.stratum_port()};
    ASSERT_TRUE(before.ok()) << pool.log();
    EXPECT_EQ(before.server_name(), "old.example");
    EXPECT_TRUE(before.say(subscribe));
    const std::string user = test_address("regtest", 3);
    EXPECT_TRUE(before.say(R"({"id":2,"method":"mining.authorize","params":[")" + user +
                           ".tls\",\"x\"]}\n"));
    const std::string work = before.hear("mining.notify");
    EXPECT_NE(work.find("\"id\":1,"), std::string::npos) << work;
    EXPECT_NE(work.find("mining.notify"), std::string::npos) << work;
    EXPECT_FALSE(TlsTalk(pool.stratum_port(), TLS1_1_VERSION).ok()) << "1.2 is the least";

    make_certificate(folder.path(), "new.example");
    pool.process().signal(SIGHUP);
    EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&pool] {
        return TlsTalk(pool.stratum_port()).server_name() == "new.example";
    })) << pool.log();
    // Who is connected keeps what he has.
    EXPECT_TRUE(before.say(ping));
    EXPECT_NE(before.hear("\"pong\"").find("\"pong\""), std::string::npos);
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
