#include "pool/app/backup_run.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

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

/// All that is written there until its end; the last of it.
std::string read_all(int fd)
{
    std::string said;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return said;
        said.append(buffer.data(), static_cast<std::size_t>(got));
        if (said.size() > kept_bytes) said.erase(0, said.size() - kept_bytes);
    }
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

Result<rpc::BackupOutcome> run_backup(const std::string& program, std::atomic<int>& child)
{
    const SteadyTime began = read_clock().steady;
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return fail(Error::Code::io, "there is no pipe for the backup's words");
    }
    ::pid_t pid = -1;
    const int error = spawn(program, pipe[1], pid);
    ::close(pipe[1]);
    std::string said;
    if (error == 0) {
        child = pid;
        said = last_line(read_all(pipe[0]));
    }
    ::close(pipe[0]);
    if (error != 0) {
        return fail(Error::Code::io, "admin.backup_command cannot be started: " + program + ": " +
                                         std::generic_category().message(error));
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    child = 0;
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(read_clock().steady - began).count();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        log::error("backup_failed", {{"said", said}});
        return fail(Error::Code::io, "the backup failed: " + said);
    }
    log::info("backup_made", {{"took_ms", took}, {"said", said}});
    return rpc::BackupOutcome{static_cast<std::uint64_t>(took), said};
}

}  // namespace pool
