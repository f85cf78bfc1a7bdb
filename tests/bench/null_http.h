#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace tests {

/// Gives the same bytes to whatever is asked over HTTP, one request at a time on a connection: the
/// least that any server of such answers must do. A process of its own with one thread; ends with
/// the object.
class NullHttp {
public:
    /// answer: head and body, as they go out.
    explicit NullHttp(const std::string& answer);
    ~NullHttp();
    NullHttp(const NullHttp&) = delete;
    NullHttp& operator=(const NullHttp&) = delete;

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return child_; }

private:
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
};

}  // namespace tests
