#include "pool/base/line_writer.h"

#include <array>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace pool {
namespace {

class Pipe {
public:
    Pipe()
    {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
        ::fcntl(write_end(), F_SETPIPE_SZ, 8192);
    }
    ~Pipe()
    {
        close_write_end();
        ::close(ends_[0]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int write_end() const { return ends_[1]; }
    void close_write_end()
    {
        if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
    }
    /// As many bytes, waiting for them.
    std::string read(std::size_t bytes) const
    {
        std::string text(bytes, '\0');
        std::size_t have = 0;
        while (have < bytes) {
            const auto more = ::read(ends_[0], text.data() + have, bytes - have);
            if (more <= 0) break;
            have += static_cast<std::size_t>(more);
        }
        text.resize(have);
        return text;
    }

private:
    std::array<int, 2> ends_{};
};

std::string line(int number)
{
    std::string text = "line " + std::to_string(number) + ' ';
    text.resize(100, '.');
    return text + '\n';
}

std::string lines(int first, int count)
{
    std::string text;
    for (int i = 0; i < count; ++i) text += line(first + i);
    return text;
}

TEST(LineWriter, WritesAtOnceWhereThatHoldsNobodyUp)
{
    const Pipe pipe;
    LineWriter writer{pipe.write_end(), 1000};
    writer.write(line(1));
    writer.write(line(2));
    EXPECT_EQ(pipe.read(2 * 101), lines(1, 2));
}

// Whoever reads the pipe is stopped, as a journal on a full disk is.
TEST(LineWriter, HoldsNobodyUpWhileNobodyReadsAndSendsAllInOrderAfterwards)
{
    const Pipe pipe;
    LineWriter writer{pipe.write_end(), 1 << 20};
    for (int i = 0; i < 1000; ++i) writer.write(line(i));
    EXPECT_EQ(pipe.read(std::size_t{1000} * 101), lines(0, 1000));
    writer.write(line(1000));
    EXPECT_EQ(pipe.read(101), line(1000));
    EXPECT_EQ(writer.dropped(), 0U);
}

TEST(LineWriter, KeepsNoMoreThanItsBoundAndCountsWhatItDropped)
{
    const Pipe pipe;
    LineWriter writer{pipe.write_end(), 5 * 101};
    for (int i = 0; i < 100; ++i) writer.write(line(i));
    // Two pages are in the pipe, the second begun by the 41st line; five lines wait.
    const std::uint64_t dropped = writer.dropped();
    EXPECT_EQ(dropped, 100U - 41U - 5U);
    const std::size_t kept = 100 - dropped;
    EXPECT_EQ(pipe.read(kept * 101), lines(0, static_cast<int>(kept)));
}

TEST(LineWriter, WritesALineLongerThanAPipeHolds)
{
    const Pipe pipe;
    LineWriter writer{pipe.write_end(), 1 << 20};
    const std::string longest = std::string(100'000, 'x') + '\n';
    writer.write(longest);
    writer.write(line(1));
    EXPECT_EQ(pipe.read(longest.size() + 101), longest + line(1));
}

TEST(LineWriter, CountsWhatTheOtherEndRefuses)
{
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    LineWriter writer{full, 1000};
    writer.write(line(1));
    writer.write(line(2));
    EXPECT_EQ(writer.dropped(), 2U);
    ::close(full);
}

}  // namespace
}  // namespace pool
