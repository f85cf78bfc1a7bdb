#pragma once

#include <cstdint>
#include <string_view>
#include <sys/types.h>

namespace tests {

/// Writes a line to as many sockets as it accepts, one after the other, on request: the least that
/// any server must do. A process of its own, with the priority of the moment it is made.
class NullWriter {
public:
    explicit NullWriter(int count);
    ~NullWriter();
    NullWriter(const NullWriter&) = delete;
    NullWriter& operator=(const NullWriter&) = delete;

    std::uint16_t port() const { return port_; }
    void write_to_all(std::string_view line) const;

private:
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
    int orders_ = -1;
};

}  // namespace tests
