#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

// The reference implementation's translation proxy between our miner, which speaks v1 to it, and
// our pool, to which it speaks v2.
class Translated {
public:
    Translated(PoolFixture& pool, const std::string& user, const std::string& channels)
        : pool_(pool), port_(free_port())
    {
        const std::string url = pool.v2_url();
        proxy_ = std::make_unique<Process>(
            std::vector<std::string>{
                required("ZUBR_INTEROP") + "/sv2-translator", std::to_string(pool.stratum_port()),
                url.substr(url.rfind('/') + 1), user, std::to_string(port_), channels},
            pool.directory() / "sv2-translator.log");
    }

    std::unique_ptr<Process> miner(const std::string& user) const
    {
        return std::make_unique<Process>(
            std::vector<std::string>{required("ZUBR_TEST_BIN") + "/zubr-miner", "--url",
                                     "stratum+tcp://127.0.0.1:" + std::to_string(port_), "--user",
                                     user, "--max-shares-per-second", "4"},
            pool_.directory() / ("miner-" + user + ".log"));
    }

    // Shares of this worker that the pool has counted; -1: it does not know the worker.
    double counted(const std::string& account, const std::string& worker) const
    {
        const auto answer = pool_.rpc("getworker", R"([")" + account + R"(",")" + worker + R"("])");
        return answer ? number_in(*answer, "accepted").value_or(-1) : -1;
    }

    std::string output() const { return proxy_->output(); }
    bool heard(const std::string& words) const { return output().find(words) != std::string::npos; }

private:
    PoolFixture& pool_;
    std::uint16_t port_;
    std::unique_ptr<Process> proxy_;
};

constexpr const char* acknowledged = "Received: SubmitSharesSuccess";

// Every second share is a block on regtest: jobs and tips change under the proxy all the time, and
// it must be able to follow.
TEST(Sv2Translator, TakesEachMinerToAChannelWhoseSharesAreItsWorkers)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const std::string account = test_address("regtest", 1);
    const Translated proxy{pool, account + ".farm", "each"};
    const auto first = proxy.miner("one");
    const auto second = proxy.miner("two");

    // The proxy names the channels: .miner1, .miner2, in the order of arrival.
    EXPECT_TRUE(eventually(seconds{90},
                           [&] {
                               return proxy.counted(account, "farm.miner1") >= 20 &&
                                      proxy.counted(account, "farm.miner2") >= 20 &&
                                      pool.info("blocks_found") >= 5;
                           }))
        << proxy.output() << first->output() << pool.log();
    EXPECT_TRUE(eventually(seconds{10}, [&] { return proxy.heard(acknowledged); }));
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

// One channel for all; whose a share is stands behind it (extension 0x0002).
TEST(Sv2Translator, TakesAllMinersToOneChannelAndSaysWhoseAShareIs)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const std::string account = test_address("regtest", 1);
    const Translated proxy{pool, account, "one"};
    const auto first = proxy.miner("farm.one");
    const auto second = proxy.miner("farm.two");

    EXPECT_TRUE(eventually(
        seconds{90},
        [&] { return proxy.counted(account, "one") >= 20 && proxy.counted(account, "two") >= 20; }))
        << proxy.output() << first->output() << pool.log();
    EXPECT_TRUE(eventually(seconds{10}, [&] { return proxy.heard(acknowledged); }));
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
