#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "pool/crypto/scan.h"
#include "stratum/client/miner_session.h"
#include "tests/e2e/found_blocks.h"
#include "tests/e2e/share_counts.h"
#include "tests/e2e/timed_miner.h"
#include "tests/support/journal_records.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/process.h"
#include "tests/unit/runtime/raw_socket.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Firmware that does not know client.reconnect: hands in share after share until it is hung up on.
class StayingMiner {
public:
    StayingMiner(std::uint16_t port, const std::string& user)
        : socket_(port), session_({.user = user})
    {
        const int on = 1;
        ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        thread_ = std::thread{[this] { mine(); }};
    }
    ~StayingMiner() { wait(); }
    StayingMiner(const StayingMiner&) = delete;
    StayingMiner& operator=(const StayingMiner&) = delete;

    void wait()
    {
        if (thread_.joinable()) thread_.join();
    }
    std::size_t good() const { return good_; }
    // Once it was waited for.
    std::size_t asked_to_leave() const { return asked_; }
    std::size_t unanswered() const { return session_.unanswered(); }
    std::set<ShareKey> acknowledged()
    {
        std::set<ShareKey> shares;
        for (const auto& share : accepted_) {
            std::string extranonce = pool::to_hex(share.extranonce);
            extranonce.resize(2 * pool::extranonce_bytes_max, '0');
            shares.emplace(share.time, share.nonce, share.version, extranonce);
        }
        return shares;
    }

private:
    void mine()
    {
        while (write_out() && hear()) hand_in();
    }
    bool write_out()
    {
        const std::string text = session_.take_output();
        return ::send(socket_.fd(), text.data(), text.size(), MSG_NOSIGNAL) >= 0;
    }
    // False once the pool has hung up.
    bool hear()
    {
        pollfd wait{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, session_.job() == nullptr ? 100 : 0) == 0) return true;
        std::array<char, 16384> buffer{};
        const ssize_t got = ::recv(socket_.fd(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return false;
        heard_.append(buffer.data(), static_cast<std::size_t>(got));
        for (auto end = heard_.find('\n'); end != heard_.npos; end = heard_.find('\n')) {
            const std::string line = heard_.substr(0, end + 1);
            heard_.erase(0, end + 1);
            if (line.find("client.reconnect") != line.npos) {
                ++asked_;
            } else {
                EXPECT_TRUE(session_.on_bytes(pool::as_bytes(line)).has_value()) << line;
            }
        }
        for (auto& share : session_.take_accepted()) accepted_.push_back(std::move(share));
        good_ = accepted_.size();
        return true;
    }
    void hand_in()
    {
        const auto job = session_.job();
        if (job == nullptr) return;
        const pool::HeaderBytes header = header_of(*job, ++extranonce2_);
        const auto nonce = pool::scan_nonces(
            std::span{header}.first<pool::header_bytes_before_nonce>(), 0, 1 << 16, job->target);
        if (nonce) session_.submit({job, extranonce2_, *nonce});
    }

    pool::RawSocket socket_;
    stratum::client::MinerSession session_;
    std::string heard_;
    std::vector<stratum::client::AcceptedShare> accepted_;
    std::atomic<std::size_t> good_{0};
    std::size_t asked_ = 0;
    std::uint64_t extranonce2_ = 0;
    std::thread thread_;
};

// Whatever was under way when the word to stop came.
TEST(Stop, KeepsEachShareThatItAcknowledgesAndAcknowledgesEachThatItKeeps)
{
    for (const char* const drain : {"0", "1"}) {
        NodeFixture node{"testnet4"};
        PoolOptions options;
        options.start_difficulty = 0x1p-20;
        options.sets = {"stratum.min_difficulty=0.00000095367431640625",
                        std::string{"stratum.drain_seconds="} + drain};
        PoolFixture pool{node, options};
        pool.start();
        StayingMiner one{pool.stratum_port(), test_address("testnet4", 1) + ".one"};
        StayingMiner other{pool.stratum_port(), test_address("testnet4", 1) + ".other"};
        ASSERT_TRUE(eventually(seconds{30}, [&] { return one.good() > 200 && other.good() > 200; }))
            << pool.log();
        pool.process().signal(SIGTERM);
        EXPECT_EQ(pool.process().wait(seconds{20}), 0) << pool.log();
        std::set<ShareKey> told;
        for (StayingMiner* miner : {&one, &other}) {
            miner->wait();
            EXPECT_EQ(miner->asked_to_leave(), 1U);
            told.merge(miner->acknowledged());
        }
        std::set<ShareKey> kept;
        for (const auto& record : journal_records(pool.data_dir() + "/journal")) {
            const auto* share = std::get_if<pool::ShareRecord>(&record);
            if (share == nullptr || share->kind == pool::RecordKind::stale) continue;
            kept.insert(
                {share->time, share->nonce, share->version, pool::to_hex(share->extranonce)});
        }
        EXPECT_GT(told.size(), 400U);
        EXPECT_TRUE(told == kept) << told.size() << " acknowledged, " << kept.size() << " kept";
    }
}

TEST(Stop, WaitsForMinersToLeaveUntilItIsToldASecondTime)
{
    NodeFixture node{"regtest"};
    PoolOptions options;
    options.start_difficulty = 0.001;
    options.sets = {"stratum.drain_seconds=600"};
    PoolFixture pool{node, options};
    pool.start();
    const pool::RawSocket stays{pool.stratum_port()};
    constexpr std::string_view subscribe = "{\"id\":1,\"method\":\"mining.subscribe\"}\n";
    ASSERT_EQ(::send(stays.fd(), subscribe.data(), subscribe.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(subscribe.size()));
    ASSERT_TRUE(eventually(seconds{10}, [&pool] { return pool.info("connections") == 1; }));

    pool.process().signal(SIGTERM);
    ASSERT_TRUE(eventually(seconds{10},
                           [&pool] { return pool.log().find("stopping") != std::string::npos; }));
    EXPECT_TRUE(pool.ready()) << "whoever is connected is still served";
    pool.process().signal(SIGTERM);
    EXPECT_EQ(pool.process().wait(seconds{15}), 0) << pool.log();
    EXPECT_NE(pool.log().find("stopping_at_once"), std::string::npos);
}

// The next start may be hours away, and another block of its height seconds.
TEST(Stop, WaitsForTheWordOfANodeThatHasABlockInHand)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {"stratum.drain_seconds=0"}}};
    pool.start();
    std::optional<TimedMiner> miner;
    miner.emplace(pool.stratum_port(), test_address("regtest", 1) + ".rig");
    miner->mine_for(seconds{2}, milliseconds{200});
    node.process().signal(SIGSTOP);
    miner->mine_for(milliseconds{500}, milliseconds{50});
    const auto sent = miner->sent();
    const auto last = std::max_element(
        sent.begin(), sent.end(),
        [](const auto& one, const auto& other) { return one.second < other.second; });
    ASSERT_NE(last, sent.end()) << pool.log();
    miner.reset();
    pool.process().signal(SIGTERM);
    // There is no miner and no drain: but for the block it would be gone.
    EXPECT_FALSE(pool.process().wait(seconds{1}).has_value()) << pool.log();
    node.process().signal(SIGCONT);
    EXPECT_EQ(pool.process().wait(seconds{20}), 0) << pool.log();
    const std::string log = pool.log();
    EXPECT_NE(log.find("block_submitted hash=" + last->first), std::string::npos) << log;
    EXPECT_EQ(log.find("found_blocks_left"), std::string::npos) << log;
    EXPECT_TRUE(in_chain(node, last->first)) << log;
}

// As docs/operations.md writes it, and as bitcoind's users do.
TEST(Zubrd, TakesItsConfigurationBehindAVerbAsWellAsInFrontOfIt)
{
    NodeFixture node{"regtest"};
    node.generate(1);  // else it says that it is still syncing
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    const std::string zubrd = required("ZUBR_TEST_BIN") + "/zubrd";
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{zubrd, "check", "-c", pool.config_file()},
          std::vector<std::string>{zubrd, "-c", pool.config_file(), "check"}}) {
        Process asked{words, pool.directory() / "check.log"};
        EXPECT_EQ(asked.wait(seconds{20}), 0) << asked.output();
    }
    Process bare{{zubrd, "check"}, pool.directory() / "bare.log"};
    EXPECT_NE(bare.wait(seconds{20}), 0);
    EXPECT_NE(bare.output().find("-c FILE"), std::string::npos) << bare.output();
}

}  // namespace
}  // namespace tests
