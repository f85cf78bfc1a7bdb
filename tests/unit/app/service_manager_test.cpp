#include "pool/app/service_manager.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace pool {
namespace {

using std::chrono::microseconds;

/// What systemd is to a service: a socket that takes words.
class Manager {
public:
    Manager() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        const ::timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        ::sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        ::unlink(path.c_str());
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const ::sockaddr*>(&address), sizeof(address)), 0);
    }
    ~Manager()
    {
        ::close(fd_);
        ::unlink(path.c_str());
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    std::string hear() const
    {
        std::array<char, 256> buffer{};
        ssize_t got = -1;
        do {  // libuv's io_uring interrupts the thread that made the loop
            got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        } while (got < 0 && errno == EINTR);
        return got < 0 ? "" : std::string{buffer.data(), static_cast<std::size_t>(got)};
    }

    std::string path =
        std::filesystem::temp_directory_path() / ("zubr-notify-" + std::to_string(::getpid()));

private:
    int fd_;
};

TEST(ServiceManager, HearsWhatItIsTold)
{
    const Manager manager;
    const ServiceManager service{manager.path, microseconds{0}};
    service.tell("READY=1");
    EXPECT_EQ(manager.hear(), "READY=1");
    service.tell("STOPPING=1");
    EXPECT_EQ(manager.hear(), "STOPPING=1");
}

TEST(ServiceManager, IsNotMissedWhereThereIsNone)
{
    ServiceManager{"", microseconds{0}}.tell("READY=1");
    ServiceManager{"/nowhere/at/all", microseconds{0}}.tell("READY=1");
    ServiceManager{std::string(500, 'x'), microseconds{0}}.tell("READY=1");
    // Whoever is there afterwards still hears, and only what is his.
    const Manager manager;
    ServiceManager{manager.path, microseconds{0}}.tell("READY=1");
    EXPECT_EQ(manager.hear(), "READY=1");
}

TEST(Heartbeat, BeatsWhileTheLoopsAnswer)
{
    const Manager manager;
    const ServiceManager service{manager.path, microseconds{30'000}};
    Loop rpc;
    Loop core;
    std::thread rpc_thread;
    std::thread core_thread{[&] { core.run(); }};
    {
        const Heartbeat heartbeat{rpc, core, {}, service};
        rpc_thread = std::thread{[&] { rpc.run(); }};
        EXPECT_EQ(manager.hear(), "WATCHDOG=1");
        EXPECT_EQ(manager.hear(), "WATCHDOG=1");
        core.stop();
        core_thread.join();
        rpc.stop();
        rpc_thread.join();
    }
}

// From SIGUSR2 to the next program's first sign of life nobody can give one.
TEST(ServiceManager, HasTheWatchdogWaitForTheNextProgramAndWatchAsBeforeOnceThatIsReady)
{
    const Manager manager;
    const ServiceManager service{manager.path, std::chrono::seconds{30}};
    service.tell_handing_over();
    EXPECT_EQ(manager.hear(), "STATUS=handing over to the next program");
    EXPECT_EQ(manager.hear(), "WATCHDOG_USEC=600000000");
    const ServiceManager patient{manager.path, std::chrono::hours{1}};
    patient.tell_handing_over();
    EXPECT_EQ(manager.hear().substr(0, 7), "STATUS=");
    EXPECT_EQ(manager.hear(), "WATCHDOG_USEC=3600000000");
    service.tell_ready();
    EXPECT_EQ(manager.hear(), "READY=1");
    EXPECT_EQ(manager.hear(), "WATCHDOG_USEC=30000000");
    const ServiceManager unwatched{manager.path, microseconds{0}};
    unwatched.tell_handing_over();
    unwatched.tell_ready();
    EXPECT_EQ(manager.hear().substr(0, 7), "STATUS=");
    EXPECT_EQ(manager.hear(), "READY=1");
}

TEST(Heartbeat, DoesNotWaitForALoopThatIsOver)
{
    const Manager manager;
    const Pulse over{[] { return true; }, [](const auto&) {}};
    const Pulse alive{[] { return false; }, [](const auto& done) { done(); }};
    const ServiceManager service{manager.path, microseconds{30'000}};
    Loop rpc;
    Loop core;
    std::thread core_thread{[&] { core.run(); }};
    const Heartbeat heartbeat{rpc, core, {over, alive}, service};
    std::thread rpc_thread{[&] { rpc.run(); }};
    EXPECT_EQ(manager.hear(), "WATCHDOG=1");
    core.stop();
    core_thread.join();
    rpc.stop();
    rpc_thread.join();
}

rpc::PoolInfo busy()
{
    rpc::PoolInfo info;
    info.rates.m10 = 1.2345e15;
    info.workers = 812;
    info.height = {870'000};
    info.readiness = {true, {{"node", true, "ok"}, {"redis", true, "ok"}}};
    return info;
}

TEST(StatusLine, TellsRateWorkersHeightAndWhatIsAmiss)
{
    rpc::PoolInfo info = busy();
    EXPECT_EQ(status_line(info), "1.23 PH/s, 812 workers, height 870000, ready");
    info.readiness = {false,
                      {{"node", false, "gone"}, {"mysql", true, "ok"}, {"redis", false, ""}}};
    info.rates.m10 = 0;
    info.workers = 0;
    EXPECT_EQ(status_line(info), "0 H/s, 0 workers, height 870000, not ready: node, redis");
    info.rates.m10 = 999.6e6;
    EXPECT_EQ(status_line(info).substr(0, 6), "1 GH/s");
}

TEST(StatusTeller, TellsTheServiceManagerAgainAndAgain)
{
    const Manager manager;
    Loop rpc;
    int asked = 0;
    const StatusTeller teller{rpc,
                              [&](const auto& done) {
                                  rpc::PoolInfo info = busy();
                                  info.workers = static_cast<std::uint64_t>(++asked);
                                  done(info);
                              },
                              ServiceManager{manager.path, microseconds{0}},
                              std::chrono::milliseconds{1}};
    std::thread thread{[&] { rpc.run(); }};
    EXPECT_EQ(manager.hear(), "STATUS=1.23 PH/s, 1 workers, height 870000, ready");
    EXPECT_EQ(manager.hear(), "STATUS=1.23 PH/s, 2 workers, height 870000, ready");
    rpc.stop();
    thread.join();
}

}  // namespace
}  // namespace pool
