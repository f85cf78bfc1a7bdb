#pragma once

#include <atomic>
#include <string>

#include "pool/base/result.h"
#include "rpc/server_control.h"

namespace pool {

/// Runs a program without arguments and without a shell, its output into one text, and waits for
/// its end. Blocking. Errors: io, when it cannot be started or ends with another code than 0, with
/// the last line that it said.
/// child: the leader of the process group that is running, 0 while none is: for whoever must end
/// it.
Result<rpc::BackupOutcome> run_backup(const std::string& program, std::atomic<int>& child);

}  // namespace pool
