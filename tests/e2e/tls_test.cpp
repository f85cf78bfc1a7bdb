#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
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

PoolOptions with_tls(const CertificateFiles& files)
{
    PoolOptions options;
    options.start_difficulty = 0.001;
    options.sets = {"stratum.tls_certificate=\"" + files.certificate + "\"",
                    "stratum.tls_key=\"" + files.key + "\""};
    return options;
}

bool answers(TlsTalk& talk)
{
    return talk.say(ping) && talk.hear("\"pong\"").find("\"pong\"") != std::string::npos;
}

TEST(Tls, MinersSpeakItOnTheSamePortAndSighupBringsANewCertificate)
{
    NodeFixture node{"regtest"};
    const TempDir folder;
    const CertificateFiles files = make_certificate(folder.path(), "old.example");
    PoolFixture pool{node, with_tls(files)};
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
    EXPECT_TRUE(answers(before));
    EXPECT_EQ(pool.stop(), 0);
}

// A renewal that went wrong at night must cost nobody his work.
TEST(Tls, ABrokenCertificateLeavesTheOldOneInUseUntilAGoodOneComes)
{
    NodeFixture node{"regtest"};
    const TempDir folder;
    const CertificateFiles files = make_certificate(folder.path(), "old.example");
    PoolFixture pool{node, with_tls(files)};
    pool.start();
    TlsTalk miner{pool.stratum_port()};
    ASSERT_TRUE(miner.say(subscribe) && answers(miner)) << pool.log();

    const auto reloads = [&pool, &miner](const std::string& complaint) {
        const std::size_t before = pool.log().size();
        pool.process().signal(SIGHUP);
        const auto said = [&] {
            const std::string log = pool.log().substr(before);
            return log.find("certificate_not_loaded") != std::string::npos &&
                   log.find("the one before stays in use; mend the files") != std::string::npos &&
                   log.find(complaint) != std::string::npos;
        };
        EXPECT_TRUE(eventually(std::chrono::seconds{10}, said)) << pool.log().substr(before);
        EXPECT_TRUE(answers(miner)) << complaint;
        EXPECT_EQ(TlsTalk(pool.stratum_port()).server_name(), "old.example") << complaint;
    };
    std::ofstream{files.certificate} << "-----BEGIN CERTIFICATE-----\nhalf of";
    reloads("the certificate " + files.certificate);
    std::filesystem::resize_file(files.certificate, 0);
    reloads("the certificate " + files.certificate);
    // Each is well by itself: only the certificate was renewed, or copied so far.
    const TempDir elsewhere;
    const CertificateFiles other = make_certificate(elsewhere.path(), "other.example");
    std::filesystem::copy_file(other.certificate, files.certificate,
                               std::filesystem::copy_options::overwrite_existing);
    reloads("the key");
    std::filesystem::remove(files.certificate);
    reloads("the certificate " + files.certificate);

    make_certificate(folder.path(), "new.example");
    pool.process().signal(SIGHUP);
    EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&pool] {
        return TlsTalk(pool.stratum_port()).server_name() == "new.example";
    })) << pool.log();
    EXPECT_TRUE(answers(miner));
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
