#include "tests/support/process.h"

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <random>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tests {
namespace {

using std::chrono::milliseconds;

int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool nobody_listens_on(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return bound;
}

}  // namespace

Process::Process(std::vector<std::string> argv, std::filesystem::path output)
    : output_(std::move(output))
{
    std::vector<char*> arguments;
    for (std::string& argument : argv) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    const int file = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a crashed test leaves nothing behind
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(file);
    EXPECT_GT(pid_, 0) << argv[0];
}

Process::~Process()
{
    if (!running()) return;
    signal(SIGKILL);
    wait(milliseconds{10'000});
}

void Process::signal(int number) const
{
    if (!ended_) ::kill(pid_, number);
}

std::optional<int> Process::wait(milliseconds patience)
{
    static_cast<void>(eventually(patience, [this] { return !running(); }));
    return ended_;
}

bool Process::running()
{
    if (ended_) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
    ended_ = exit_code(status);
    return false;
}

std::string Process::output() const { return read_file(output_); }

TempDir::TempDir()
{
    std::string name = (std::filesystem::temp_directory_path() / "zubr-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp: " << errno;
    path_ = name;
}

TempDir::~TempDir()
{
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

bool eventually(milliseconds patience, const std::function<bool()>& holds)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(milliseconds{20});  // polling another process, not a guess
    }
    return true;
}

// The kernel's own choice may fall twice on the same port before anybody listens there, or on one
// that a connection of another test leaves from: below its range only we choose, and none twice.
// Three apart: a bitcoind takes the next one, too.
std::uint16_t free_port()
{
    constexpr unsigned lowest = 10'000;
    constexpr unsigned count = 22'000;
    constexpr unsigned apart = 3;
    static std::atomic<unsigned> given{static_cast<unsigned>(::getpid()) * 397U};
    for (unsigned tried = 0; tried < count / apart; ++tried) {
        const auto port = static_cast<std::uint16_t>(lowest + given.fetch_add(1) * apart % count);
        if (nobody_listens_on(port)) return port;
    }
    ADD_FAILURE() << "no port from " << lowest << " to " << lowest + count << " is free";
    return 0;
}

std::string required(const char* variable)
{
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') {
        ADD_FAILURE() << variable << " is not set: run these tests with ./dev test";
        return "";
    }
    return value;
}

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace tests
