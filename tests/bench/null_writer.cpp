#include "tests/bench/null_writer.h"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "tests/bench/job_readers.h"

namespace tests {
namespace {

constexpr std::size_t line_max = 4096;  // so much goes through a pipe whole

[[noreturn]] void serve(int listener, int orders, int count)
{
    std::vector<int> fds;
    for (int i = 0; i < count; ++i) fds.push_back(::accept(listener, nullptr, nullptr));
    std::array<char, line_max> line{};
    for (;;) {
        const ssize_t size = ::read(orders, line.data(), line.size());
        if (size <= 0) std::_Exit(0);
        for (const int fd : fds)
            static_cast<void>(
                ::send(fd, line.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL));
    }
}

}  // namespace

NullWriter::NullWriter(int count)
{
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        die("bind");
    ::listen(listener, 4096);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) die("pipe");
    child_ = ::fork();
    if (child_ == 0) {
        ::close(pipe[1]);
        serve(listener, pipe[0], count);
    }
    ::close(pipe[0]);
    ::close(listener);
    orders_ = pipe[1];
}

NullWriter::~NullWriter()
{
    ::close(orders_);
    ::waitpid(child_, nullptr, 0);
}

void NullWriter::write_to_all(std::string_view line) const
{
    if (line.size() > line_max) die("a line longer than the null server takes");
    if (::write(orders_, line.data(), line.size()) < 0) die("write");
}

}  // namespace tests
