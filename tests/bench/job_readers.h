#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "stratum/client/v2_session.h"

namespace tests {

/// The clock that the kernel stamps packets with: what is asked is when a job was written, and not
/// when this program, which shares two cores with pool and node, came to read it.
using Clock = std::chrono::system_clock;

double ms(Clock::duration span);

/// Ends the bench with a sentence on stderr.
[[noreturn]] void die(const std::string& what);

/// Jobs that came since begin_event(), and when the first and the last of each kind was written.
struct JobCounts {
    int clean = 0;
    int full = 0;
    Clock::time_point first_clean, last_clean, first_full, last_full;
};

/// What a connection says first: lines of v1, or a whole handshake and opening of v2.
struct Hello {
    std::string lines;
    std::string user;
    std::optional<stratum::v2::ChannelKind> v2{};
};

/// N connections of one thread: everything that comes is read, jobs are counted and timed. All
/// errors end the bench.
class JobReaders {
public:
    JobReaders(std::uint16_t port, int count, const Hello& hello);
    ~JobReaders();
    JobReaders(const JobReaders&) = delete;
    JobReaders& operator=(const JobReaders&) = delete;

    /// Reads until done() or the deadline; false for the latter.
    bool read_until(Clock::time_point deadline, const std::function<bool()>& done);
    void read_for(Clock::duration span);
    void begin_event();

    JobCounts counts;
    std::string last_clean_line;

private:
    void note_v2(int fd, Clock::time_point written);
    static ssize_t receive(int fd, std::span<char> buffer, Clock::time_point& written);
    void note(std::string_view text, Clock::time_point written);

    int poll_ = -1;
    std::vector<int> fds_;
    bool v2_;
    std::vector<bool> heard_;  // by fd, since begin_event
};

}  // namespace tests
