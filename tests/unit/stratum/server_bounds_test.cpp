#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "stratum/server.h"
#include "tests/sim/fakes.h"
#include "tests/unit/stratum/talk.h"

// A real server, on sockets, where something has no end: peers that never read, thousands who say
// nothing, more miners than there are prefixes.
namespace tests {
namespace {

constexpr std::size_t jobs_sent = 1000;
constexpr std::size_t deaf_count = 20;
constexpr std::size_t reading_count = 5;
constexpr std::string_view hello =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n"
    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w\",\"\"]}\n";

/// A miner across a network: the kernel holds some hundred kilobytes for it. Over the loopback
/// device, whose packets are large, it would take megabytes, and no server would have to wait.
class FarMiner {
public:
    explicit FarMiner(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        const int buffer = 4096;
        const int segment = 1400;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        ::setsockopt(fd_, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        EXPECT_EQ(::send(fd_, hello.data(), hello.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(hello.size()));
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    }
    ~FarMiner() { ::close(fd_); }
    FarMiner(const FarMiner&) = delete;
    FarMiner& operator=(const FarMiner&) = delete;

    /// What has come by now.
    void read()
    {
        std::array<char, 65536> buffer{};
        for (;;) {
            const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (got < 0 && errno == EAGAIN) return;
            over = got <= 0;
            if (over) return;
            bytes += static_cast<std::size_t>(got);
            rest_.append(buffer.data(), static_cast<std::size_t>(got));
            take_lines();
        }
    }

    std::vector<std::string> jobs;  ///< their ids, in the order in which they came
    std::size_t bytes = 0;
    bool over = false;

private:
    void take_lines()
    {
        constexpr std::string_view before = "\"mining.notify\",\"params\":[\"";
        std::size_t from = 0;
        for (auto end = rest_.find('\n'); end != rest_.npos; end = rest_.find('\n', from)) {
            const std::string_view line = std::string_view{rest_}.substr(from, end - from);
            from = end + 1;
            const auto at = line.find(before);
            if (at == line.npos) continue;
            const std::string_view id = line.substr(at + before.size());
            jobs.emplace_back(id.substr(0, id.find('"')));
        }
        rest_.erase(0, from);
    }

    int fd_;
    std::string rest_;  // of a line
};

using FarMiners = std::vector<std::unique_ptr<FarMiner>>;

FarMiners connect(std::size_t count, std::uint16_t port)
{
    FarMiners all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(std::make_unique<FarMiner>(port));
    return all;
}

class ServerBounds : public testing::Test {
protected:
    void start()
    {
        options.shard.gate = &gate;
        options.ports.push_back(
            {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
        server =
            std::make_unique<stratum::Server>(loop, options, log,
                                              std::make_shared<const stratum::AccountDirectory>(
                                                  stratum::AccountDirectory{{"user", {1}}}),
                                              [](const pool::BlockCandidate&) {});
        const auto ports = server->start();
        ASSERT_TRUE(ports.has_value());
        port = ports->front();
    }

    /// A job of some three kilobytes, on a tip of its own, so that it goes out at once.
    void publish()
    {
        const auto job = maker.make_job(static_cast<std::uint8_t>(++published));
        job->clean = true;
        job->coinbase_suffix = pool::Bytes(1300, static_cast<std::uint8_t>(published));
        server->publish(job);
    }
    /// Runs the loop, acting each millisecond, until it is done; false when it never is.
    template <typename Done>
    bool until(Done done)
    {
        bool good = false;
        const pool::Watch look = loop.every(std::chrono::milliseconds{1}, [&] {
            good = done();
            if (good) loop.stop();
        });
        const pool::Watch limit = loop.after(std::chrono::seconds{60}, [this] { loop.stop(); });
        loop.run();
        return good;
    }

    pool::Loop loop;
    FakeShareLog log;
    stratum::Gate gate{stratum::GateOptions{}};
    stratum::ServerOptions options{.ports = {}, .shard = Talk::default_options()};
    std::unique_ptr<stratum::Server> server;
    std::uint16_t port = 0;
    std::size_t published = 0;
    Talk maker;
};

// SV1-122.
TEST_F(ServerBounds, OweAPeerThatNeverReadsTheNewestJobOnlyAndAllOthersEachJob)
{
    start();
    publish();
    const FarMiners deaf = connect(deaf_count, port);
    const FarMiners reading = connect(reading_count, port);
    const stratum::ShardMetrics& metrics = server->metrics();
    const auto all_have_read = [&](std::size_t jobs) {
        bool done = true;
        for (const auto& miner : reading) {
            miner->read();
            done = done && miner->jobs.size() == jobs;
        }
        return done;
    };
    ASSERT_TRUE(until([&] {
        return all_have_read(1) && metrics.authorized.value() == deaf_count + reading_count;
    }));
    ASSERT_TRUE(until([&] {
        if (published <= jobs_sent) publish();
        for (const auto& miner : reading) miner->read();
        return published > jobs_sent;
    }));
    EXPECT_TRUE(until([&] { return all_have_read(1 + jobs_sent); })) << "each job, each once";
    EXPECT_GT(metrics.jobs_superseded.value(), deaf_count * jobs_sent / 2);
    EXPECT_EQ(metrics.sessions.value(), std::int64_t{deaf_count + reading_count});
    EXPECT_EQ(metrics.of(stratum::EndReason::write_stalled).value(), 0U);

    const std::string newest = reading.front()->jobs.back();
    EXPECT_TRUE(until([&] {
        bool done = true;
        for (const auto& miner : deaf) {
            miner->read();
            done = done && !miner->jobs.empty() && miner->jobs.back() == newest;
        }
        return done;
    })) << "who reads again gets the newest job";
    for (const auto& miner : deaf) {
        EXPECT_FALSE(miner->over);
        // All that had waited for it, the kernel's part too.
        EXPECT_LE(miner->bytes, options.write_queue_max);
    }
}

TEST_F(ServerBounds, HoldAnIdleMinerInThreeAndAHalfKilobytes)
{
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they have a heap of their own
    constexpr std::size_t count = 2000;
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    ASSERT_GT(files.rlim_cur, 2 * count + 100) << "ulimit -Hn";
    start();
    publish();
    const auto in_use = [] {
        const struct mallinfo2 now = mallinfo2();
        return static_cast<std::int64_t>(now.uordblks + now.hblkhd);
    };
    const std::int64_t before = in_use();
    const FarMiners miners = connect(count, port);
    ASSERT_TRUE(until([&] { return server->metrics().authorized.value() == count; }));
    std::int64_t each = 0;
    EXPECT_TRUE(until([&] {
        each = (in_use() - before) / std::int64_t{count};
        return each <= 3584;
    })) << each
        << " bytes";
    EXPECT_EQ(server->connections(), count);
#endif
}

// A server has 16 million of them, a loop its part; here a loop has eight.
TEST_F(ServerBounds, RefuseWhomNoPrefixIsLeftForAndNobodyElse)
{
    constexpr std::size_t prefixes = 8;
    options.shard.prefixes = {0x07000000, prefixes};
    start();
    publish();
    FarMiners miners = connect(prefixes, port);
    const stratum::ShardMetrics& metrics = server->metrics();
    const auto refused = [&] { return metrics.of(stratum::EndReason::no_prefix_left).value(); };
    ASSERT_TRUE(until([&] { return metrics.authorized.value() == prefixes; }));
    FarMiner late{port};
    EXPECT_TRUE(until([&] {
        late.read();
        return late.over;
    }));
    EXPECT_EQ(refused(), 1U);
    miners.pop_back();
    ASSERT_TRUE(until([&] { return metrics.prefixes_resting.value() == 1; }));
    FarMiner later{port};
    EXPECT_TRUE(until([&] {
        later.read();
        return later.over;
    })) << "what one has left rests first";
    EXPECT_EQ(refused(), 2U);
    publish();
    EXPECT_TRUE(until([&] {
        bool done = true;
        for (const auto& miner : miners) {
            miner->read();
            done = done && miner->jobs.size() == 2;
        }
        return done;
    })) << "who has one mines on";
}

}  // namespace
}  // namespace tests
