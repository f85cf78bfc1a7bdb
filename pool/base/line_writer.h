#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace pool {

/// Lines to a file descriptor that may stop taking them: a pipe that nobody reads, a journal that
/// hangs. Whoever has something to say never waits for it; what does not go at once waits, bounded,
/// for a thread that is made when it is first needed. What is beyond the bound, and what the other
/// end refuses, is dropped and counted. A regular file on a disk that hangs may still hold up who
/// writes: no call tells that it would. Any thread.
class LineWriter {
public:
    /// fd: outlives this, and stays the caller's. waiting_max: bytes.
    LineWriter(int fd, std::size_t waiting_max);
    /// Gives what waits a second to go.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// With its end. In the order of the calls, nothing of other lines in between.
    void write(std::string_view line);
    /// Lines since the start.
    std::uint64_t dropped() const;

private:
    struct State;
    std::shared_ptr<State> state_;  // the thread's, too: it may be stuck when this goes
};

}  // namespace pool
