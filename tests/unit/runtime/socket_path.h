#pragma once

#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace pool {

/// A path in a directory of its own, which goes with it.
struct SocketPath {
    std::string directory = "/tmp/zubr-unix-XXXXXX";
    std::string path;
    SocketPath()
    {
        EXPECT_NE(::mkdtemp(directory.data()), nullptr);
        path = directory + "/admin.sock";
    }
    ~SocketPath()
    {
        ::unlink(path.c_str());
        ::rmdir(directory.c_str());
    }
    int connect() const
    {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto* const generic = reinterpret_cast<const sockaddr*>(&to);
        if (::connect(fd, generic, sizeof to) == 0) return fd;
        ::close(fd);
        return -1;
    }
};

}  // namespace pool
