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

}  // namespace
}  // namespace pool
