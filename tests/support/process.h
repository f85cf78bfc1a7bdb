#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tests {

/// A child of the test: its output goes to a file, and it ends with the object.
class Process {
public:
    /// Fails the test when the program can't be started.
    Process(std::vector<std::string> argv, std::filesystem::path output);
    ~Process();  ///< SIGKILL if it still runs
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void signal(int number) const;
    /// Exit code, or 128 + signal. Nothing when it still runs after `patience`.
    std::optional<int> wait(std::chrono::milliseconds patience);
    bool running();
    int pid() const { return pid_; }
    std::string output() const;

private:
    int pid_ = -1;
    std::optional<int> ended_;
    std::filesystem::path output_;
};

/// A directory that goes with the object.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Asks every 20 ms until it holds; false after `patience`.
[[nodiscard]] bool eventually(std::chrono::milliseconds patience,
                              const std::function<bool()>& holds);

/// A TCP port of 127.0.0.1 that nobody listens on at this moment, for programs that can't choose;
/// none twice within some 7,000 calls of a process.
std::uint16_t free_port();

/// What ./dev test gives: a missing variable fails the test, it never skips it.
std::string required(const char* variable);

std::string read_file(const std::filesystem::path& path);

}  // namespace tests
