#pragma once

#include <chrono>
#include <string>

#include "pool/base/result.h"
#include "rpc/server_control.h"

namespace pool {

/// Runs the operator's backup program, one at a time, and can be told to end it.
class BackupRun {
public:
    /// From SIGTERM until SIGKILL, for a program that does not end when it is told to.
    static constexpr std::chrono::milliseconds grace_default{5'000};

    explicit BackupRun(std::chrono::milliseconds grace = grace_default);
    ~BackupRun();
    BackupRun(const BackupRun&) = delete;
    BackupRun& operator=(const BackupRun&) = delete;

    /// Without arguments and without a shell, its output into one text; waits for its end.
    /// Blocking. Errors: io, when it cannot be started or ends with another code than 0, with the
    /// last line that it said; unavailable after stop().
    Result<rpc::BackupOutcome> run(const std::string& program);

    /// Any thread, once and for all: a program that runs is ended with all it has started in its
    /// process group, and no other begins. Does not wait.
    void stop() const;

private:
    std::chrono::milliseconds grace_;
    int stopped_ = -1;  // an eventfd: readable from stop() on
};

}  // namespace pool
