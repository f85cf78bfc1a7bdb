#include "pool/app/backup_run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <spawn.h>

#include "pool/base/log.h"
#include "pool/base/time.h"

namespace pool {
namespace {

constexpr std::size_t kept_bytes = 4096;

std::string last_line(std::string text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

struct Ended {
    int status = 0;    // of waitpid
    std::string said;  // the last of it
};

/// False at the end of what is written there.
bool read_some(int fd, std::string& said)
{
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR;
    if (got == 0) return false;
    said.append(buffer.data(), static_cast<std::size_t>(got));
    if (said.size() > kept_bytes) said.erase(0, said.size() - kept_bytes);
    return true;
}

/// Listens to it until it has ended: whoever it left behind may hold the pipe open for ever.
Ended attend(::pid_t pid, int out, int stopped, std::chrono::milliseconds grace)
{
    Ended ended;
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    std::array<::pollfd, 3> events{{{.fd = out, .events = POLLIN, .revents = 0},
                                    {.fd = process, .events = POLLIN, .revents = 0},
                                    {.fd = stopped, .events = POLLIN, .revents = 0}}};
    int patience = -1;
    for (;;) {
        const int ready = ::poll(events.data(), events.size(), patience);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            ::kill(-pid, SIGKILL);
            patience = -1;
            continue;
        }
        if (events[2].revents != 0) {
            ::kill(-pid, SIGTERM);
            events[2].fd = -1;
            patience = static_cast<int>(grace.count());
        }
        if (events[0].revents != 0 && !read_some(out, ended.said)) events[0].fd = -1;
        if (events[1].revents != 0 && (events[0].revents & POLLIN) == 0) break;
    }
    if (events[2].fd < 0) ::kill(-pid, SIGKILL);  // the rest of its group, which it did not end
    while (::waitpid(pid, &ended.status, 0) < 0 && errno == EINTR) {
    }
    if (process >= 0) ::close(process);
    return ended;
}

/// Starts it with `out` as its output. Signals are as a program expects them: ours are blocked in
/// all threads but one.
int spawn(const std::string& program, int out, ::pid_t& pid)
{
    ::posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    ::posix_spawnattr_t attributes{};
    ::posix_spawnattr_init(&attributes);
    ::sigset_t none{};
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    std::array<char*, 2> argv{const_cast<char*>(program.c_str()), nullptr};  // POSIX's own type
    const int error =
        ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

BackupRun::BackupRun(std::chrono::milliseconds grace)
    : grace_(grace), stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
}

BackupRun::~BackupRun() { ::close(stopped_); }

void BackupRun::stop() const
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stopped_, &one, sizeof one);
}

Result<rpc::BackupOutcome> BackupRun::run(const std::string& program)
{
    const SteadyTime began = read_clock().steady;
    ::pollfd stopped{.fd = stopped_, .events = POLLIN, .revents = 0};
    if (::poll(&stopped, 1, 0) > 0) {
        return fail(Error::Code::unavailable, "the server is stopping");
    }
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return fail(Error::Code::io, "there is no pipe for the backup's words");
    }
    ::pid_t pid = -1;
    const int error = spawn(program, pipe[1], pid);
    ::close(pipe[1]);
    Ended ended;
    if (error == 0) ended = attend(pid, pipe[0], stopped_, grace_);
    ::close(pipe[0]);
    if (error != 0) {
        return fail(Error::Code::io, "admin.backup_command cannot be started: " + program + ": " +
                                         std::generic_category().message(error));
    }
    const std::string said = last_line(std::move(ended.said));
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(read_clock().steady - began).count();
    if (!WIFEXITED(ended.status) || WEXITSTATUS(ended.status) != 0) {
        log::error("backup_failed", {{"said", said}});
        return fail(Error::Code::io, "the backup failed: " + said);
    }
    log::info("backup_made", {{"took_ms", took}, {"said", said}});
    return rpc::BackupOutcome{static_cast<std::uint64_t>(took), said};
}

}  // namespace pool
