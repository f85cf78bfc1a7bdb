#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pool/base/result.h"

namespace rpc {

/// Bytes, as the kernel and the allocator tell them; 0 for what they do not.
struct MemoryInfo {
    std::uint64_t resident = 0;
    std::uint64_t resident_most = 0;  ///< since the start
    std::uint64_t heap_used = 0;
    std::uint64_t heap_free = 0;  ///< freed, and kept for the next use
    std::uint64_t open_files = 0;
    std::uint64_t open_files_max = 0;
    std::uint64_t threads = 0;
};

/// An option as it is set.
struct ConfigEntry {
    std::string name;        ///< "stratum.listen", "node[1].url"
    std::string value_json;  ///< "***" for secrets
    std::string source;      ///< "default", or where it stands
};

/// From which level on a part of the program logs.
struct LogLevel {
    std::string part;   ///< "stratum"
    std::string level;  ///< "info"
};

/// What came of the operator's backup program.
struct BackupOutcome {
    std::uint64_t took_ms = 0;
    std::string said;  ///< its last line
};

/// The process itself. pool/app implements it. On the rpc loop; nothing waits.
class ServerControl {
public:
    virtual ~ServerControl() = default;

    virtual std::vector<LogLevel> log_levels() const = 0;
    /// part: "" for all. Errors: invalid, for no level and no part.
    virtual pool::Result<void> set_log_level(const std::string& level, const std::string& part) = 0;
    virtual MemoryInfo memory() const = 0;
    /// What SIGHUP does; returns before it is done.
    virtual void reload() = 0;
    virtual std::vector<ConfigEntry> config() const = 0;
    /// Runs admin.backup_command; `done` comes later, on the rpc loop. Errors: not_found, when
    /// there is none; conflict, when it runs already; io, when it fails, with what it said last.
    virtual void backup(std::function<void(pool::Result<BackupOutcome>)> done) = 0;
};

}  // namespace rpc
