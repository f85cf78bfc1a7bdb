// A miner of Stratum v2 that keeps to the easy jobs from before its difficulty rose, over a real
// socket: what v1's row of the attack table does (tests/attack/attacks.py, easy).
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pool/base/time.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/scan.h"
#include "pool/crypto/sha256.h"
#include "stratum/client/v2_session.h"
#include "tests/e2e/metric.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using stratum::client::FoundShare;
using stratum::client::MiningJob;

class EasyMiner {
public:
    EasyMiner(std::uint16_t port, const std::string& user)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          session_({.user = user}, {.channel = stratum::v2::ChannelKind::extended,
                                    .authority = std::nullopt,
                                    .now = pool::to_seconds(pool::read_clock().wall)})
    {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    }
    ~EasyMiner() { ::close(fd_); }
    EasyMiner(const EasyMiner&) = delete;
    EasyMiner& operator=(const EasyMiner&) = delete;

    /// Talks until `done`, or for so long; false then.
    template <typename Done>
    bool until(Done done, std::chrono::milliseconds patience)
    {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!done()) {
            if (over || std::chrono::steady_clock::now() > end) return done();
            talk();
        }
        return true;
    }
    /// Hands in another share of this job, whatever came since.
    void submit_of(const std::shared_ptr<const MiningJob>& job)
    {
        session_.submit(find(job));
        say();
    }
    std::shared_ptr<const MiningJob> job() const { return session_.job(); }
    const stratum::client::MinerCounts& counts() const { return session_.counts(); }

    bool over = false;

private:
    void say()
    {
        const std::string out = session_.take_output();
        if (!out.empty() && ::send(fd_, out.data(), out.size(), MSG_NOSIGNAL) < 0) over = true;
    }
    void talk()
    {
        say();
        pollfd asked{.fd = fd_, .events = POLLIN, .revents = 0};
        if (::poll(&asked, 1, 20) <= 0) return;
        std::array<std::uint8_t, 65536> buffer{};
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        over = got <= 0;
        if (over) return;
        const auto taken =
            session_.on_bytes(std::span{buffer}.first(static_cast<std::size_t>(got)));
        EXPECT_TRUE(taken.has_value()) << taken.error().detail;
    }
    FoundShare find(const std::shared_ptr<const MiningJob>& job)
    {
        for (;; ++extranonce2_) {
            pool::HeaderBytes header = header_of(*job, extranonce2_);
            for (std::uint32_t nonce = 0; nonce < 1U << 16; ++nonce) {
                header[pool::header_bytes_before_nonce] = static_cast<std::uint8_t>(nonce);
                header[pool::header_bytes_before_nonce + 1] = static_cast<std::uint8_t>(nonce >> 8);
                if (!pool::meets(pool::sha256d(header), job->target)) continue;
                if (block_of(*job, extranonce2_, nonce)) continue;
                return {job, extranonce2_++, nonce};
            }
        }
    }

    int fd_;
    stratum::client::V2MinerSession session_;
    std::uint64_t extranonce2_ = 0;
};

TEST(V2EasyShares, EndTheConnectionOnceTheirAllowanceIsUsedUpAndWerePaidUntilThen)
{
    constexpr const char* lowest = "0.000000059604644775390625";  // 2^-24: a share in 256 hashes
    constexpr std::uint64_t allowed = 300;
    NodeFixture node{"signet"};
    const std::uint16_t port = free_port();
    PoolOptions options;
    options.more = "[[listener]]\nlisten = \"127.0.0.1:" + std::to_string(port) +
                   "\"\nvary_difficulty = true\n";
    options.sets = {"limits.easy_shares=" + std::to_string(allowed),
                    std::string{"stratum.min_difficulty="} + lowest,
                    std::string{"stratum.start_difficulty="} + lowest};
    PoolFixture pool{node, options};
    pool.start();
    EasyMiner miner{port, test_address("signet", 1) + ".easy"};
    const std::chrono::seconds patience{20};
    ASSERT_TRUE(miner.until([&] { return miner.job() != nullptr; }, patience));
    const auto easy = miner.job();
    for (int i = 0; i < 20; ++i) miner.submit_of(easy);
    ASSERT_TRUE(miner.until([&] { return miner.job()->target < easy->target; }, patience))
        << "its difficulty did not rise";
    for (std::uint64_t i = 0; i < 2 * allowed && !miner.over; ++i) {
        miner.submit_of(easy);
        miner.until([] { return false; }, std::chrono::milliseconds{2});
    }
    EXPECT_TRUE(miner.until([&] { return miner.over; }, patience)) << "it may go on";
    EXPECT_GE(metric(pool, "zubr_connections_ended_total{reason=\"too_many_easy_shares\""), 1);
    EXPECT_EQ(miner.counts().rejected, 0U) << "each was as good as it had been promised";
    EXPECT_GE(miner.counts().accepted, allowed);
    EXPECT_LE(miner.counts().accepted, 2 * allowed);
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
