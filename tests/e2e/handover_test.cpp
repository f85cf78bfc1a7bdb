// SIGUSR2: one zubrd becomes the next one, and nobody who connects meanwhile is refused.
#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

/// Connects again and again, and counts how often nobody listened.
class Caller {
public:
    explicit Caller(std::uint16_t port) : thread_([this, port] { call(port); }) {}
    ~Caller() { hang_up(); }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    void hang_up()
    {
        done_ = true;
        if (thread_.joinable()) thread_.join();
    }
    unsigned calls() const { return calls_; }
    unsigned refused() const { return refused_; }

private:
    void call(std::uint16_t port)
    {
        ::sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        while (!done_) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const bool came =
                ::connect(fd, reinterpret_cast<const ::sockaddr*>(&to), sizeof to) == 0;
            if (!came && errno == ECONNREFUSED) ++refused_;
            ++calls_;
            ::pollfd wait{fd, POLLIN, 0};
            ::poll(&wait, 1, 20);  // the pool says nothing first
            ::close(fd);
        }
    }

    std::atomic<bool> done_{false};
    std::atomic<unsigned> calls_{0};
    std::atomic<unsigned> refused_{0};
    std::thread thread_;
};

std::size_t starts(const PoolFixture& pool)
{
    const std::string log = pool.log();
    std::size_t count = 0;
    for (std::size_t at = log.find(" ready version="); at != log.npos;
         at = log.find(" ready version=", at + 1)) {
        ++count;
    }
    return count;
}

TEST(Handover, BecomesTheNextProgramAndRefusesNobodyMeanwhile)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {"stratum.drain_seconds=1"}}};
    pool.start();
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--max-shares-per-second", "5"});
    ASSERT_TRUE(eventually(seconds{60}, [&] { return pool.info("shares_accepted") > 5; }))
        << pool.log();
    const int pid = pool.process().pid();

    // A configuration that the next program would not begin with: this one goes on.
    const std::string good = read_file(pool.config_file());
    std::ofstream{pool.config_file(), std::ios::app} << "\n[nothing]\n";
    pool.process().signal(SIGUSR2);
    ASSERT_TRUE(eventually(seconds{20}, [&] {
        return pool.log().find("not_handed_over") != std::string::npos;
    })) << pool.log();
    EXPECT_TRUE(pool.ready());
    std::ofstream{pool.config_file()} << good;

    ASSERT_TRUE(pool.rpc("setban", R"(["192.0.2.0/24", 3600])").has_value());
    ASSERT_TRUE(pool.rpc("setban", R"(["198.51.100.7", 3600])").has_value());
    ASSERT_TRUE(pool.rpc("clearbanned", R"(["198.51.100.7"])").has_value());
    Caller caller{pool.stratum_port()};
    const double before = pool.info("shares_accepted");
    pool.process().signal(SIGUSR2);
    ASSERT_TRUE(eventually(seconds{60}, [&] { return starts(pool) == 2; })) << pool.log();
    EXPECT_TRUE(eventually(seconds{60},
                           [&] {
                               return pool.info("shares_accepted_session") > 0 &&
                                      pool.info("shares_accepted") > before;
                           }))
        << "the miner mines on\n"
        << pool.log();
    caller.hang_up();
    const std::string banned = pool.rpc("listbanned").value_or("");
    EXPECT_NE(banned.find("192.0.2.0/24"), std::string::npos) << "an admin's word was for an hour";
    EXPECT_EQ(banned.find("198.51.100.7"), std::string::npos) << "and he has taken this one back";
    EXPECT_GT(caller.calls(), 10U);
    EXPECT_EQ(caller.refused(), 0U) << pool.log();
    EXPECT_TRUE(pool.process().running());
    EXPECT_EQ(pool.process().pid(), pid) << "who watches the process keeps it";
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
